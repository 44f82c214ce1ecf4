"""A test message through one provider, to oneself."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.users import get_user
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.providers.config_forms import provider_name
from liquor_app.screens.forms.state import WHOLE, FormState, submits
from liquor_app.screens.providers.channels.state import channel_of
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.templates.test_messages import GREETING, hand_over_trial, prepare_trial
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done


class ChannelTrialState(FormState, rx.State):
    """`provider` is empty while nothing is being tried."""

    channel: str = ""
    provider: str = ""
    title: str = ""
    email: str = ""

    def _fields(self) -> frozenset[str]:
        return frozenset({WHOLE})

    def _blamed(self, error: AppError) -> dict[str, str]:
        return {WHOLE: error.message}

    def _asked(self) -> bool:
        return bool(self.provider)

    def _shut(self) -> None:
        self.reset()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def open(self, channel: str, provider: str) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            user = await get_user(session, actor.user_id) if actor.user_id else None
        self._fresh()
        self.channel, self.provider = channel_of(channel).value, str(provider)[:40]
        self.email, self.title = user.email if user else "", f"Try {provider_name(self.provider)}"

    @rx.event
    @needs(Permission.APP)
    async def clear(self) -> None:
        """Nothing is open when the page is; what was typed before the connection broke stays."""
        if not self.dirty:
            self.reset()

    @rx.event
    @submits
    @needs(Permission.TEMPLATES_ADMIN)
    async def send(self, form: dict[str, Any]) -> Any:
        """Return one message; what the provider says is shown if it does not take it."""
        actor = await signed_in(self)
        async with transaction() as session:
            prepared = await prepare_trial(
                session,
                actor,
                GREETING[channel_of(self.channel)],
                phone=typed(form, "phone")[:40],
                provider=self.provider,
            )
        result = await hand_over_trial(prepared)
        if not result.is_accepted:
            words = f"It did not take it ({result.outcome}). {result.detail or ''}".strip()
            self.errors = {WHOLE: words}
            return None
        self.reset()
        where = "It is in the outbox." if prepared.is_sandbox else "Look into your inbox."
        return toast_done(f"{provider_name(result.provider)} took it", f"Sent to {result.recipient}. {where}")

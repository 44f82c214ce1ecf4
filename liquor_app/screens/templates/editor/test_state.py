"""A test of what is typed, sent to oneself."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import may
from liquor_app.accounts.users import get_user
from liquor_app.actions.latest_offer import latest_offer
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.providers.service import list_channels
from liquor_app.screens.forms.state import WHOLE, FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.screens.templates.editor.sample_state import SampleState
from liquor_app.screens.templates.editor.state import EditorState
from liquor_app.templates.test_messages import hand_over_trial, prepare_trial
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_failed

ANY = ""


class TrialState(FormState, rx.State):
    """`ways` are providers of the template's channel; the first choice is whoever carries it now."""

    email: str = ""
    ways: list[tuple[str, str]] = []
    said: str = ""

    def _fields(self) -> frozenset[str]:
        return frozenset({WHOLE})

    def _blamed(self, error: AppError) -> dict[str, str]:
        return {WHOLE: error.message}

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_READ)
    async def load(self) -> None:
        self.reset()
        actor = await signed_in(self)
        editor = await self.get_state(EditorState)
        async with transaction() as session:
            user = await get_user(session, actor.user_id) if actor.user_id else None
            rows = await list_channels(session, actor) if may(actor, Permission.CHANNELS_READ) else []
        self.email = user.email if user else ""
        names = [row.provider for row in rows if row.channel == editor.head.channel]
        self.ways = [(ANY, "the one in use now"), *((name, name) for name in names)]

    @rx.event
    @submits
    @needs(Permission.TEMPLATES_ADMIN)
    async def send(self, form: dict[str, Any]) -> Any:
        """Return one message, to oneself; what the provider says stays below the button."""
        actor = await signed_in(self)
        editor, sample = await self.get_state(EditorState), await self.get_state(SampleState)
        self.said = ""
        async with transaction() as session:
            prepared = await prepare_trial(
                session,
                actor,
                editor._source(),
                customer_id=sample._customer_id,
                offer=await latest_offer(session, actor, sample._customer_id),
                phone=typed(form, "phone")[:40],
                provider=typed(form, "provider")[:40] or ANY,
            )
        result = await hand_over_trial(prepared)
        if not result.is_accepted:
            words = f"{result.provider} did not take it ({result.outcome}). {result.detail or ''}".strip()
            self.errors = {WHOLE: words}
            return toast_failed("The test was not taken", self.error)
        where = "It is in the outbox." if prepared.is_sandbox else f"{result.provider} has taken it."
        self.said = f"Sent to {result.recipient}. {where}"
        return None

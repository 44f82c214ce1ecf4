"""The one thing an approval may still want to be told: which state gave the licence."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import may
from liquor_app.campaigns.service import brand_of
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.organization.brands import update_brand
from liquor_app.organization.us_states import state_name, state_of_address
from liquor_app.planning.approval.approve_campaign import approve_campaign
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done


def seen_plan(told: object) -> tuple[UUID, str]:
    """Return the plan and the fingerprint of its messages that a browser shows, as `CampaignState.seen` has them.

    Raises:
        Invalid: it names no plan, or not as which messages it was looked at.
    """
    plan, _, fingerprint = str(told).partition(":")
    named = parse_id(plan, "plan")
    if not fingerprint:
        raise Invalid("Say which plan you looked at, and its fingerprint: reload the page.", field="plan")
    return named, fingerprint[:64]


class LicenceState(FormState, rx.State):
    """`proposed` is the state read off the postal address; nothing is taken from it unless somebody says so."""

    asking: bool = False
    plan: str = ""
    """Which was looked at when the question was asked: another that takes its place meanwhile is not approved."""
    despite: bool = False
    """Approved although the sender may be refused: what was answered before this was asked."""
    may_say: bool = False
    licence: str = ""
    proposed: str = ""

    def _id(self) -> UUID:
        return parse_id(last_part(self), "campaign")

    def _fields(self) -> tuple[str, ...]:
        return ("licence_state",)

    def _asked(self) -> bool:
        return self.asking

    def _shut(self) -> None:
        self.asking = False

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def ask(self, plan: str, despite: bool = False) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            brand = await brand_of(session, actor, self._id())
        guess = brand.licence_state or state_of_address(brand.postal_address)
        self._fresh()
        self.asking, self.plan, self.may_say = (
            True,
            str(plan) if seen_plan(plan) else "",
            may(actor, Permission.CAMPAIGNS_ADMIN),
        )
        self.despite = bool(despite)
        self.licence, self.proposed = guess or "", state_name(guess) if guess else ""

    @rx.event
    @submits
    @needs(Permission.SETTINGS_ADMIN)
    async def save(self, form: dict[str, Any]) -> Any:
        """Store the state of the licence, and approve the plan that waited for it."""
        actor = await signed_in(self)
        async with transaction() as session:
            brand = await brand_of(session, actor, self._id())
            await update_brand(session, actor, brand.id, {"licence_state": typed(form, "licence_state")})
        self.asking = False
        async with transaction() as session:
            plan, fingerprint = seen_plan(self.plan)
            approved = await approve_campaign(
                session, actor, self._id(), plan_id=plan, fingerprint=fingerprint, despite_sender=self.despite
            )
        return toast_done("Approved", approved.name)

"""The agent's guidance on its page: what is in force, its versions, and the kill switch."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import require
from liquor_app.core.db import transaction
from liquor_app.core.listing.spec import ListQuery
from liquor_app.organization.guidance import (
    Autonomy,
    Guidance,
    load_guidance,
    save_guidance,
)
from liquor_app.organization.settings import shop_now
from liquor_app.planning.approval.autopilot import read_switch, release_autopilot, stop_autopilot
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.organization.guidance.versions_state import GuidanceVersionsState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.segments.lists import list_segments
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done, toast_warning
from liquor_app.ui.words import plain_number, plural, show_moment

LISTS = ("banned_health", "banned_excess", "banned_youth", "banned_other", "allowed_offers")
LIMITS = ("admin_above_discount", "admin_above_recipients")
FIELDS = (
    "tone", *LISTS, "max_discount_pct", *LIMITS, "one_time", "weekly_plan", "triggered", "autopilot_max_recipients",
    "autopilot_max_discount", "autopilot_min_profit",
)  # fmt: skip


def values_of(guidance: Guidance) -> dict[str, str]:
    """Return the document as a form shows it: lists one phrase a line, no limit as nothing."""
    shown = {}
    for name in FIELDS:
        value = getattr(guidance, name)
        if name in LISTS:
            shown[name] = "\n".join(value)
        elif isinstance(value, Decimal):
            shown[name] = plain_number(value)
        else:
            shown[name] = "" if value is None else str(value)
    return shown


def changes_of(form: dict[str, Any]) -> dict[str, Any]:
    """Tell what a form says, as the document takes it."""
    changes: dict[str, Any] = {}
    for name in FIELDS:
        if name not in form:
            continue
        value = typed(form, name).strip()
        if name in LISTS:
            changes[name] = [line.strip() for line in value.splitlines() if line.strip()]
        elif name in LIMITS and not value:
            changes[name] = None
        else:
            changes[name] = value.replace(",", "") if name not in ("tone", *Autonomy) else value
    return changes


class GuidanceState(FormState, rx.State):
    """What binds every engine, as it is stored."""

    values: dict[str, str] = {}
    version: int = 0
    offers: str = ""
    stopped: bool = False
    stopped_words: str = ""
    asking: str = ""

    def _fields(self) -> dict[str, str]:
        return self.values

    @rx.event
    @guarded
    @needs(Permission.GUIDANCE_READ)
    async def load(self) -> None:
        self.asking = ""
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        require(actor, Permission.GUIDANCE_READ)
        async with transaction() as session:
            row = await load_guidance(session)
            switch = await read_switch(session, actor)
            segments = await list_segments(session, actor, ListQuery({"active_only": "true"}))
            at = await shop_now(session)
        self._fresh()
        self.values, self.version = values_of(row.guidance), row.version
        names = dict.fromkeys(str(offer["name"]) for row in segments.items for offer in row.recommended_offers)
        self.offers = ", ".join(names)
        self.stopped = switch.stopped
        self.stopped_words = (
            f"Stopped by {switch.stopped_by}, {show_moment(switch.stopped_at, at)}." if switch.stopped_at else ""
        )

    @rx.event
    @submits
    @needs(Permission.SETTINGS_ADMIN)
    async def save(self, form: dict[str, Any]) -> Any:
        """Return a new version; a mistake is shown beside its field and nothing is stored."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await save_guidance(session, actor, changes_of(form), seen=self.version)
        same = row.version == self.version
        await self._read()
        if same:
            return toast_done("Nothing changed", f"Version {row.version} stays in force.")
        told = toast_done(f"Version {row.version} is in force", "It binds every plan made or approved from now on.")
        return [GuidanceVersionsState.first, told]

    @rx.event
    @needs(Permission.GUIDANCE_READ)
    async def ask(self, question: str) -> None:
        """Open the question before the switch is thrown; empty closes it."""
        self.asking = question if question in {"stop", "release"} else ""

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_WRITE)
    async def stop(self) -> Any:
        actor = await signed_in(self)
        self.asking = ""
        async with transaction() as session:
            count = await stop_autopilot(session, actor)
        await self._read()
        return toast_warning("Autopilot is stopped", f"{plural(count, 'campaign')} of it wait for a person now.")

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_ADMIN)
    async def release(self) -> Any:
        actor = await signed_in(self)
        self.asking = ""
        async with transaction() as session:
            await release_autopilot(session, actor)
        await self._read()
        return toast_done("Autopilot may work again", "From the next plan on, within its limits.")

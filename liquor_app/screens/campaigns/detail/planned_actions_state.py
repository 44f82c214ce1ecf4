"""A plan's actions, day by day, with their reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.actions.lists import ACTIONS, list_actions
from liquor_app.actions.service import ActionRow, skip_action
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import show_weekday

OPEN = "pending,queued,sent,failed,held_out"


@dataclass(frozen=True, slots=True)
class ActionLine:
    """An action, in words and points."""

    id: str
    customer: str
    customer_id: str
    segment: str
    reason: str
    offer: str
    message: str
    channel: str
    when: str
    status: str
    total: int
    value: int
    response: int
    margin: int
    fatigue: int
    arm: str
    """Who decided for them, in plain words; empty where nobody drew."""


def line_of(row: ActionRow) -> ActionLine:
    start = str(row.send_window.get("start", ""))
    return ActionLine(
        str(row.id),
        row.customer_name or "Unnamed",
        str(row.customer_id),
        row.segment_name or row.segment_slug,
        row.reason or "",
        row.offer,
        _words(row),
        row.channel,
        f"{show_weekday(row.scheduled_date)} {start}".strip(),
        row.status.value,
        round(row.priority_score),
        round(row.value_points),
        round(row.response_points),
        round(row.margin_points),
        round(row.fatigue_points),
        row.arm.label if row.arm else "",
    )


def _words(row: ActionRow) -> str:
    subject = row.offer_terms.get("subject")
    return f"{subject}: {row.message}" if subject else row.message or ""


class ActionsState(ListState, rx.State):
    """The actions of the campaign in the address; `day` empty for the whole week."""

    day: str = ""
    rows: list[ActionLine] = []

    def _campaign(self) -> str:
        return str(parse_id(last_part(self), "campaign"))

    def _list(self) -> ListSpec[ActionRow]:
        return ACTIONS

    def _path(self) -> str:
        return f"/campaigns/{self._campaign()}"

    def _per_page(self) -> int:
        return 12

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[ActionRow]:
        self.day = self._chosen_for("day")
        ours = {"campaign_id": self._campaign(), "status": OPEN}
        return await list_actions(session, actor, replace(query, filters={**query.filters, **ours}))

    async def _lines(self, session: Session, actor: Actor, items: list[ActionRow]) -> list[ActionLine]:
        return [line_of(row) for row in items]

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def refresh(self) -> None:
        """The same page again, after a change by hand."""
        await self._read()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def choose_day(self, day: str) -> Any:
        """Show one day's actions; the same day again shows the week."""
        try:
            chosen = date.fromisoformat(str(day)).isoformat()
        except ValueError:
            chosen = ""
        self._narrow("day", "" if chosen == self.day else chosen)
        return await self._again()

    @rx.event
    @guarded
    @needs(Permission.ACTIONS_WRITE)
    async def skip(self, action_id: str) -> Any:
        """Take one action out of the plan by hand."""
        actor = await signed_in(self)
        async with transaction() as session:
            await skip_action(session, actor, parse_id(action_id, "action"))
        await self._read()
        return toast_done("Taken out of the plan", "Simulate again to see what that changes.")

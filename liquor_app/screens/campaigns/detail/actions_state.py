"""A plan's actions, day by day, with their reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import reflex as rx

from liquor_app.actions.service import ActionRow, list_actions, skip_action
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.toast import toast_done

PAGE = 12
OPEN = "pending,queued,sent,failed"


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
        f"{row.scheduled_date:%a %-d %b} {start}".strip(),
        row.status.value,
        round(row.priority_score),
        round(row.value_points),
        round(row.response_points),
        round(row.margin_points),
        round(row.fatigue_points),
    )


def _words(row: ActionRow) -> str:
    subject = row.offer_terms.get("subject")
    return f"{subject}: {row.message}" if subject else row.message or ""


class ActionsState(rx.State):
    """One page of the actions of the campaign in the address; `day` empty for the whole week."""

    day: str = ""
    rows: list[ActionLine] = []
    showing: str = ""
    cursors: list[str] = [""]
    next_cursor: str = ""
    loading: bool = True

    @rx.event
    @guarded
    async def load(self) -> None:
        self.day, self.cursors = "", [""]
        await self._read()

    @rx.event
    @guarded
    async def refresh(self) -> None:
        """The same page again, after a change by hand."""
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        campaign_id = parse_id(str(self.router.url.path).rstrip("/").rsplit("/", 1)[-1], "campaign")
        async with transaction() as session:
            page = await list_actions(
                session,
                actor,
                campaign_id=campaign_id,
                status=OPEN,
                day=date.fromisoformat(self.day) if self.day else None,
                limit=PAGE,
                cursor=self.cursors[-1] or None,
            )
        self.rows = [line_of(row) for row in page.items]
        self.next_cursor, self.loading = page.next_cursor or "", False
        first = (len(self.cursors) - 1) * PAGE
        self.showing = (
            f"{first + 1:,} to {first + len(self.rows):,} of {page.total:,}, highest priority first"
            if self.rows
            else "No actions"
        )

    @rx.event
    @guarded
    async def choose_day(self, day: str) -> None:
        """Show one day's actions; the same day again shows the week."""
        try:
            chosen = date.fromisoformat(str(day)).isoformat()
        except ValueError:
            chosen = ""
        self.day, self.cursors = ("" if chosen == self.day else chosen), [""]
        await self._read()

    @rx.event
    @guarded
    async def forward(self) -> None:
        if self.next_cursor:
            self.cursors = [*self.cursors, self.next_cursor]
            await self._read()

    @rx.event
    @guarded
    async def back(self) -> None:
        if len(self.cursors) > 1:
            self.cursors = self.cursors[:-1]
            await self._read()

    @rx.event
    @guarded
    async def skip(self, action_id: str) -> Any:
        """Take one action out of the plan by hand."""
        actor = await signed_in(self)
        async with transaction() as session:
            await skip_action(session, actor, parse_id(action_id, "action"))
        await self._read()
        return toast_done("Taken out of the plan", "Simulate again to see what that changes.")

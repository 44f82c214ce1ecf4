"""Changing a plan by hand from its page: move, another offer, other words, out; many at once; and taking it back."""

from __future__ import annotations

from datetime import date
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.actions.service import (
    change_copy,
    get_action,
    list_offers,
    move_action,
    skip_actions,
    swap_offer,
    undo_edit,
)
from liquor_app.campaigns.service import get_campaign
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid
from liquor_app.core.ids import parse_id
from liquor_app.planning.service import get_plan
from liquor_app.screens.campaigns.detail.planned_actions_state import ActionsState
from liquor_app.screens.campaigns.detail.versions_state import VersionsState
from liquor_app.screens.forms.state import WHOLE, FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.form_data import said
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import figure, plain_number

QUESTIONS = ("move", "offer", "copy", "bulk")


class EditState(FormState, rx.State):
    """Which question about an action is open, and what may be answered."""

    asking: str = ""
    action_id: str = ""
    who: str = ""
    days: list[tuple[str, str]] = []
    offers: list[tuple[str, str]] = []
    segments: list[tuple[str, str]] = []
    values: dict[str, str] = {}
    by_email: bool = True

    def _fields(self) -> frozenset[str]:
        return frozenset({WHOLE})

    def _blamed(self, error: AppError) -> dict[str, str]:
        return {WHOLE: error.message}

    def _asked(self) -> bool:
        return bool(self.asking)

    def _shut(self) -> None:
        self.asking = ""

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def ask(self, question: str, action_id: str) -> None:
        """Open a question about one action."""
        actor = await signed_in(self)
        if question not in QUESTIONS:
            return
        async with transaction() as session:
            row = await get_action(session, actor, parse_id(action_id, "action"))
            offers = await list_offers(session, actor, row.id) if question == "offer" else []
        self._fresh()
        self.asking, self.action_id = question, str(row.id)
        self.who = f"{row.customer_name or 'Unnamed'}, {row.offer}"
        self.by_email = row.channel == "email"
        self.offers = [(offer.name, f"{offer.name} ({plain_number(offer.discount_pct)}%)") for offer in offers]
        self.values = {
            "day": row.scheduled_date.isoformat(),
            "message": row.message or "",
            "subject": str(row.offer_terms.get("subject", "")),
            "offer": str(row.offer_terms.get("name", "")),
        }
        await self._choices()

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def ask_bulk(self) -> None:
        """Open the question which actions to take out together."""
        await signed_in(self)
        self._fresh()
        self.asking, self.action_id, self.values = "bulk", "", {}
        self.who, self.offers, self.by_email = "Every planned action that fits all of these.", [], True
        await self._choices()

    async def _choices(self) -> None:
        """Days and segments of the plan."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await get_campaign(session, actor, parse_id(last_part(self), "campaign"))
            plan = await get_plan(session, actor, row.plan_id) if row.plan_id else None
        summary = plan.summary if plan else {"days": [], "segments": []}
        self.days = [(day["date"], f"{day['weekday']} {day['date']}") for day in summary["days"]]
        self.segments = [
            (one["slug"], f"{one['name']} ({figure(one['sends'])})") for one in summary["segments"] if one["sends"]
        ]

    @rx.event
    @submits
    @needs(Permission.ACTIONS_WRITE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Do what was asked; what a limit or the guidance forbids is told beside the question."""
        done = await self._save({name: said(value).strip() for name, value in form.items()})
        self.asking = ""
        return [*self._after(), toast_done(done, "Simulate again to see what that changes.")]

    async def _save(self, form: dict[str, str]) -> str:
        actor = await signed_in(self)
        async with transaction() as session:
            if self.asking == "bulk":
                count = await skip_actions(
                    session,
                    actor,
                    parse_id(last_part(self), "campaign"),
                    segment=form.get("segment", ""),
                    day=_day(form["day"]) if form.get("day") else None,
                    channel=form.get("channel", ""),
                    note=form.get("note", ""),
                )
                return f"{figure(count)} taken out of the plan"
            action_id = parse_id(self.action_id, "action")
            if self.asking == "move":
                await move_action(session, actor, action_id, _day(form.get("day", "")))
                return "Moved"
            if self.asking == "offer":
                await swap_offer(session, actor, action_id, form.get("offer", ""))
                return "Offer changed"
            await change_copy(
                session, actor, action_id, message=form.get("message", ""), subject=form.get("subject") or None
            )
            return "Words changed"

    @rx.event
    @guarded
    @needs(Permission.ACTIONS_WRITE)
    async def undo(self) -> Any:
        """Take the last change by hand back."""
        actor = await signed_in(self)
        async with transaction() as session:
            edit = await undo_edit(session, actor, parse_id(last_part(self), "campaign"))
        return [*self._after(), toast_done("Taken back", edit.summary)]

    def _after(self) -> list[Any]:
        return [ActionsState.refresh, VersionsState.load]


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Invalid("Choose a day.", field="day") from error

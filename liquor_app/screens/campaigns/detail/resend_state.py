"""A campaign after its first round: what went out day by day, why some did not, and sending once more."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.actions.eligibility import Reason
from liquor_app.analytics.service import CampaignDay, campaign_days
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.core.ids import parse_id
from liquor_app.screens.analytics.view import show_rate
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.resend import COUNTED, Whom, WhyNot, count_waiting, send_again, why_not_sent
from liquor_app.ui.address import last_part
from liquor_app.ui.charts.bars import Bar
from liquor_app.ui.toast import toast_done, toast_warning
from liquor_app.ui.words import figure, percent, plural, show_weekday, spoken


def people_words(count: int) -> str:
    """ "3 people", "100,000 or more people"."""
    return f"{figure(COUNTED)} or more people" if count >= COUNTED else plural(count, "person", "people")


def day_bars(days: list[CampaignDay]) -> list[Bar]:
    """Return a bar a day, the fullest one the longest."""
    most = max((day.sends for day in days), default=0) or 1
    return [
        Bar(
            show_weekday(day.day),
            figure(day.sends),
            round(100 * day.sends / most, 1),
            share=f"{_delivered(day)} delivered" if day.sends else "",
        )
        for day in days
    ]


def _delivered(day: CampaignDay) -> str:
    return show_rate("delivery_rate", delivered=day.delivered, sends=day.sends, of_deliveries=day.of_deliveries)


def why_bars(reasons: list[WhyNot]) -> list[Bar]:
    """Return a bar a reason, in the planner's words where it has them."""
    total = sum(one.messages for one in reasons) or 1
    most = max((one.messages for one in reasons), default=0) or 1
    known = {reason.value: reason.label for reason in Reason}
    return [
        Bar(
            known.get(one.reason, spoken(one.reason)), figure(one.messages), round(100 * one.messages / most, 1), "c6",
            percent(one.messages / total),
        )
        for one in reasons
    ]  # fmt: skip


class AgainState(rx.State):
    """`failed` and `rest` are people in words, empty where there is nobody; `asking` is whom the question is about."""

    failed: str = ""
    rest: str = ""
    asking: str = ""
    days: list[Bar] = []
    reasons: list[Bar] = []

    def _id(self) -> UUID:
        return parse_id(last_part(self), "campaign")

    @rx.event
    @guarded
    @needs(Permission.SENDS_READ)
    async def load(self) -> None:
        self.reset()
        try:
            await self._read()
        except AppError:
            # a campaign that is not there is told by the page's own state
            return

    async def _read(self) -> None:
        actor, campaign = await signed_in(self), self._id()
        async with transaction() as session:
            waiting = await count_waiting(session, actor, campaign)
            reasons = await why_not_sent(session, actor, campaign)
            days = await campaign_days(session, actor, campaign)
        self.failed = people_words(waiting.failed) if waiting.failed else ""
        self.rest = people_words(waiting.rest) if waiting.rest > waiting.failed else ""
        self.days, self.reasons = day_bars(days), why_bars(reasons)

    @rx.event
    @needs(Permission.SENDS_READ)
    async def ask(self, whom: str) -> None:
        """Open the question before anything is sent again; empty closes it."""
        self.asking = whom if whom in set(Whom) else ""

    @rx.event
    @guarded
    @needs(Permission.SENDS_WRITE)
    async def send(self) -> Any:
        """New attempts for whom was asked about."""
        actor, whom = await signed_in(self), self.asking
        self.asking = ""
        if whom not in set(Whom):
            return None
        async with transaction() as session:
            again = await send_again(session, actor, self._id(), Whom(whom))
        await self._read()
        if not again.added:
            return toast_warning("Nothing to send again", "Somebody was faster, or nobody is left.")
        more = "" if again.is_all else " There are more: press once more for the next ones."
        return toast_done(
            f"{plural(again.added, 'message')} in the queue", f"Each is asked about by the rules again.{more}"
        )

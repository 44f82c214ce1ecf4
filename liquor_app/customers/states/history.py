"""What one customer bought, and every time they were not written to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.accounts.state import guarded, signed_in
from liquor_app.actions.service import WhyNotRow, why_not
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.customers.history import purchases_of, spend_by_month
from liquor_app.customers.states.bought import (
    PurchaseLine,
    category_mix,
    last_months,
    purchase_line,
    spend_series,
    spend_words,
)
from liquor_app.organization.settings import shop_now
from liquor_app.ui.address import last_part
from liquor_app.ui.bars import Bar
from liquor_app.ui.words import show_day

SOME, MANY = 8, 100
STAGES = {"audience": "Not in the audience", "plan": "Not in the plan", "sending": "Stopped at sending"}


@dataclass(frozen=True, slots=True)
class WhyNotLine:
    """One time a customer was not contacted."""

    day: str
    campaign: str
    href: str
    label: str
    detail: str


def why_not_line(row: WhyNotRow, at: datetime) -> WhyNotLine:
    return WhyNotLine(
        show_day(row.at, at),
        row.campaign_name or "No campaign",
        f"/campaigns/{row.campaign_id}" if row.campaign_id else "",
        row.label,
        row.detail or STAGES.get(row.stage, ""),
    )


class HistoryState(rx.State):
    """The longer lists of a customer's page."""

    months: list[str] = []
    spend: dict[str, list[float]] = {}
    spend_words: str = ""
    mix: list[Bar] = []
    purchases: list[PurchaseLine] = []
    more: bool = False
    not_sent: list[WhyNotLine] = []
    loading: bool = True

    @rx.event
    async def clear(self) -> None:
        self.reset()

    @rx.event
    @guarded
    async def load(self) -> None:
        await self._read(await signed_in(self), SOME)

    @rx.event
    @guarded
    async def show_more(self) -> None:
        await self._read(await signed_in(self), MANY)

    async def _read(self, actor: Actor, limit: int) -> None:
        try:
            customer_id = parse_id(last_part(self), "customer")
        except Invalid:
            return  # the profile says so
        async with transaction() as session:
            at = await shop_now(session)
            purchases = await purchases_of(session, actor, customer_id, limit=limit + 1)
            spend = await spend_by_month(session, actor, customer_id)
            refused = await why_not(session, actor, customer_id, limit=SOME)
        months = last_months(at.date())
        self.months, self.spend = [month.isoformat() for month in months], spend_series(spend, months)
        self.mix, self.spend_words = category_mix(spend), spend_words(months, self.spend)
        self.purchases = [purchase_line(row, at) for row in purchases[:limit]]
        self.more, self.loading = len(purchases) > limit and limit < MANY, False
        self.not_sent = [why_not_line(row, at) for row in refused.items]

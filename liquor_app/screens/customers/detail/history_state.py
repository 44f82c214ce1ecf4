"""What one customer bought, was sent, and was not sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.actions.service import WhyNotRow, reason_label, why_not
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.money import show_money
from liquor_app.customers.purchase_history import purchases_of, spend_by_month
from liquor_app.organization.settings import shop_now
from liquor_app.screens.customers.detail.purchases_view import (
    PurchaseLine,
    category_mix,
    last_months,
    purchase_line,
    spend_series,
    spend_words,
)
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.lists import list_sends
from liquor_app.sending.service import SendRow
from liquor_app.ui.address import last_part
from liquor_app.ui.charts.bars import Bar
from liquor_app.ui.words import plural, show_day

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


@dataclass(frozen=True, slots=True)
class SentLine:
    """A message and what became of it; `outcome` is a badge's."""

    id: str
    campaign: str
    day: str
    channel: str
    outcome: str
    detail: str


def sent_line(row: SendRow, at: datetime) -> SentLine:
    moment = row.sent_at or row.contact_at or row.created_at
    outcome, detail = _outcome(row, moment)
    channel = "SMS" if row.channel == "sms" else "E-mail"
    return SentLine(str(row.id), row.campaign_name or "No campaign", show_day(moment, at), channel, outcome, detail)


def _outcome(row: SendRow, moment: datetime) -> tuple[str, str]:
    """The furthest a message got, and a few words about it."""
    if row.converted_at is not None:
        days = max(0, (row.converted_at - moment).days)
        when = f"within {plural(days, 'day')}" if days else "the same day"
        inferred = ", inferred" if row.conversion_inferred else ""
        return "converted", f"{show_money(row.conversion_value)}, {when}{inferred}"
    reached = (
        ("unsubscribed", row.unsubscribed_at),
        ("complained", row.complained_at),
        ("bounced", row.bounced_at),
        ("clicked", row.clicked_at),
        ("opened", row.opened_at),
    )
    outcome = next((name for name, reached_at in reached if reached_at is not None), row.status.value)
    if row.skip_reason:
        return outcome, reason_label(row.skip_reason)
    if row.error_message or row.sent_at is None:
        return outcome, row.error_message or ""
    return outcome, "No purchase attributed"


class HistoryState(rx.State):
    """The longer lists of a customer's page."""

    months: list[str] = []
    spend: dict[str, list[float]] = {}
    spend_words: str = ""
    mix: list[Bar] = []
    purchases: list[PurchaseLine] = []
    more: bool = False
    sends: list[SentLine] = []
    sent_words: str = ""
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
            sends = await list_sends(session, actor, ListQuery({"customer_id": str(customer_id)}, limit=SOME))
            refused = await why_not(session, actor, customer_id, limit=SOME)
        months = last_months(at.date())
        self.months, self.spend = [month.isoformat() for month in months], spend_series(spend, months)
        self.mix, self.spend_words = category_mix(spend), spend_words(months, self.spend)
        self.purchases = [purchase_line(row, at) for row in purchases[:limit]]
        self.more, self.loading = len(purchases) > limit and limit < MANY, False
        self.sends = [sent_line(row, at) for row in sends.items]
        self.sent_words = f"{len(self.sends):,} of {sends.total:,}" if sends.total else ""
        self.not_sent = [why_not_line(row, at) for row in refused.items]

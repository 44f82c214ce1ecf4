"""What one customer bought, was sent, and was not sent: spend over a year, and three lists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.actions.lists import NOT_SENT, list_not_sent
from liquor_app.actions.service import WhyNotRow, reason_label
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.customers.lists import PURCHASES, list_purchases
from liquor_app.customers.purchase_history import PurchaseRow, spend_by_month
from liquor_app.organization.settings import shop_now, shop_today
from liquor_app.screens.customers.detail.purchases_view import (
    PurchaseLine,
    category_mix,
    last_months,
    purchase_line,
    spend_series,
    spend_words,
)
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.lists import SENDS, list_sends
from liquor_app.sending.service import SendRow
from liquor_app.ui.address import last_part
from liquor_app.ui.charts.bars import Bar
from liquor_app.ui.words import plural, show_day, show_money

SOME = 8
NOTHING: Page[Any] = Page([], None, 0)
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
    """Return the furthest a message got, and a few words about it."""
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
    """What a customer spent over a year."""

    months: list[str] = []
    spend: dict[str, list[float]] = {}
    spend_words: str = ""
    mix: list[Bar] = []
    loading: bool = True

    @rx.event
    @needs(Permission.CUSTOMERS_READ)
    async def clear(self) -> None:
        self.reset()

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_READ)
    async def load(self) -> None:
        actor = await signed_in(self)
        if (customer_id := customer_shown(self)) is None:
            return
        async with transaction() as session:
            today = await shop_today(session)
            spend = await spend_by_month(session, actor, customer_id)
        months = last_months(today)
        self.months, self.spend = [month.isoformat() for month in months], spend_series(spend, months)
        self.mix, self.spend_words = category_mix(spend), spend_words(months, self.spend)
        self.loading = False


class PurchasesState(ListState, rx.State):
    """Their baskets."""

    rows: list[PurchaseLine] = []

    def _list(self) -> ListSpec[PurchaseRow]:
        return PURCHASES

    def _per_page(self) -> int:
        return SOME

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[PurchaseRow]:
        return await _of_theirs(self, list_purchases, session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[PurchaseRow]) -> list[PurchaseLine]:
        at = await shop_now(session)
        return [purchase_line(row, at) for row in items]


class SentState(ListState, rx.State):
    """Messages to them, and what became of each."""

    rows: list[SentLine] = []

    def _list(self) -> ListSpec[SendRow]:
        return SENDS

    def _per_page(self) -> int:
        return SOME

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[SendRow]:
        customer_id = customer_shown(self)
        theirs = replace(query, filters={**query.filters, "customer_id": str(customer_id)})
        return await list_sends(session, actor, theirs) if customer_id else NOTHING

    async def _lines(self, session: Session, actor: Actor, items: list[SendRow]) -> list[SentLine]:
        at = await shop_now(session)
        return [sent_line(row, at) for row in items]


class NotSentState(ListState, rx.State):
    """The times they were not contacted, and why."""

    rows: list[WhyNotLine] = []

    def _list(self) -> ListSpec[WhyNotRow]:
        return NOT_SENT

    def _per_page(self) -> int:
        return SOME

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[WhyNotRow]:
        return await _of_theirs(self, list_not_sent, session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[WhyNotRow]) -> list[WhyNotLine]:
        at = await shop_now(session)
        return [why_not_line(row, at) for row in items]


async def _of_theirs(
    state: rx.State, read: Callable[..., Awaitable[Page[Any]]], session: Session, actor: Actor, query: ListQuery
) -> Page[Any]:
    """Return a page of one of the customer's lists; nothing of a customer that is not there, which the profile says."""
    customer_id = customer_shown(state)
    try:
        return await read(session, actor, customer_id, query) if customer_id else NOTHING
    except NotFound:
        return NOTHING


def customer_shown(state: rx.State) -> UUID | None:
    """Return the customer in the address; None if it names none, which the profile says."""
    try:
        return parse_id(last_part(state), "customer")
    except Invalid:
        return None

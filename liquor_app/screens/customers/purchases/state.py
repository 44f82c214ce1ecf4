"""The shop's purchases, row by row: what revenue and orders count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import reflex as rx

from liquor_app.accounts.lists import Whole
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.customers.lists import SALES, SaleRow, add_up_sales, list_sales
from liquor_app.organization.settings import shop_now
from liquor_app.screens.customers.field_values import place_words
from liquor_app.screens.listing.state import ListState
from liquor_app.ui.words import NONE, figure, plural, show_moment, show_money


@dataclass(frozen=True, slots=True)
class SaleLine:
    """A purchase; an empty address leads nowhere: the customer is gone."""

    id: str
    when: str
    customer: str
    href: str
    receipt: str
    store: str
    discount: str
    total: str


def sale_line(row: SaleRow, at: datetime) -> SaleLine:
    """Return a purchase in words; `at` is the shop's present."""
    return SaleLine(
        str(row.id),
        show_moment(row.occurred_at, at),
        row.customer_name or "Deleted customer",
        f"/customers/{row.customer_id}" if row.customer_name else "",
        row.external_id or NONE,
        place_words(row),
        show_money(row.discount, cents=True) if row.discount else NONE,
        show_money(row.total, cents=True),
    )


def whole_words(whole: Whole) -> str:
    """ "530 purchases that come to $12,345.67, what was given back taken off." """
    if whole.value is None:
        return f"More than {figure(whole.rows)} purchases: too many to be added up here."
    come = f"that come to {show_money(whole.value, cents=True)}, what was given back taken off."
    return f"{plural(whole.rows, 'purchase')} {come}"


class SalesState(ListState, rx.State):
    """All purchases of the shop, as far as the address narrows them."""

    rows: list[SaleLine] = []
    words: str = ""

    def _list(self) -> ListSpec[SaleRow]:
        return SALES

    def _path(self) -> str:
        return "/purchases"

    def _export_path(self) -> str:
        return "/api/v1/purchases/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[SaleRow]:
        self.words = whole_words(await add_up_sales(session, actor, query))
        return await list_sales(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[SaleRow]) -> list[SaleLine]:
        at = await shop_now(session)
        return [sale_line(row, at) for row in items]

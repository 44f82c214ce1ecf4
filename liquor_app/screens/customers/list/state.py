"""The list of customers on its page."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.bulk_actions import BulkList
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.customers.consents import suppressed_among
from liquor_app.customers.filter_choices import categories_in_use
from liquor_app.customers.labels.tags import tags_in_use
from liquor_app.customers.service import CustomerRow
from liquor_app.organization.settings import shop_now
from liquor_app.screens.customers.rows import CustomerLine, customer_line
from liquor_app.screens.listing.bulk_state import BulkState
from liquor_app.screens.listing.state import ListState
from liquor_app.segments.lists import CUSTOMER_ACTIONS, CUSTOMERS, list_customers, list_segments
from liquor_app.ui.forms.filters import Option

FIELDS = {
    "RFM segment": ("rfm_segment",),
    "Churn risk": ("churn_risk", "churn_probability"),
    "Expected spend": ("clv_score",),
    "Spent": ("total_spent",),
    "Last purchase": ("last_purchase_at",),
    "Favourite": ("primary_category",),
    "Consent": ("email_consent", "sms_consent", "age_verified_at"),
    "Next purchase": ("next_purchase_at",),
}
"""Columns of the page and what they show of the file."""


class CustomersState(BulkState, ListState, rx.State):
    """Everybody, found, filtered and sorted."""

    rows: list[CustomerLine] = []

    def _bulk(self) -> BulkList:
        return CUSTOMER_ACTIONS

    def _noun(self) -> tuple[str, str]:
        return "customer", "customers"

    def _column_fields(self) -> dict[str, tuple[str, ...]]:
        return FIELDS

    def _list(self) -> ListSpec[CustomerRow]:
        return CUSTOMERS

    def _path(self) -> str:
        return "/customers"

    def _export_path(self) -> str:
        return "/api/v1/customers/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[CustomerRow]:
        return await list_customers(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[CustomerRow]) -> list[CustomerLine]:
        at = await shop_now(session)
        suppressed = await suppressed_among(session, actor, [row.id for row in items])
        return [customer_line(row, at, row.id in suppressed) for row in items]

    async def _options(self, session: Session, actor: Actor) -> dict[str, list[Option]]:
        segments = await list_segments(session, actor, ListQuery(limit=200))
        categories = await categories_in_use(session, actor)
        return {
            "segment": [Option(row.slug, row.name) for row in segments.items],
            "primary_category": [Option(name, name) for name in categories],
            "tag": [Option(name, name) for name in await tags_in_use(session, actor)],
        }

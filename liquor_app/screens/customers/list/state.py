"""The list of customers on its page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.customers.consents import suppress_customers, suppressed_among
from liquor_app.customers.filter_choices import categories_in_use
from liquor_app.customers.service import CustomerRow
from liquor_app.organization.settings import shop_now
from liquor_app.screens.customers.rows import CustomerLine, customer_line
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.segments.lists import CUSTOMERS, list_customers, list_segments
from liquor_app.ui.forms.filters import Option
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import plural


class CustomersState(ListState, rx.State):
    """Everybody, found, filtered and sorted."""

    rows: list[CustomerLine] = []
    asking: bool = False
    asking_whom: str = ""
    """Who would be suppressed, by name or number."""

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
        }

    @rx.event
    @guarded
    async def ask(self, open: bool) -> None:
        self.asking = bool(open)
        names = [row.name for row in self.rows if [row.id] == self.chosen]
        self.asking_whom = names[0] if names else plural(len(self.chosen), "customer")

    @rx.event
    @guarded
    async def suppress(self) -> Any:
        """Suppress every address of the chosen."""
        actor = await signed_in(self)
        self.asking = False
        async with transaction() as session:
            count = await suppress_customers(session, actor, [parse_id(one, "customer") for one in self.chosen])
        self.chosen = []
        await self._read(actor)
        return toast_done(f"{plural(count, 'customer')} suppressed", "No campaign will write to them any more.")

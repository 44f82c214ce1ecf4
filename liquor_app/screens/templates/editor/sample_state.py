"""Whom a template is looked at for: the example, or one customer."""

from __future__ import annotations

from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.service import get_customer
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.segments.lists import list_customers
from liquor_app.ui.forms.filters import Option

HITS = 6
EXAMPLE = "the example"


class SampleState(rx.State):
    """`who` is a name; the person behind it stays on the server."""

    who: str = EXAMPLE
    query: str = ""
    hits: list[Option] = []
    _customer_id: UUID | None = None

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_READ)
    async def load(self) -> None:
        """Nobody: the page begins with the example."""
        self.reset()

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_READ)
    async def search(self, query: str) -> None:
        actor = await signed_in(self)
        self.query, self.hits = str(query)[:100], []
        if len(self.query.strip()) < 2:
            return
        async with transaction() as session:
            page = await list_customers(session, actor, ListQuery(search=self.query, limit=HITS))
        self.hits = [Option(str(row.id), row.name or row.email or row.phone or "Unnamed") for row in page.items]

    async def _pick(self, customer_id: str) -> None:
        """Take this customer; an empty id goes back to the example."""
        actor = await signed_in(self)
        if customer_id:
            async with transaction() as session:
                row = await get_customer(session, actor, parse_id(customer_id, "customer"))
            self.who, self._customer_id = row.name or row.email or row.phone or "Unnamed", row.id
        else:
            self.who, self._customer_id = EXAMPLE, None
        self.query, self.hits = "", []

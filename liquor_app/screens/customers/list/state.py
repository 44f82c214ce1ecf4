"""The list of customers. Its search, filters, sort and page stand in the address, so a link or a reload shows the
same; `cursors` is the way back to the pages before."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.customers.consents import suppress_customers, suppressed_among
from liquor_app.customers.filter_choices import categories_in_use
from liquor_app.customers.list_filters import SORTS
from liquor_app.customers.service import list_customers
from liquor_app.organization.settings import shop_now
from liquor_app.screens.customers.rows import (
    CustomerLine,
    Filter,
    as_filter,
    customer_line,
    filter_choices,
    filters_of,
    showing,
)
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.segments.service import list_segments
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.forms.filters import Option
from liquor_app.ui.toast import toast_done, toast_failed
from liquor_app.ui.words import plural

PAGE = 25
SORT = "-clv_score"
MAX_CHOSEN = 500


class CustomersState(rx.State):
    """One page of customers and how it was asked for."""

    query: str = ""
    filters: list[Filter] = []
    sort: str = SORT
    rows: list[CustomerLine] = []
    showing: str = ""
    page: int = 1
    cursors: list[str] = [""]
    next_cursor: str = ""
    loading: bool = True
    chosen: list[str] = []
    asking: bool = False
    asking_whom: str = ""
    """Who would be suppressed, by name or number."""

    @rx.event
    @guarded
    async def load(self) -> Any:
        """Read what the address asks for; an address that makes no sense falls back to the whole list."""
        actor = await signed_in(self)
        async with transaction() as session:
            segments = await list_segments(session, actor, limit=200)
            categories = await categories_in_use(session, actor)
        choices = filter_choices([Option(row.slug, row.name) for row in segments.items], categories)
        self.query, self.sort = parameter(self, "search")[:100], parameter(self, "sort") or SORT
        self.filters = filters_of({key: parameter(self, key) for key in choices}, choices)
        self._place(parameter(self, "cursor"), parameter(self, "page"))
        try:
            await self._read(actor)
        except Invalid as problem:
            self.sort, self.filters = SORT, filters_of({}, choices)
            self._place("", "")
            await self._read(actor)
            return [self._remember(), toast_failed("This link could not be followed", problem.message)]
        return None

    def _place(self, cursor: str, page: str) -> None:
        """Stand on the page of `cursor`; the way back is known only if this tab walked it."""
        known = cursor == self.cursors[-1]
        self.page = int(page) if cursor and page.isdecimal() and len(page) < 7 else 1
        self.cursors = self.cursors if known else ["", cursor] if cursor else [""]

    async def _read(self, actor: Actor) -> None:
        async with transaction() as session:
            at = await shop_now(session)
            found = await list_customers(
                session,
                actor,
                filters=as_filter(self.query, self.filters),
                sort=self.sort,
                limit=PAGE,
                cursor=self.cursors[-1] or None,
            )
            suppressed = await suppressed_among(session, actor, [row.id for row in found.items])
        self.rows = [customer_line(row, at, row.id in suppressed) for row in found.items]
        self.next_cursor, self.loading = found.next_cursor or "", False
        self.showing = showing(self.page, PAGE, len(self.rows), found.total, found.total_is_exact)

    def _remember(self) -> Any:
        return remember(
            "/customers",
            {
                "search": self.query,
                **{one.key: one.value for one in self.filters},
                "sort": "" if self.sort == SORT else self.sort,
                "cursor": self.cursors[-1],
                "page": str(self.page) if self.page > 1 else "",
            },
        )

    async def _again(self) -> Any:
        """From the first page, as asked for now."""
        self.cursors, self.page = [""], 1
        await self._read(await signed_in(self))
        return self._remember()

    @rx.event
    @guarded
    async def search(self, query: str) -> Any:
        self.query = str(query)[:100]
        return await self._again()

    @rx.event
    @guarded
    async def choose(self, key: str, value: str) -> Any:
        """Set a filter; an empty value takes it off."""
        chosen = {one.key: one.value for one in self.filters} | {str(key): str(value)[:200]}
        self.filters = filters_of(chosen, {one.key: (one.label, one.options) for one in self.filters})
        return await self._again()

    @rx.event
    @guarded
    async def show_everybody(self) -> Any:
        """Take off the search and every filter."""
        self.query = ""
        self.filters = filters_of({}, {one.key: (one.label, one.options) for one in self.filters})
        return await self._again()

    @rx.event
    @guarded
    async def sort_by(self, key: str) -> Any:
        """Sort by a column; once more turns it round. Numbers start with the highest, names with A."""
        if key not in SORTS:
            return None
        first, second = (key, f"-{key}") if key == "name" else (f"-{key}", key)
        self.sort = second if self.sort == first else first
        return await self._again()

    @rx.event
    @guarded
    async def forward(self) -> Any:
        if not self.next_cursor:
            return None
        self.cursors, self.page = [*self.cursors, self.next_cursor], self.page + 1
        await self._read(await signed_in(self))
        return self._remember()

    @rx.event
    @guarded
    async def back(self) -> Any:
        if len(self.cursors) < 2:
            return None
        self.cursors = self.cursors[:-1]
        self.page = self.page - 1 if len(self.cursors) > 1 else 1
        await self._read(await signed_in(self))
        return self._remember()

    @rx.event
    @guarded
    async def first(self) -> Any:
        return await self._again()

    @rx.event
    @guarded
    async def toggle(self, customer_id: str) -> None:
        known = {row.id for row in self.rows} | set(self.chosen)
        if customer_id in self.chosen:
            self.chosen = [one for one in self.chosen if one != customer_id]
        elif customer_id in known and len(self.chosen) < MAX_CHOSEN:
            self.chosen = [*self.chosen, customer_id]

    @rx.event
    @guarded
    async def toggle_page(self) -> None:
        """Choose everybody on this page, or nobody of it if all are chosen."""
        here = [row.id for row in self.rows]
        others = [one for one in self.chosen if one not in here]
        self.chosen = others if set(here) <= set(self.chosen) else [*others, *here][:MAX_CHOSEN]

    @rx.event
    @guarded
    async def clear(self) -> None:
        self.chosen = []

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

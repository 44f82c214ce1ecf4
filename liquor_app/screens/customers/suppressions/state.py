"""The suppression list on its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid
from liquor_app.core.ids import parse_id
from liquor_app.customers.models import SuppressionReason
from liquor_app.customers.suppressions import FOR_GOOD, add_suppressions, lift_entry, list_suppressions
from liquor_app.organization.models import Channel
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import ago, plural

PAGE = 50


@dataclass(frozen=True, slots=True)
class SuppressedLine:
    """An entry; `customer` is the address of their page, "" for nobody we know. `fixed` ones are for good."""

    id: str
    address: str
    channel: str
    reason: str
    source: str
    when: str
    customer: str
    fixed: bool


class SuppressedState(rx.State):
    """One page of the list. `asking` is "add", or the id of the entry to take off."""

    rows: list[SuppressedLine] = []
    query: str = ""
    reason: str = ""
    wrong: str = ""
    cursors: list[str] = [""]
    next_cursor: str = ""
    showing: str = ""
    loading: bool = True
    asking: str = ""
    asking_address: str = ""
    error: str = ""

    @rx.event
    @guarded
    async def load(self) -> None:
        self.query, self.reason, self.cursors = "", "", [""]
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        self.wrong = ""
        async with transaction() as session:
            try:
                page = await list_suppressions(
                    session, actor, address=self.query, reason=self.reason, limit=PAGE,
                    cursor=self.cursors[-1] or None,
                )  # fmt: skip
            except Invalid as error:
                # Half an address is no mistake while one types.
                self.rows, self.next_cursor, self.showing, self.loading = [], "", "None", False
                self.wrong = error.message
                return
        self.rows = [
            SuppressedLine(
                str(row.id),
                row.address or "Erased; only its hash is kept",
                Channel(row.channel).label if row.channel else "All",
                row.reason,
                row.source,
                ago(row.created_at, now()),
                f"/customers/{row.customer_id}" if row.customer_id else "",
                row.reason in FOR_GOOD,
            )
            for row in page.items
        ]
        self.next_cursor, self.loading = page.next_cursor or "", False
        first = (len(self.cursors) - 1) * PAGE
        of = f"{page.total:,}" if page.total_is_exact else f"more than {page.total - 1:,}"
        self.showing = f"{first + 1:,} to {first + len(self.rows):,} of {of}" if self.rows else "None"

    @rx.event
    @guarded
    async def search(self, query: str) -> None:
        self.query, self.cursors = str(query)[:254], [""]
        await self._read()

    @rx.event
    @guarded
    async def filter(self, reason: str) -> None:
        self.reason, self.cursors = reason if reason in set(SuppressionReason) else "", [""]
        await self._read()

    @rx.event
    @guarded
    async def forward(self) -> None:
        if self.next_cursor:
            self.cursors = [*self.cursors, self.next_cursor]
            await self._read()

    @rx.event
    @guarded
    async def back(self) -> None:
        if len(self.cursors) > 1:
            self.cursors = self.cursors[:-1]
            await self._read()

    @rx.event
    @guarded
    async def ask(self, question: str) -> None:
        addresses = {line.id: line.address for line in self.rows}
        self.asking_address = addresses.get(question, "")
        self.asking, self.error = question if question == "add" or question in addresses else "", ""

    @rx.event
    @guarded
    async def close(self, open: bool) -> None:
        if not open:
            self.asking = ""

    @rx.event
    @guarded
    async def add(self, form: dict[str, Any]) -> Any:
        """One address a line."""
        actor = await signed_in(self)
        addresses = [line.strip() for line in typed(form, "addresses")[:500_000].splitlines() if line.strip()]
        try:
            async with transaction() as session:
                done = await add_suppressions(session, actor, addresses, channel=typed(form, "channel") or None)
        except AppError as error:
            if error.field not in {"addresses", "channel"}:
                raise
            self.error = error.message
            return None
        self.asking, self.cursors = "", [""]
        await self._read()
        known = f" {plural(done.known, 'address', 'addresses')} stood there already." if done.known else ""
        return toast_done(f"{plural(done.added, 'address', 'addresses')} suppressed", f"None is written to.{known}")

    @rx.event
    @guarded
    async def lift(self, form: dict[str, Any]) -> Any:
        """Off the list, with the reason."""
        actor = await signed_in(self)
        try:
            async with transaction() as session:
                await lift_entry(session, actor, parse_id(self.asking, "entry"), typed(form, "why"))
        except AppError as error:
            if error.field != "why":
                raise
            self.error = error.message
            return None
        self.asking = ""
        await self._read()
        return toast_done("Taken off the suppression list")

"""The suppression list on its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.customers.lists import SUPPRESSIONS, list_suppressions
from liquor_app.customers.suppressions import FOR_GOOD, SuppressionRow, add_suppressions, lift_entry
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_now
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import ago, plural

SOURCES = {"user": "a person here", "api_key": "a program", "system": "the server"}
"""Who put an address there, where no link or provider did."""


@dataclass(frozen=True, slots=True)
class SuppressedLine:
    """An entry; `again` tells that it was said more than once; `customer` is the address of their page, "" for nobody
    we know. `fixed` ones are for good."""

    id: str
    address: str
    channel: str
    reason: str
    source: str
    when: str
    again: str
    customer: str
    fixed: bool


class SuppressedState(FormState, ListState, rx.State):
    """The list. `asking` is "add", or the id of the entry to take off; `wrong` is why nothing is looked for."""

    rows: list[SuppressedLine] = []
    wrong: str = ""
    asking: str = ""
    asking_address: str = ""

    def _fields(self) -> frozenset[str]:
        return frozenset({"addresses", "channel", "why"})

    def _asked(self) -> bool:
        return bool(self.asking)

    def _shut(self) -> None:
        self.asking = ""

    def _list(self) -> ListSpec[SuppressionRow]:
        return SUPPRESSIONS

    def _path(self) -> str:
        return "/customers/suppressed"

    def _export_path(self) -> str:
        return "/api/v1/suppressions/export"

    def _per_page(self) -> int:
        return 50

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[SuppressionRow]:
        self.wrong = ""
        try:
            return await list_suppressions(session, actor, query)
        except Invalid as error:
            if error.field != "address":
                raise
            # half an address is no mistake while one types
            self.wrong = f"{error.message}. Type all of it: addresses are looked up whole."
            return Page([], None, 0)

    async def _lines(self, session: Session, actor: Actor, items: list[SuppressionRow]) -> list[SuppressedLine]:
        at = await shop_now(session)
        return [
            SuppressedLine(
                str(row.id),
                row.address or "Erased; only its hash is kept",
                Channel(row.channel).label if row.channel else "All",
                row.reason,
                SOURCES.get(row.source, row.source),
                ago(row.created_at, at),
                f"said again {plural(row.repeats, 'time')}, last {ago(row.repeated_at, at)}" if row.repeated_at else "",
                f"/customers/{row.customer_id}" if row.customer_id and row.address else "",
                row.reason in FOR_GOOD,
            )
            for row in items
        ]

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def search(self, query: str) -> Any:
        """Look one address up: a whole one, for only its hash is kept for ever."""
        self.query = str(query)[:254]
        self._narrow("address", self.query.strip())
        return await self._again()

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def ask(self, question: str) -> None:
        addresses = {line.id: line.address for line in self.rows}
        self.asking_address = addresses.get(question, "")
        self._fresh()
        self.asking = question if question == "add" or question in addresses else ""

    @rx.event
    @submits
    @needs(Permission.CUSTOMERS_WRITE)
    async def add(self, form: dict[str, Any]) -> Any:
        """Return one address a line."""
        actor = await signed_in(self)
        addresses = [line.strip() for line in typed(form, "addresses")[:500_000].splitlines() if line.strip()]
        async with transaction() as session:
            done = await add_suppressions(session, actor, addresses, channel=typed(form, "channel") or None)
        self.asking = ""
        await self._again()
        known = f" {plural(done.known, 'address', 'addresses')} stood there already." if done.known else ""
        return toast_done(f"{plural(done.added, 'address', 'addresses')} suppressed", f"None is written to.{known}")

    @rx.event
    @submits
    @needs(Permission.CUSTOMERS_ADMIN)
    async def lift(self, form: dict[str, Any]) -> Any:
        """Off the list, with the reason."""
        actor = await signed_in(self)
        async with transaction() as session:
            await lift_entry(session, actor, parse_id(self.asking, "entry"), typed(form, "why"))
        self.asking = ""
        await self._read()
        return toast_done("Taken off the suppression list")

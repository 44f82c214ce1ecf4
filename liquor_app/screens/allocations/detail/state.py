"""One allocation: its list settled, drawn once, and what came of each place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.allocations.explain_draw import explain_entry
from liquor_app.allocations.lists import ENTRIES, EntryRow, list_entries
from liquor_app.allocations.models import AllocationMethod, EntryStatus
from liquor_app.allocations.service import (
    AllocationRow,
    cancel_allocation,
    draw,
    freeze_list,
    get_allocation,
    settle_entry,
)
from liquor_app.core.db import Session, transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.screens.allocations.words import ENTRY, METHOD, STATUS
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import NONE, figure, plural, show_money

VERBS = {
    "freeze": (freeze_list, "The list is settled"),
    "draw": (draw, "Drawn"),
    "cancel": (cancel_allocation, "Cancelled"),
}


@dataclass(frozen=True, slots=True)
class AllocationView:
    """What the head of the page says."""

    product: str = ""
    href: str = ""
    words: str = ""
    word: str = ""
    tone: str = ""
    status: str = ""
    seed_hash: str = ""
    seed: str = ""
    list_hash: str = ""
    winners: str = ""
    """Address of the winners' list; empty until there is one."""
    disputed: str = ""


def allocation_view(row: AllocationRow) -> AllocationView:
    listed = f", {plural(row.listed, 'person', 'people')} on the list" if row.frozen_at else ""
    word, tone = STATUS[row.status]
    return AllocationView(
        row.product_name,
        f"/catalogue/{row.product_id}" if row.product_id else "",
        f"{plural(row.bottles, 'bottle')}, one a person{listed}. {METHOD[row.method]}.",
        word,
        tone,
        row.status.value,
        row.seed_hash,
        row.seed or "Sealed until the draw",
        row.list_hash or NONE,
        f"/segments/drawn_{row.id.hex[-12:]}" if row.segment_id else "",
        row.counsel if row.method is AllocationMethod.SPEND else "",
    )


class AllocationState(DetailState, rx.State):
    """The allocation in the address; `asking` is a question before something that cannot be taken back."""

    head: AllocationView = AllocationView()
    asking: str = ""

    def _noun(self) -> str:
        return "allocation"

    async def _read(self) -> None:
        actor, allocation_id = await signed_in(self), self._id()
        async with transaction() as session:
            row = await get_allocation(session, actor, allocation_id)
        self.head = allocation_view(row)

    @rx.event
    @needs(Permission.ALLOCATIONS_WRITE)
    async def ask(self, what: str) -> None:
        """Ask before a list is settled, drawn or given up; empty closes the question."""
        self.asking = what if what in VERBS else ""

    @rx.event
    @guarded
    @needs(Permission.ALLOCATIONS_WRITE)
    async def act(self, what: str) -> Any:
        """Do what was asked about."""
        actor, self.asking = await signed_in(self), ""
        if what not in VERBS:
            return None
        verb, done = VERBS[what]
        async with transaction() as session:
            row = await verb(session, actor, self._id())
        self.head = allocation_view(row)
        return [PlacesState.load, toast_done(done, row.product_name)]


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """A place on the list."""

    number: int
    shown: str
    customer_id: str
    who: str
    spend: str
    place: str
    word: str
    tone: str
    note: str
    is_offered: bool


class PlacesState(ListState, rx.State):
    """Everybody's place; `told` explains one of them, `passing` asks before one is passed over."""

    rows: list[PlaceLine] = []
    told: str = ""
    proof: str = ""
    passing: int = 0
    """The number whose bottle is about to be handed on; none while nobody is asked."""
    passing_title: str = ""

    def _list(self) -> ListSpec[EntryRow]:
        return ENTRIES

    def _export_path(self) -> str:
        return f"/api/v1/allocations/{last_part(self)}/entries/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[EntryRow]:
        return await list_entries(session, actor, parse_id(last_part(self), "allocation"), query)

    async def _lines(self, session: Session, actor: Actor, items: list[EntryRow]) -> list[PlaceLine]:
        return [
            PlaceLine(
                row.number, figure(row.number), str(row.customer_id or ""), row.customer_name or "No longer a customer",
                show_money(row.spend, cents=True), figure(row.place) if row.place else NONE, *ENTRY[row.status],
                row.note, row.status is EntryStatus.OFFERED,
            )
            for row in items
        ]  # fmt: skip

    @rx.event
    @guarded
    @needs(Permission.ALLOCATIONS_WRITE)
    async def fetched(self, number: int) -> Any:
        """Say that somebody fetched their bottle."""
        await self._settle(int(number), claimed=True)
        return toast_done("Fetched", f"Number {figure(number)}")

    @rx.event
    @needs(Permission.ALLOCATIONS_READ)
    async def ask_to_pass(self, number: int) -> None:
        """Ask before a bottle goes to the next in order, which nothing takes back; 0 closes the question."""
        self.passing = int(number)
        shown = next((f"{line.shown}, {line.who}" for line in self.rows if line.number == self.passing), "")
        self.passing_title = f"Unclaimed by number {shown or figure(self.passing)}?"

    @rx.event
    @guarded
    @needs(Permission.ALLOCATIONS_WRITE)
    async def pass_on(self) -> Any:
        """Hand the bottle on that was asked about."""
        number, self.passing = self.passing, 0
        if not number:
            return None
        following = await self._settle(number, claimed=False)
        if following is None:
            return toast_done("Unclaimed", "Nobody is next on the list.")
        return toast_done("Handed on", f"It is offered to number {figure(following)}.")

    async def _settle(self, number: int, *, claimed: bool) -> int | None:
        """Note what became of an offered bottle; returns the number it is offered to now, if to any."""
        actor = await signed_in(self)
        async with transaction() as session:
            following = await settle_entry(
                session, actor, parse_id(last_part(self), "allocation"), number, claimed=claimed
            )
        await self._again()
        return following

    @rx.event
    @guarded
    @needs(Permission.ALLOCATIONS_READ)
    async def explain(self, customer_id: str) -> None:
        """Say what became of somebody's place, as one would tell them; empty closes it."""
        actor, self.told, self.proof = await signed_in(self), "", ""
        if not customer_id:
            return
        async with transaction() as session:
            told = await explain_entry(
                session, actor, parse_id(last_part(self), "allocation"), parse_id(str(customer_id), "customer")
            )
        self.told, self.proof = told.words, told.proof

    @rx.event
    @needs(Permission.ALLOCATIONS_READ)
    async def shut(self, open: bool) -> None:
        """Close the explanation."""
        if not open:
            self.told, self.proof = "", ""

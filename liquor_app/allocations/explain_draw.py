"""Explain a draw to somebody who asks, in words and with what they need to reckon it again."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.allocations.draw_order import ticket_of
from liquor_app.allocations.models import AllocationMethod, AllocationStatus, EntryStatus
from liquor_app.allocations.service import AllocationRow, get_allocation
from liquor_app.core.errors import NotFound
from liquor_app.ui.words import figure, plural, show_money

_ENTRY = f"""
SELECT number, place, ticket, spend, status, note FROM allocation_entries
 WHERE allocation_id = :id AND customer_id = :customer
 ORDER BY status IN ('{EntryStatus.OFFERED}', '{EntryStatus.CLAIMED}') DESC, place, number LIMIT 1
"""
"""Of somebody whose two profiles were both on the list: the place with a bottle, else the better one."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one customer's place. `ticket` is worked out anew here, from the seed and the number."""

    number: int | None
    place: int | None
    status: EntryStatus | None
    words: str
    proof: str
    ticket: str | None


async def explain_entry(session: AsyncSession, actor: Actor, allocation_id: UUID, customer_id: UUID) -> Explanation:
    """Say what became of a customer's place, and how to check it.

    Raises:
        NotFound: there is no such allocation, or no list of it yet.
    """
    require(actor, Permission.ALLOCATIONS_READ)
    row = await get_allocation(session, actor, allocation_id)
    if row.frozen_at is None:
        raise NotFound("The list of this allocation is not settled yet.")
    found = (await session.execute(text(_ENTRY), {"id": allocation_id, "customer": customer_id})).first()
    there = f"There were {plural(row.listed, 'person', 'people')} on the list, and {plural(row.bottles, 'bottle')}."
    if found is None:
        return Explanation(None, None, None, f"{there} You were not on it when it was closed.", "", None)
    status = EntryStatus(found.status)
    ticket = ticket_of(row.seed, row.id, found.number) if row.seed and found.number <= row.listed else None
    words = f"{there} {_fate(row, found.number, found.place, status, found.note)}"
    if row.method is AllocationMethod.SPEND and found.place:
        words += f" The order was by what was spent in the year before: {show_money(found.spend, cents=True)}."
    return Explanation(found.number, found.place, status, words, _proof(row, found.number, ticket), ticket)


def _fate(row: AllocationRow, number: int, place: int | None, status: EntryStatus, note: str) -> str:
    if status is EntryStatus.LEFT_OUT:
        return f"Your number was {figure(number)}; it could not be offered one ({note})."
    if row.status is not AllocationStatus.DRAWN:
        return f"Your number is {figure(number)}; nothing is drawn yet."
    came = f"Your number was {figure(number)}; it came {figure(place or 0)} in the order."
    return {
        EntryStatus.OFFERED: f"{came} A bottle is set aside for you.",
        EntryStatus.CLAIMED: f"{came} You have fetched your bottle.",
        EntryStatus.PASSED: f"{came} Your bottle was not fetched, and went to the next in order.",
    }.get(status, f"{came} {note or 'The bottles had gone to numbers before it.'}")


def _proof(row: AllocationRow, number: int, ticket: str | None) -> str:
    if row.seed is None or ticket is None:
        return f"The seed is sealed until the draw; its SHA-256 is {row.seed_hash}."
    return (
        f"SHA-256 of the seed {row.seed} is {row.seed_hash}, as was shown before the list was closed. HMAC-SHA256 with"
        f" that seed of “{row.id}:{number}” is {ticket}; the lowest come first."
    )

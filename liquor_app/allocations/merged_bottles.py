"""Bottles of two profiles that are one person, or are two again. Corridors, for `doubles`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permissions import Actor
from liquor_app.allocations.bottles import ONE_A_PERSON, decide, held_by, offer_next, winners_list
from liquor_app.allocations.models import AllocationStatus, EntryStatus
from liquor_app.core.clock import now
from liquor_app.ledger.contact_history import contacts_of
from liquor_app.segments.hand_picked import add_members, remove_members

FIRST_AGAIN = "It is the next in order again: its bottle went on while two profiles were held for one person."

_HOLD = "SELECT id, bottles, segment_id FROM allocations WHERE id = :id FOR UPDATE"
_TAKEN = f"""
SELECT e.allocation_id, e.number, e.allocation_id || ' ' || e.number = ANY(CAST(:passed AS text[]))
  FROM allocation_entries e JOIN allocations a ON a.id = e.allocation_id AND a.status = '{AllocationStatus.DRAWN}'
 WHERE e.customer_id = ANY(CAST(:owners AS uuid[]))
   AND (e.status = '{EntryStatus.PASSED}' AND e.allocation_id || ' ' || e.number = ANY(CAST(:passed AS text[]))
     OR e.status = '{EntryStatus.LEFT_OUT}' AND e.note = '{ONE_A_PERSON}')
 ORDER BY e.allocation_id, e.number
"""
_DRAWN_OF = f"""
SELECT DISTINCT e.allocation_id FROM allocation_entries e
  JOIN allocations a ON a.id = e.allocation_id AND a.status = '{AllocationStatus.DRAWN}'
 WHERE e.customer_id = ANY(CAST(:owners AS uuid[])) ORDER BY 1
"""
_COUNTED = f"""
SELECT count(*) FROM allocation_entries
 WHERE allocation_id = :id AND status IN ('{EntryStatus.OFFERED}', '{EntryStatus.CLAIMED}')
"""
# whoever comes after the first who waits, the last one first
_AHEAD = f"""
SELECT number, customer_id, decided_at FROM allocation_entries
 WHERE allocation_id = :id AND status = '{EntryStatus.OFFERED}' AND place > (
    SELECT min(place) FROM allocation_entries WHERE allocation_id = :id AND status = '{EntryStatus.LISTED}')
 ORDER BY place DESC
"""


async def keep_one_bottle(session: AsyncSession, actor: Actor, customer_id: UUID) -> list[str]:
    """Let go of all but one bottle of each draw that somebody has: two profiles were drawn, and are one person by now.
    What was fetched stays; else the better place does, and the other bottle goes to the next in order. Returns the
    places it was taken from, for `return_bottles`. A corridor."""
    kept: dict[UUID, int] = {}
    passed: list[str] = []
    for held in await held_by(session, customer_id):
        listed = await winners_list(session, held.segment_id)
        if held.allocation_id not in kept:
            kept[held.allocation_id] = held.number
            if listed and held.status == EntryStatus.OFFERED:
                await add_members(session, actor, listed, [customer_id])
        elif held.status == EntryStatus.OFFERED:
            allocation_id = (await _hold(session, held.allocation_id)).id
            note = f"one person with number {kept[allocation_id]}: one bottle a person"
            await decide(session, actor, allocation_id, held.number, EntryStatus.PASSED, note=note)
            await audit(
                session, actor, "allocation.passed", "allocation", allocation_id, number=held.number, merged=True
            )
            await offer_next(session, actor, allocation_id, listed)
            passed.append(f"{allocation_id} {held.number}")
    return passed


async def return_bottles(session: AsyncSession, actor: Actor, owners: Sequence[UUID], passed: Sequence[str]) -> None:
    """Give two profiles that are two people again the bottles they would have had as two. Places that lost theirs for
    being one person's are in the order again; a bottle that went past them comes back from the last in order who has
    neither fetched it nor been written to since. From nobody else: then they are the next to be offered one. A
    corridor.

    Args:
        owners: both profiles, each with its own places again.
        passed: what `keep_one_bottle` told.
    """
    found = await session.execute(text(_TAKEN), {"owners": list(owners), "passed": list(passed)})
    for taken in found.all():
        allocation = await _hold(session, taken.allocation_id)
        await decide(session, actor, allocation.id, taken.number, EntryStatus.LISTED, note=FIRST_AGAIN)
        await audit(session, actor, "allocation.listed_again", "allocation", allocation.id, number=taken.number)
    drawn = await session.execute(text(_DRAWN_OF), {"owners": list(owners)})
    for allocation_id in drawn.scalars().all():
        allocation = await _hold(session, allocation_id)
        listed = await winners_list(session, allocation.segment_id)
        await _settle_order(session, actor, allocation, listed)
        if listed:
            for owner in owners:
                change = add_members if await held_by(session, owner, allocation_id) else remove_members
                await change(session, actor, listed, [owner])


async def _settle_order(session: AsyncSession, actor: Actor, allocation: Any, listed: UUID | None) -> None:
    """Offer what is free, then what went past somebody who waits."""
    taken = int((await session.execute(text(_COUNTED), {"id": allocation.id})).scalar_one())
    while taken < allocation.bottles and await offer_next(session, actor, allocation.id, listed) is not None:
        taken += 1
    while (ahead := await _last_untold(session, allocation.id)) is not None:
        await decide(session, actor, allocation.id, ahead.number, EntryStatus.LISTED)
        if listed and ahead.customer_id:
            await remove_members(session, actor, listed, [ahead.customer_id])
        await audit(session, actor, "allocation.taken_back", "allocation", allocation.id, number=ahead.number)
        await offer_next(session, actor, allocation.id, listed)


async def _last_untold(session: AsyncSession, allocation_id: UUID) -> Any:
    """Return the last in order whose bottle went past somebody who waits, and who cannot know of it yet."""
    for one in (await session.execute(text(_AHEAD), {"id": allocation_id})).all():
        told = await contacts_of(session, [one.customer_id], one.decided_at, now()) if one.customer_id else []
        if not told:
            return one
    return None


async def _hold(session: AsyncSession, allocation_id: UUID) -> Any:
    """Hold an allocation until the commit."""
    return (await session.execute(text(_HOLD), {"id": allocation_id})).one()

"""Who has a bottle of a draw: what decides a place on its list, and who is next. Corridors: whoever calls has
authorised, and holds the allocation's row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permissions import Actor
from liquor_app.allocations.eligible_people import GONE, why_not
from liquor_app.allocations.models import ENTRY, EntryStatus
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict
from liquor_app.organization.settings import shop_today
from liquor_app.segments.hand_picked import MAX_LISTED, add_members

ONE_A_PERSON = "has a bottle by another number: one a person"

_DECIDE = f"""
UPDATE allocation_entries SET status = :status, note = :note, decided_by = :by, decided_at = :at
 WHERE allocation_id = :id AND number = :number AND status <> :status AND ({ENTRY.allows_sql("status", ":status")})
RETURNING customer_id
"""
_HELD = f"""
SELECT e.allocation_id, e.number, e.status, a.segment_id
  FROM allocation_entries e JOIN allocations a ON a.id = e.allocation_id
 WHERE e.customer_id = :owner AND e.status IN ('{EntryStatus.OFFERED}', '{EntryStatus.CLAIMED}')
   AND (CAST(:id AS uuid) IS NULL OR e.allocation_id = CAST(:id AS uuid))
 ORDER BY e.allocation_id, e.status = '{EntryStatus.CLAIMED}' DESC, e.place
"""
_NEXT = f"""
SELECT number, customer_id FROM allocation_entries
 WHERE allocation_id = :id AND status = '{EntryStatus.LISTED}' ORDER BY place LIMIT 1
"""


async def held_by(session: AsyncSession, owner: UUID, allocation_id: UUID | None = None) -> Sequence[Any]:
    """Return the places with a bottle that somebody has, of each draw the one to keep first."""
    return (await session.execute(text(_HELD), {"owner": owner, "id": allocation_id})).all()


async def winners_list(session: AsyncSession, segment_id: UUID | None) -> UUID | None:
    """Return the winners' list, unless somebody has deleted it since."""
    found = await session.execute(text("SELECT id FROM segments WHERE id = :id"), {"id": segment_id})
    listed: UUID | None = found.scalar()
    return listed


async def offer_next(session: AsyncSession, actor: Actor, allocation_id: UUID, listed: UUID | None) -> int | None:
    """Offer a bottle that is free to the next in order who may have it; returns the number, None where nobody is.
    A corridor.

    Args:
        listed: the winners' list, where it is still there.
    """
    while (following := (await session.execute(text(_NEXT), {"id": allocation_id})).first()) is not None:
        owner = following.customer_id
        why = GONE if owner is None else (await reasons_against(session, [owner])).get(owner, "")
        if owner is not None and not why and await held_by(session, owner, allocation_id):
            why = ONE_A_PERSON
        if why:
            await decide(session, actor, allocation_id, following.number, EntryStatus.LEFT_OUT, note=why)
            continue
        await decide(session, actor, allocation_id, following.number, EntryStatus.OFFERED)
        if listed:
            await add_members(session, actor, listed, [owner])
        await audit(session, actor, "allocation.offered", "allocation", allocation_id, number=following.number)
        return int(following.number)
    return None


async def decide(
    session: AsyncSession, actor: Actor, allocation_id: UUID, number: int, status: EntryStatus, *, note: str = ""
) -> UUID | None:
    """Give a place its next status; returns whose it is. A corridor.

    Raises:
        Conflict: it cannot have it from the one it has.
    """
    changed = await session.execute(
        text(_DECIDE),
        {"id": allocation_id, "number": number, "status": status.value, "note": note, "by": actor.name[:120],
         "at": now()},
    )  # fmt: skip
    row = changed.first()
    if row is None:
        raise Conflict(f"No bottle is offered to number {number} now.")
    owner: UUID | None = row.customer_id
    return owner


async def reasons_against(session: AsyncSession, customer_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return who of any number of people may not be offered a bottle, each with the reason."""
    today = await shop_today(session)
    reasons: dict[UUID, str] = {}
    for start in range(0, len(customer_ids), MAX_LISTED):
        reasons |= await why_not(session, customer_ids[start : start + MAX_LISTED], today)
    return reasons

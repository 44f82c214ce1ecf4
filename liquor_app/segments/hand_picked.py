"""Hand-picked lists: who is put on them, who is taken off."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.segments.models import SegmentKind

MAX_LISTED = 5_000


async def add_members(session: AsyncSession, actor: Actor, segment_id: UUID, customer_ids: Sequence[UUID]) -> int:
    """Put customers on a hand-picked list; returns how many were new to it.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: the segment follows rules.
        Invalid: more than 5,000 at once, or a customer who does not exist.
    """
    await _lock_list(session, actor, segment_id, customer_ids)
    alive = await session.execute(
        text("SELECT count(*) FROM customers WHERE id = ANY(:ids) AND deleted_at IS NULL"),
        {"ids": list(set(customer_ids))},
    )
    if alive.scalar_one() != len(set(customer_ids)):
        raise Invalid("One of these customers does not exist, or was deleted.", field="customer_ids")
    return await _change_list(
        session,
        actor,
        segment_id,
        "INSERT INTO segment_members (segment_id, customer_id, entered_at)"
        " SELECT :segment, person, :at FROM unnest(CAST(:ids AS uuid[])) person"
        " ON CONFLICT DO NOTHING RETURNING customer_id",
        customer_ids,
        entered=True,
    )


async def remove_members(session: AsyncSession, actor: Actor, segment_id: UUID, customer_ids: Sequence[UUID]) -> int:
    """Take customers off a hand-picked list; returns how many were on it.

    Raises:
        Forbidden, NotFound, Conflict, Invalid: as for `add_members`.
    """
    await _lock_list(session, actor, segment_id, customer_ids)
    return await _change_list(
        session,
        actor,
        segment_id,
        "DELETE FROM segment_members WHERE segment_id = :segment AND customer_id = ANY(CAST(:ids AS uuid[]))"
        " RETURNING customer_id",
        customer_ids,
        entered=False,
    )


async def _lock_list(session: AsyncSession, actor: Actor, segment_id: UUID, customer_ids: Sequence[UUID]) -> None:
    require(actor, Permission.SEGMENTS_WRITE)
    if not 1 <= len(customer_ids) <= MAX_LISTED:
        raise Invalid(f"Give 1 to {MAX_LISTED} customers at a time.", field="customer_ids")
    found = await session.execute(text("SELECT kind FROM segments WHERE id = :id FOR UPDATE"), {"id": segment_id})
    kind = found.scalar()
    if kind is None:
        raise NotFound("There is no such segment.")
    if kind != SegmentKind.STATIC:
        raise Conflict("This segment follows its rules; only hand-picked lists can be edited by hand.")


async def _change_list(
    session: AsyncSession, actor: Actor, segment_id: UUID, change: str, customer_ids: Sequence[UUID], *, entered: bool
) -> int:
    at = now()
    changed = await session.execute(
        text(
            f"WITH changed AS ({change}), logged AS ("
            "  INSERT INTO segment_changes (segment_id, customer_id, entered, at)"
            "  SELECT :segment, customer_id, :entered, :at FROM changed RETURNING 1)"
            " SELECT count(*) FROM changed"
        ),
        {"segment": segment_id, "ids": list(customer_ids), "at": at, "entered": entered},
    )
    count = int(changed.scalar_one())
    await session.execute(
        text(
            "UPDATE segments SET customer_count = (SELECT count(*) FROM segment_members WHERE segment_id = :id),"
            " last_computed_at = :at, counted_since = COALESCE(counted_since, :at) WHERE id = :id"
        ),
        {"id": segment_id, "at": at},
    )
    done = "segment.members_added" if entered else "segment.members_taken_off"
    await audit(session, actor, done, "segment", segment_id, members=count)
    return count

"""Interests and places of one customer become another's, and back. Corridors, for `doubles`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# who asked by both profiles asked once: the one that stays keeps its own turn
_MOVE_INTERESTS = """
UPDATE product_interests w SET customer_id = :to WHERE w.customer_id = :gone
   AND NOT EXISTS (SELECT 1 FROM product_interests o WHERE o.customer_id = :to AND o.product_id = w.product_id)
RETURNING id
"""
_RETURN_INTERESTS = """
UPDATE product_interests SET customer_id = :gone WHERE customer_id = :to AND id = ANY(CAST(:ids AS uuid[]))
"""
_MOVE_ENTRIES = """
UPDATE allocation_entries e SET customer_id = :to WHERE e.customer_id = :gone
RETURNING allocation_id || ' ' || number
"""
_RETURN_ENTRIES = """
UPDATE allocation_entries SET customer_id = :gone
 WHERE customer_id = :to AND allocation_id || ' ' || number = ANY(CAST(:ids AS text[]))
"""


async def move_interests(session: AsyncSession, gone: UUID, to: UUID) -> list[str]:
    """Give what one customer asked for to another; returns which."""
    return [str(one) for one in (await session.execute(text(_MOVE_INTERESTS), {"gone": gone, "to": to})).scalars()]


async def return_interests(session: AsyncSession, gone: UUID, to: UUID, ids: Sequence[str]) -> None:
    """Undo `move_interests`."""
    await session.execute(text(_RETURN_INTERESTS), {"gone": gone, "to": to, "ids": list(ids)})


async def move_entries(session: AsyncSession, gone: UUID, to: UUID) -> list[str]:
    """Give one customer's places on lists to another; returns which. Two places on one list both count, and
    have one bottle between them (`service.keep_one_bottle`)."""
    return [str(one) for one in (await session.execute(text(_MOVE_ENTRIES), {"gone": gone, "to": to})).scalars()]


async def return_entries(session: AsyncSession, gone: UUID, to: UUID, ids: Sequence[str]) -> None:
    """Undo `move_entries`."""
    await session.execute(text(_RETURN_ENTRIES), {"gone": gone, "to": to, "ids": list(ids)})

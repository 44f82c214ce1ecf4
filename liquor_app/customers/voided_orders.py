"""Orders that were voided or refunded in full, remembered by their numbers: an older file makes no purchase of them
(ADR 98). Corridors, for `baskets`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class ToldBy:
    """The import that tells of baskets. `known_at` is when its file was at hand: no row of it is later. `latest` is the
    latest moment of its rows: the file is no older. None if it has none."""

    import_id: UUID
    known_at: datetime
    latest: datetime | None


# a file is surely the later one where it has rows from after the void was known; what is given back of an order that
# was voided before it came was never paid
_LEAVE_OUT = """
UPDATE baskets b SET outcome = 'unchanged', is_voided = true, came_to = 0 FROM voided_orders v
 WHERE v.order_id = b.order_id AND NOT b.is_reversed AND b.outcome <> 'unchanged'
   AND CASE WHEN b.sold = 0 AND b.backs > 0 THEN b.outcome = 'created'
            ELSE v.known_at >= CAST(:latest AS timestamptz) AND b.occurred_at <= v.row_at + interval '1 day' END
"""
_REMEMBER = """
INSERT INTO voided_orders (order_id, import_id, known_at, row_at)
SELECT b.order_id, :import, :known_at, b.told_at FROM baskets b LEFT JOIN purchases p ON p.id = b.purchase_id
 WHERE b.is_reversed AND (b.outcome = 'updated' OR ((p.id IS NULL OR p.total = 0) AND NOT EXISTS (
     SELECT FROM voided_orders v WHERE v.order_id = b.order_id)))
    ON CONFLICT DO NOTHING
"""
_FORGET = "DELETE FROM voided_orders WHERE import_id = :import"


async def leave_out_voided(session: AsyncSession, told_by: ToldBy) -> None:
    """Leave `baskets` as they are that were voided by a file no older than this one."""
    await session.execute(text(_LEAVE_OUT), {"latest": told_by.latest})


async def remember_voided(session: AsyncSession, told_by: ToldBy) -> None:
    """Note which of `baskets` this import voids, known as bought or not."""
    await session.execute(text(_REMEMBER), {"import": told_by.import_id, "known_at": told_by.known_at})


async def forget_voided(session: AsyncSession, import_id: UUID) -> None:
    """Forget what an import said of voids: it is being undone."""
    await session.execute(text(_FORGET), {"import": import_id})

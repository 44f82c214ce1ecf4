"""Orders that have a refused line are refused whole: one that is smaller than it was makes every figure wrong.

A basket in a file is the whole of it, so all of its lines stand in the file of rejects: mended and imported again, the
order is taken as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import by_index, unnest
from liquor_app.imports.readers.row_reader import Record
from liquor_app.imports.rejects import raw_of

CODE = "order_with_refused_row"

_REFUSE = f"""
WITH broken AS (
    SELECT DISTINCT ON (raw ->> 'order') raw ->> 'order' AS order_id, row_number, reason
      FROM import_rejects WHERE import_id = :import AND raw ? 'order' ORDER BY raw ->> 'order', row_number
), gone AS (
    DELETE FROM import_lines l USING broken b WHERE l.import_id = :import AND l.order_id = b.order_id
    RETURNING l.row_number, l.order_id, b.row_number AS broken_by, b.reason
)
INSERT INTO import_rejects (import_id, row_number, code, field, reason, raw)
SELECT :import, row_number, '{CODE}', 'order_id',
       'Row ' || broken_by || ' of the same order was refused: ' || reason, jsonb_build_object('order', order_id)
  FROM gone WHERE row_number > 0
    ON CONFLICT DO NOTHING
"""

_REFUSED = "SELECT row_number, reason FROM import_rejects WHERE import_id = :import AND code = :code"

_UNFILLED = f"""
SELECT row_number, raw ->> 'order' FROM import_rejects
 WHERE import_id = :import AND code = '{CODE}' AND row_number BETWEEN :first AND :last
"""
_RAWS = unnest("k", number="int", raw="text")
_FILL = f"""
UPDATE import_rejects r SET raw = CAST(k.raw AS jsonb) FROM {_RAWS}
 WHERE r.import_id = :import AND r.row_number = k.number
"""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A good line of an order that has a refused one."""

    number: int
    reason: str


async def refuse_orders(session: AsyncSession, import_id: UUID) -> int:
    """Refuse the waiting lines of orders of which a line was refused; returns how many rows those are. Their cells are
    filled in later (`fill`)."""
    async with by_index(session):
        refused = await session.execute(text(_REFUSE), {"import": import_id})
    return int(refused.rowcount)  # type: ignore[attr-defined]


async def refused_lines(session: AsyncSession, import_id: UUID) -> list[RefusedLine]:
    """Return what `refuse_orders` refused; for trials, of few rows."""
    found = await session.execute(text(_REFUSED), {"import": import_id, "code": CODE})
    return [RefusedLine(number, reason) for number, reason in found]


async def fill(session: AsyncSession, import_id: UUID, records: Sequence[Record]) -> None:
    """Put the cells of these rows to those that `refuse_orders` refused."""
    bound = {"import": import_id, "first": records[0].number, "last": records[-1].number}
    found = await session.execute(text(_UNFILLED), bound)
    orders = {row[0]: row[1] for row in found}
    raws = {one.number: raw_of(one, orders[one.number]) for one in records if one.number in orders}
    if raws:
        await session.execute(text(_FILL), {**_RAWS.bind(number=raws, raw=raws.values()), "import": import_id})

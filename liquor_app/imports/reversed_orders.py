"""Orders known as bought that a later file calls voided or refunded in full: the till's later word takes them back.

Such an order waits among the lines as one of row number `REVERSED`, until the whole file is read. Where lines of it
stand in the file too, these are the whole of it; where one of them is refused, it keeps what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import texts
from liquor_app.customers.baskets import REVERSED, Reversed
from liquor_app.customers.labels.product_labels import NO_CATEGORY
from liquor_app.imports.basket_lines import order_ids, who_bought
from liquor_app.imports.chunks import Reversal
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.readers.row_reader import Record

ANOTHERS = "reversals_of_another_customer"
"""The note that counts known orders that stay, because the row names another customer."""

_KNOWN = """
SELECT p.external_id, CAST(p.customer_id AS text) FROM purchases p WHERE p.external_id = ANY(:orders) AND p.total <> 0
"""
_STAGE = f"""
INSERT INTO import_lines (import_id, order_id, row_number, customer_id, occurred_at, category, quantity, amount,
                          discount, coupon_discount, is_alcohol)
SELECT :import, external_id, {REVERSED}, customer_id, occurred_at, '{NO_CATEGORY}', 0, 0, 0, 0, false
  FROM purchases WHERE external_id = ANY(:orders)
    ON CONFLICT DO NOTHING
"""


async def stage_reversals(
    session: AsyncSession, import_id: UUID, told: Sequence[Reversal], *, mended: bool = False
) -> tuple[dict[str, Record], int]:
    """Have the known orders among these taken back once the file is read.

    Returns:
        Their rows by their number, and how many orders stay because the row names another customer than their own.
    """
    rows = {one.order_id: one for one in reversed(told) if one.order_id}
    if unnumbered := [(one, one.line) for one in told if not one.order_id and one.line is not None]:
        numbers = await order_ids(session, [line for _, line in unnumbered], mended=mended)
        rows |= {number: one for number, (one, _) in zip(numbers, unnumbered, strict=True) if number}
    if not rows:
        return {}, 0
    found = await session.execute(text(_KNOWN), {"orders": texts(rows)})
    owners: dict[str, str] = {row[0]: row[1] for row in found}
    lines = {order: line for order in owners if (line := rows[order].line) is not None}
    buyer_of = await who_bought(session, list(lines.values()))
    taken = {
        order: rows[order].record
        for order, owner in owners.items()
        if order not in lines or _is(owner, buyer_of, lines[order])
    }
    if taken:
        await session.execute(text(_STAGE), {"import": import_id, "orders": texts(taken)})
    return taken, len(owners) - len(taken)


def _is(owner: str, buyer_of: Callable[[Line], str], line: Line) -> bool:
    try:
        return buyer_of(line) == owner
    except Rejected:
        return False


def added(before: Mapping[str, Any] | None, more: Reversed) -> dict[str, Any]:
    """Return what a checkpoint says of orders taken back (`TAKEN_BACK`), with a batch more."""
    orders, came_to = (before["orders"], before["sum"]) if before else (0, 0)
    return {"orders": orders + more.baskets, "sum": str(Decimal(came_to) + more.total)}

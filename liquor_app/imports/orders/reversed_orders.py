"""Orders that a file calls voided or refunded in full: the till's later word takes a known one back, and one nobody
knows yet is remembered, so that an older file makes no purchase of it.

Such an order waits among the lines as one of row number `REVERSED`, until the whole file is read. Where something sold
of it stands in the file too, that is the whole of it; where one of its lines is refused, it keeps what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import texts, unnest
from liquor_app.customers.baskets import REVERSED, Reversed
from liquor_app.customers.labels.product_labels import NO_CATEGORY
from liquor_app.imports.chunks import Reversal
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.orders.basket_lines import order_ids, who_bought
from liquor_app.imports.readers.row_reader import Record

ANOTHERS = "reversals_of_another_customer"
"""The note that counts known orders that stay, because the row names another customer, or another store."""

_KNOWN = "SELECT external_id, CAST(customer_id AS text), store FROM purchases WHERE external_id = ANY(:orders)"
_WAITING = unnest("o", order_id="text", at="timestamptz")
_STAGE = f"""
INSERT INTO import_lines (import_id, order_id, row_number, customer_id, occurred_at, category, quantity, amount,
                          discount, coupon_discount, is_alcohol)
SELECT :import, o.order_id, {REVERSED}, p.customer_id, COALESCE(o.at, p.occurred_at, now()), '{NO_CATEGORY}', 0, 0, 0,
       0, false
  FROM {_WAITING} LEFT JOIN purchases p ON p.external_id = o.order_id
    ON CONFLICT DO NOTHING
"""


async def stage_reversals(
    session: AsyncSession, import_id: UUID, told: Sequence[Reversal], *, mended: bool = False
) -> tuple[dict[str, Record], int]:
    """Have these orders taken back, or remembered, once the file is read.

    Returns:
        Their rows by their number, and how many orders stay because the row names another customer, or another
        store, than their own.
    """
    rows = {one.order_id: one for one in reversed(told) if one.order_id}
    if unnumbered := [(one, one.line) for one in told if not one.order_id and one.line is not None]:
        numbers = await order_ids(session, [line for _, line in unnumbered], mended=mended)
        rows |= {number: one for number, (one, _) in zip(numbers, unnumbered, strict=True) if number}
    if not rows:
        return {}, 0
    found = await session.execute(text(_KNOWN), {"orders": texts(rows)})
    known = found.all()
    owners: dict[str, str] = {row[0]: row[1] for row in known}
    lines = {order: line for order in owners if (line := rows[order].line) is not None}
    buyer_of = await who_bought(session, [line for line in lines.values() if not line.names_nobody])
    elsewhere = {row[0] for row in known if row[0] in lines and _is_elsewhere(lines[row[0]], row[2])}
    others = {order for order, line in lines.items() if order in elsewhere or not _is(owners[order], buyer_of, line)}
    taken = {order: one for order, one in rows.items() if order not in others}
    if taken:
        at = [one.line.when.at if one.line else None for one in taken.values()]
        await session.execute(text(_STAGE), {**_WAITING.bind(order_id=taken, at=at), "import": import_id})
    return {order: one.record for order, one in taken.items()}, len(others)


def _is_elsewhere(line: Line, store: str | None) -> bool:
    """Tell whether a row says another store than its order's: its number was given by both."""
    return bool(line.store and store and line.store.strip().casefold() != store.strip().casefold())


def _is(owner: str, buyer_of: Callable[[Line], str], line: Line) -> bool:
    if line.names_nobody:
        return True
    try:
        return buyer_of(line) == owner
    except Rejected:
        return False


def added(before: Mapping[str, Any] | None, more: Reversed) -> dict[str, Any]:
    """Return what a checkpoint says of orders taken back (`TAKEN_BACK`), with a batch more."""
    orders, came_to = (before["orders"], before["sum"]) if before else (0, 0)
    return {"orders": orders + more.baskets, "sum": str(Decimal(came_to) + more.total)}

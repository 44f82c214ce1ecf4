"""Orders whose rows name different totals: two of one order are no sum of it, and which holds nobody can tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from liquor_app.imports.cleaning.amounts import read_amount
from liquor_app.imports.cleaning.answers.heard_columns import places_of
from liquor_app.imports.cleaning.orders.discount_columns import offs_of
from liquor_app.imports.cleaning.orders.money_names import BESIDE, REFUNDED, TOTAL, unitless
from liquor_app.imports.cleaning.orders.order_shape import tells_whole_orders
from liquor_app.imports.cleaning.row_notes import TOTALS_ADDED
from liquor_app.imports.readers.row_reader import Record
from liquor_app.ui.words import show_money

CODE = "two_totals"
"""Why a row is refused that names another total of its order than a row before it."""
MOST_ORDERS = 200_000
"""Orders whose total is remembered, for rows of theirs that lie elsewhere in the file."""
_OF_LINES = frozenset({"product", "sku", "quantity", "unit_price", "category", "brand"})


def one_total_each(
    records: Iterable[Record], columns: Sequence[str], at: Mapping[str, int], decimal: str
) -> Iterable[Record]:
    """Return the rows of a file, after those that are no lines are left out. Where its amounts are called totals of
    orders, a row that names another than its order's first is doubted, and one that says the same again, elsewhere in
    the file, comes to nothing more. Where they may be of rows ("Total", and no goods), it is counted, and noted.

    Args:
        at: field → position of its column.
        decimal: the file's decimal mark.
    """
    if max(at.get(field, len(columns)) for field in ("order_id", "amount")) >= len(columns):
        return records
    is_of_orders = tells_whole_orders(columns, at)
    if not is_of_orders and (unitless(columns[at["amount"]]) not in TOTAL or _OF_LINES & at.keys()):
        return records
    return _each(records, at, decimal, is_of_orders=is_of_orders)


def _each(records: Iterable[Record], at: Mapping[str, int], decimal: str, *, is_of_orders: bool) -> Iterator[Record]:
    order_at, amount_at, now = at["order_id"], at["amount"], ""
    beside = {place for _, place in places_of(at, (*BESIDE, REFUNDED))} | {place for _, place in offs_of(at)}
    first: dict[str, Decimal] = {}
    for record in records:
        if record.problem or record.left_out or record.doubt:
            yield record
            continue
        order, before = record.cells[order_at].strip(), now
        now = order
        cell = record.told[amount_at].strip()
        read = read_amount(cell, decimal) if order and cell else None
        if read is None or read.value <= 0:  # what came back has a total of its own
            yield record
        elif order not in first:
            if len(first) < MOST_ORDERS:
                first[order] = read.value
            yield record
        elif read.value != first[order]:
            told = f"{show_money(first[order], cents=True)} and {show_money(read.value, cents=True)}"
            yield _doubted(record, order, told) if is_of_orders else record._replace(note=TOTALS_ADDED)
        elif is_of_orders and order != before:
            cells = ["" if place in beside else cell for place, cell in enumerate(record.cells)]
            cells[amount_at] = "0"
            yield record._replace(cells=cells, own=record.told, shared=True)
        else:
            yield record


def _doubted(record: Record, order: str, told: str) -> Record:
    words = (
        f"Rows of the order “{order[:40]}” name two totals of it, {told}, and nobody can tell which holds. Take out"
        " those of the one that does not; if they are of two orders, give these numbers of their own; if they are of"
        " lines, call the column “Line total”."
    )
    return record._replace(doubt=words, doubt_code=CODE)

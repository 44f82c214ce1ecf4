"""Files whose rows are payments: an order that was paid in two ways has two rows, and its sums stand on each. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.orders.discount_columns import CENTS
from liquor_app.imports.cleaning.orders.money_names import OF_A_LINE, number_of
from liquor_app.imports.profiles.tool_profile import OTHER_ROW
from liquor_app.imports.readers.row_reader import Record

MOST_ORDERS = 200_000
"""Orders whose first row is remembered, for payments that stand elsewhere in the file."""
_OF_LINES = ("unit_price", "quantity", "product", "sku", "category", "brand")
_PAYS = re.compile(r"\b(?:tender(?:s|ed)?|pay(?:ment)?s?|paid|cards?|cash|auth(?:orization)?|last 4|pan|change)\b")
"""What the name of a column says that may differ between the payments of one order."""


def pays_orders(columns: Sequence[str], at: Mapping[str, int], sample: Sequence[Record]) -> bool:
    """Tell whether a file's rows are payments of orders: it names no goods, the rows of each order all say the same
    amount, and they differ in how it was paid alone, or in sums that come to another they all say.

    Args:
        at: field → position of its column.
        sample: the first rows.
    """
    order, amount = at.get("order_id"), at.get("amount")
    if order is None or amount is None or max(order, amount) >= len(columns):
        return False
    if any(field in at for field in _OF_LINES) or OF_A_LINE.search(column_words(columns[amount])):
        return False
    orders: dict[str, list[list[str]]] = {}
    for record in sample:
        if not (record.problem or record.left_out) and (number := record.cells[order].strip()):
            orders.setdefault(number, []).append(record.cells)
    several = [rows for rows in orders.values() if len(rows) > 1]
    pays = {place for place, one in enumerate(columns) if _PAYS.search(column_words(one))}
    return bool(several) and all(_are_payments(rows, amount, pays) for rows in several)


def _are_payments(rows: Sequence[Sequence[str]], amount: int, pays: set[int]) -> bool:
    apart = {place for place in range(len(rows[0])) if len({cells[place].strip() for cells in rows}) > 1}
    if amount in apart or not (number_of(rows[0][amount]) or 0) or not apart:
        return False
    if apart <= pays:
        return True
    said = [number for place, cell in enumerate(rows[0]) if place not in apart and (number := number_of(cell))]
    sums = [[number_of(cells[place]) for cells in rows] for place in apart & pays]
    added = [sum((one for one in parts if one is not None), Decimal(0)) for parts in sums if None not in parts]
    return any(abs(one - whole) <= CENTS for one in added for whole in said)


def leave_out_payments(records: Iterable[Record], at: Mapping[str, int]) -> Iterator[Record]:
    """Yield the rows of such a file: the first of each order, and those that say another sum; the others are no lines.

    Args:
        at: field → position of its column; with `order_id` and `amount`.
    """
    order, amount = at["order_id"], at["amount"]
    first: dict[str, str] = {}
    for record in records:
        number = "" if record.problem or record.left_out else record.cells[order].strip()
        if not number:
            yield record
        elif number not in first:
            if len(first) < MOST_ORDERS:
                first[number] = record.cells[amount].strip()
            yield record
        else:
            again = record.cells[amount].strip() in ("", first[number])
            yield record._replace(left_out=OTHER_ROW) if again else record

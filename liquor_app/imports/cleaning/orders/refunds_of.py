"""Refunds under a number of their own that name the order they are of ("Original Receipt"): they are rows of that
order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.cleaning.orders.status_words import is_no
from liquor_app.imports.readers.row_reader import Record

FIELD = "refund_of"
"""The column that names the order."""


def refunds_of(records: Iterable[Record], at: Mapping[str, int], decimal: str) -> Iterable[Record]:
    """Return the rows of a file; one of less than nothing that names the order it is of has that order's number. What
    is above zero is a sale by itself, whatever it names: an exchange's new bottle.

    Args:
        at: field → position of its column.
        decimal: the file's decimal mark.
    """
    if FIELD not in at or "order_id" not in at:
        return records
    return _named(records, at[FIELD], at["order_id"], RowWorth(at, decimal))


def _named(records: Iterable[Record], of: int, order: int, worth: RowWorth) -> Iterator[Record]:
    for record in records:
        if record.problem or is_no(record.cells[of]) or worth(record.cells) >= 0:
            yield record
            continue
        cells = list(record.cells)
        cells[order] = cells[of]
        yield record._replace(cells=cells, own=record.told)

"""Rows that tell a whole order once more, word for word, as two exports put together do. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.orders.money_names import OF_AN_ORDER, TOTAL, unitless
from liquor_app.imports.profiles.tool_profile import REPEATED
from liquor_app.imports.readers.row_reader import Record

MOST_ROWS = 200_000
"""Rows that are held to be met again; of a longer file the rest is not told apart."""
_OF_LINES = frozenset({"product", "sku", "quantity", "unit_price", "category", "brand"})
_PARTS = re.compile(
    r"\b(?:items?|lines?|products?|sku|upc|qty|quantity|tender|payments?|paid by|method|card|splits?)\b"
)
"""Columns of what an order has several of: of two bottles, or two halves paid alike, each row counts."""


def once_each(records: Iterable[Record], columns: Sequence[str], at: Mapping[str, int]) -> Iterable[Record]:
    """Return the rows of a file; where each tells what a whole order came to and no line of it, one that is another
    word for word is left out.

    Args:
        at: field → position of its column.
    """
    amount = at.get("amount", len(columns))
    if amount >= len(columns) or at.get("order_id", len(columns)) >= len(columns) or _OF_LINES & at.keys():
        return records
    words = column_words(columns[amount])
    if (unitless(columns[amount]) not in TOTAL and not OF_AN_ORDER.search(words)) or any(
        _PARTS.search(column_words(one)) for one in columns
    ):
        return records
    return _once(records, at["order_id"])


def _once(records: Iterable[Record], order: int) -> Iterator[Record]:
    seen = set[int]()
    for record in records:
        if record.problem or record.left_out or not record.cells[order].strip():
            yield record
            continue
        told = hash(tuple(record.cells))
        if told in seen:
            yield record._replace(left_out=REPEATED)
            continue
        if len(seen) < MOST_ROWS:
            seen.add(told)
        yield record

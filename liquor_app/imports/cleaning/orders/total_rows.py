"""Rows of a report that sum up others ("Grand Total", "Receipt 1001 Total"): of no day, they are no lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from liquor_app.imports.cleaning.cells import REMEMBERED
from liquor_app.imports.cleaning.orders.status_words import MOST_LETTERS, word_of
from liquor_app.imports.profiles.tool_profile import TOTALS
from liquor_app.imports.readers.row_reader import Record

_SUMS = re.compile(
    r"^(?:(?:grand|sub|report|page|overall|daily|day|store|order|receipt|invoice|ticket|customer|running|net|gross) )?"
    r"(?:totals?|subtotals?|sums?|averages?|avg|count|records|rows|gesamt|gesamtsumme|summe|zwischensumme|totales|suma"
    r"|totaux|somme|totale)$| (?:sub)?totals?$"
)


@lru_cache(maxsize=REMEMBERED)
def sums_up(cell: str) -> str:
    """Return the words by which a cell says that its row sums up others; "" for any other."""
    word = word_of(cell) if len(cell) <= MOST_LETTERS else ""
    return word if word and _SUMS.search(word) else ""


def leave_out_totals(records: Iterable[Record], day: int) -> Iterator[Record]:
    """Yield the rows of a file; those that sum up others are left out by their word. Only a row without a day may be
    one, so that whatever was bought on one is a line, be it called "Total Wine Gift Set" or "Total".

    Args:
        day: the position of when it was bought.
    """
    for record in records:
        if record.problem or (record.cells[day].strip() and not sums_up(record.cells[day])):
            yield record
            continue
        word = next((found for cell in record.cells if cell and (found := sums_up(cell))), "")
        yield record._replace(left_out=f"{TOTALS}: {word[:MOST_LETTERS]}") if word else record


def is_sum(left_out: str) -> bool:
    """Tell whether a row is left out because it sums up others."""
    return left_out.startswith(TOTALS)

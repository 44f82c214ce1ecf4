"""Rows of a report that sum up others ("Grand Total", "Receipt 1001 Total") or close it ("End of report", "Total
customers: 3"): of no day they are no lines, of no address nobody. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
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
_THINGS = (
    r"(?:customers?|clients?|members?|people|persons|contacts?|subscribers?|profiles?|records?|rows?|entries|lines"
    r"|items?|orders?|sales|transactions?|receipts?|invoices?|tickets?)"
)
_CLOSES = re.compile(
    r"^(?:end of (?:the )?(?:report|file|list|listing|data|document|page)|(?:report|file|list) end|end)$"
    rf"|^(?:(?:grand|report) )?(?:totals?|count|number)(?: number)?(?: of)? {_THINGS}(?: (?:listed|found|exported))?$"
    rf"|^{_THINGS} (?:totals?|counts?|listed|found|exported)$|^page of$"
)
_COUNTED = re.compile(rf"^{_THINGS}(?: (?:listed|found|exported))?$")
_LONE = re.compile(r"^(?:(?:grand|sub|report|page|overall|running) )?(?:totals?|subtotals?|count|records|rows)$")
"""Of a list of people: "Average" and "Summe" are names, and a name may end in "Total"."""


def sums_up(cell: str) -> str:
    """Return the words by which a cell says that its row sums up others; "" for any other."""
    return "" if _NO_LETTERS.fullmatch(cell) else _sums_up(cell)


_NO_LETTERS = re.compile(r"[\d\s/.:,$-]*", re.ASCII)
"""Days and sums, of which a file has as many as rows: no word is in them."""


@lru_cache(maxsize=REMEMBERED)
def _sums_up(cell: str) -> str:
    word = word_of(cell) if len(cell) <= MOST_LETTERS else ""
    return word if word and (_SUMS.search(word) or closes(cell)) else ""


def closes(cell: str) -> bool:
    """Tell whether a cell closes a report, or counts what it listed: "End of report", "Total customers: 3"."""
    word = word_of(cell) if len(cell) <= MOST_LETTERS else ""
    is_counted = any(letter.isdigit() for letter in cell) and _COUNTED.search(word) is not None
    return bool(word) and (is_counted or _CLOSES.search(word) is not None)


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


def leave_out_footers(records: Iterable[Record], reach: Sequence[int]) -> Iterator[Record]:
    """Yield the rows of a list of people; those that close it are left out by their word. Only a row that nobody is
    reached by may be one, and only by its first filled cell, with no letter behind it: whoever is called "Anna Total"
    stays.

    Args:
        reach: the positions of addresses and numbers.
    """
    for record in records:
        cells = record.cells
        if any(place < len(cells) and cells[place].strip() for place in reach):
            yield record  # almost everybody
            continue
        filled = [cell.strip() for cell in cells if cell.strip()]
        is_last = bool(filled) and (closes(filled[0]) or _LONE.search(word_of(filled[0])) is not None)
        if not is_last or any(letter.isalpha() for cell in filled[1:] for letter in cell):
            yield record
        else:
            yield record._replace(left_out=f"{TOTALS}: {word_of(filled[0])}", problem="")


def is_sum(left_out: str) -> bool:
    """Tell whether a row is left out because it sums up others."""
    return left_out.startswith(TOTALS)

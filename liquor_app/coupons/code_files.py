"""Reading a list of coupon codes: one a line, or the column of a CSV file that is headed so. Pure.

A list is whatever a till or a shop system wrote: with headings or without, commas, semicolons or tabs between columns.
Nothing of a line is taken for a code that is only part of one: `"SAVE,AAA3"` is a code with a comma, and refused.
Headings may stand below `sep=;` and what a report says of itself. What a file costs grows with its length alone: a line
beyond `LONGEST_LINE` or `MOST_COLUMNS` is refused unread.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from liquor_app.core.errors import Invalid

SHOWN = 5
"""Refused lines told one by one."""
LONGEST_CELL = 20
"""Lines a cell between quotation marks may go over; a mark that is never closed would swallow the file."""
LONGEST_LINE = 10_000
"""Characters, also of lines that one cell goes over."""
MOST_COLUMNS = 200
HEAD = 25
"""Filled rows in which headings are looked for."""

_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/#-]{1,38}[A-Za-z0-9])")
_SEP = re.compile(r'\s*+"?sep=([,;\t|])"?\s*+', re.IGNORECASE)
"""How Excel is told what stands between the columns."""
_AMOUNT = re.compile(r"[-+]?[$€£]? ?\d[\d.,]*+ ?[%$€£]?")
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')
_INSIDE = re.compile(r'(?:[^"]|"")*+')
_AS_TEXT = re.compile(r'="([^"]*+)"|\'([^\']*+)')
"""How spreadsheets write that a cell is text."""

_CODE_WORDS = frozenset({"code", "codes", "coupon", "coupons", "voucher", "vouchers"})
_CODE_HEADINGS = _CODE_WORDS | {
    "coupon_code", "coupon-code", "couponcode", "discount_code", "discountcode", "promo", "promo_code", "promo-code",
    "promocode", "voucher_code", "voucher-code", "vouchercode",
}  # fmt: skip
_NAME_HEADINGS = frozenset({"name", "title"})
"""Shopify heads the codes of its discounts so."""
_OTHER_HEADINGS = frozenset({
    "id", "no", "no.", "nr", "number", "value", "amount", "type", "kind", "discount", "percent", "percentage", "status",
    "note", "notes", "description", "comment", "expires", "expiry", "expires on", "expires at", "valid until",
    "valid to",
    "valid from", "start", "starts at", "starts on", "end", "ends at", "ends on", "created", "created at", "created_at",
    "used", "uses", "usage limit", "times used", "customer", "email", "campaign", "currency", "price", "product", "sku",
    "quantity", "active",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that holds no code; `line` counts from 1."""

    line: int
    text: str


class _Row(NamedTuple):
    """A filled row of the beginning."""

    number: int
    line: str
    cells: list[str]

    @property
    def filled(self) -> int:
        return sum(map(bool, self.cells))

    @property
    def heads(self) -> list[str]:
        return [" ".join(cell.lower().split()) for cell in self.cells]


class CodeReader:
    """Codes of lines, numbered; counts what is none as it goes. At most `most` are handed on.

    Raises, as it is gone through:
        Invalid: no heading tells which of several columns holds the codes, and the first does not look like it.
    """

    def __init__(self, lines: Iterable[str], most: int) -> None:
        self._lines = lines
        self._most = most
        self._column, self._mark = 0, ","
        self.taken = self.refused = self.beyond = 0
        self.examples: list[Refused] = []

    def __iter__(self) -> Iterator[tuple[int, str]]:
        records = _records(self._lines)
        for number, line in self._below_headings(records):
            cells = _cells(line, self._mark)
            code = _bare(cells[self._column]) if cells and self._column < len(cells) else ""
            if _CODE.fullmatch(code) is None or code not in line:  # "11"1 is no 111
                if cells is None or any(map(_bare, filter(None, cells))):
                    self._refuse(number, code or line)
            elif self.taken >= self._most:
                self.beyond += 1
            else:
                self.taken += 1
                yield number, code

    def _below_headings(self, records: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Read the headings, if there are any; what is left is rows of codes."""
        first = next(records, None)
        said = None if first is None else _SEP.fullmatch(first[1])
        records = records if first is None or said else chain([first], records)
        head, rows = list[tuple[int, str]](), list[_Row]()
        while len(rows) < HEAD and (record := next(records, None)) is not None:
            number, line = record
            cells = [
                _bare(cell) for cell in _cells(line, said[1] if said else _mark_of(line[:LONGEST_LINE], ",")) or ()
            ]
            head.append(record)
            if any(cells):
                rows.append(_Row(number, line, cells))
        at = _headings_at(rows)
        about = rows[0 if at is None else at] if rows else None
        if about:
            self._mark = said[1] if said else _mark_of(about.line, self._mark)
        if at is None:
            _check_first_column(rows)
            return chain(head, records)
        for row in rows[:at]:  # what a report says of itself; it might be a code
            self._refuse(row.number, row.line)
        self._take_column(rows[at])
        return chain((one for one in head if one[0] > rows[at].number), records)

    def _take_column(self, row: _Row) -> None:
        """Take the column the codes stand in. Where only the words beside say so ("Name", "Value"), its heading is told
        among the lines refused: it might be a code."""
        heads = row.heads
        if named := [place for place, head in enumerate(heads) if _heads_codes(head)]:
            self._column = named[0]
            return
        wanted = [place for place, head in enumerate(heads) if head in _NAME_HEADINGS] or [
            place for place, head in enumerate(heads) if head and head not in _OTHER_HEADINGS
        ]
        self._column = wanted[0] if wanted else 0
        self._refuse(row.number, row.cells[self._column])

    def _refuse(self, number: int, text: str) -> None:
        self.refused += 1
        if len(self.examples) < SHOWN:
            shown = "".join(letter if letter.isprintable() else "?" for letter in text.strip()[:40])
            self.examples.append(Refused(number, shown))


def _headings_at(rows: list[_Row]) -> int | None:
    """Return which row heads the columns: the first, or one below the title of a report."""
    found = None
    for at, row in enumerate(rows):
        if not at:
            found = 0 if _is_named(row) or _is_known(row) else None
            continue
        above = rows[:at]
        is_wider = row.filled > max(one.filled for one in above)
        # a title of one word looks like a code: nothing but its own list tells
        are_titles = all(_is_named(one) or not any(map(_CODE.fullmatch, one.cells)) for one in above)
        if _is_named(row):
            is_beside = row.filled > 1 and not _OTHER_HEADINGS.isdisjoint(row.heads)
            if is_beside or (row.filled > 1 and is_wider) or are_titles:
                found = at
        elif found is None and is_wider and are_titles and _is_known(row):
            found = at
    return found


def _is_named(row: _Row) -> bool:
    """Tell whether a cell heads codes; beside a code, "voucher" is what kind it is of."""
    named = [_heads_codes(head) for head in row.heads]
    others = (cell for cell, is_one in zip(row.cells, named, strict=True) if not is_one)
    return any(named) and not any(_CODE.fullmatch(cell) and _has_digit(cell) for cell in others)


def _is_known(row: _Row) -> bool:
    known = _NAME_HEADINGS if len(row.cells) == 1 else _NAME_HEADINGS | _OTHER_HEADINGS
    return not known.isdisjoint(row.heads) and not any(map(_has_digit, row.heads))


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _check_first_column(rows: list[_Row]) -> None:
    """
    Raises:
        Invalid: amounts or words said again and again stand first, and what looks like codes beside them.
    """
    wide = [row for row in rows if len(row.cells) > 1]
    if len(wide) < 2:
        return
    first = [row.cells[0] for row in wide]
    if len({one.lower() for one in first}) == len(first) and not all(map(_AMOUNT.fullmatch, first)):
        return
    for place in range(1, min(len(row.cells) for row in wide)):
        column = [row.cells[place] for row in wide]
        if len({one.lower() for one in column}) == len(column) and all(map(_looks_like_code, column)):
            raise Invalid(
                f"No heading says which column holds the codes: the first has “{first[0][:40]}”, column {place + 1} has"
                f" “{column[0]}”. Put a line above them that has Code over the codes.",
                field="codes",
            )


def _looks_like_code(cell: str) -> bool:
    return _CODE.fullmatch(cell) is not None and _AMOUNT.fullmatch(cell) is None and _has_digit(cell)


def _heads_codes(head: str) -> bool:
    """Tell whether a heading is that of codes: "Code", "coupon_code", "Discount code"; no code has a space."""
    words = head.split()
    return head in _CODE_HEADINGS or (1 < len(words) <= 3 and not _CODE_WORDS.isdisjoint(words))


def _records(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Give lines with the number they begin at; those one cell goes over, as one."""
    source = iter(lines)
    waiting: list[str] = []
    number = 0
    while True:
        line = waiting.pop(0) if waiting else next(source, None)
        if line is None:
            return
        number += 1
        first, taken = number, 0
        line = line.removeprefix("\ufeff")
        if len(line) <= LONGEST_LINE and _is_open(line):
            waiting += islice(source, max(LONGEST_CELL - len(waiting), 0))
            whole = line
            for ahead, more in enumerate(waiting, 1):
                if len(whole) + len(more) > LONGEST_LINE:
                    break
                whole = f"{whole.rstrip()} {more}"
                if not _stays_open(more):
                    line, taken = whole, ahead
                    break
            del waiting[:taken]
            number += taken
        yield first, line


def _is_open(line: str) -> bool:
    """Tell whether a line ends within a cell that began with a quotation mark."""
    if line.count('"') % 2 == 0:  # each closes the one before it
        return False
    left = _QUOTED.sub("", line)
    at = left.find('"')
    # within a cell a mark is a letter like any other: 5" glass
    return at >= 0 and left[:at].rstrip(" ")[-1:] in ("", ",", ";", "\t")


def _stays_open(more: str) -> bool:
    """Tell whether a cell that is open still is, or another one, behind one line more."""
    inside = _INSIDE.match(more)
    end = inside.end() if inside else 0
    return end == len(more) or _is_open(more[end + 1 :])


def _mark_of(line: str, usual: str) -> str:
    """Return what stands between the columns: the first such mark outside of quotation marks."""
    return next((letter for letter in _QUOTED.sub("", line) if letter in ",;\t"), usual)


def _cells(line: str, mark: str) -> list[str] | None:
    """Return the cells of a line as they are written; None where they are too many, or the line too long."""
    if len(line) > LONGEST_LINE:
        return None
    if _is_open(line):
        return [line]
    outside = _QUOTED.sub("", line) if '"' in line else line
    if mark not in outside:
        mark = next((letter for letter in ",;\t" if letter in outside), mark)
    if outside.count(mark) >= MOST_COLUMNS:
        return None
    try:
        return next(csv.reader([line.strip("\r\n")], delimiter=mark, skipinitialspace=True), [])
    except csv.Error:
        return [line]


def _bare(cell: str) -> str:
    cell = cell.strip()
    found = _AS_TEXT.fullmatch(cell)
    return (found[1] or found[2] or "").strip() if found else cell

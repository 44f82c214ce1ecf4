"""Reading a list of coupon codes: one a line, or the column of a CSV file that is headed so. Pure.

A list is whatever a till or a shop system wrote: with headings or without, commas, semicolons or tabs between columns.
Nothing of a line is taken for a code that is only part of one: `"SAVE,AAA3"` is a code with a comma, and refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

SHOWN = 5
"""Refused lines told one by one."""
LONGEST_CELL = 20
"""Lines a cell between quotation marks may go over; a mark that is never closed would swallow the file."""

_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/#-]{1,38}[A-Za-z0-9])")
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')
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


class CodeReader:
    """Codes of lines, numbered; counts what is none as it goes. At most `most` are handed on."""

    def __init__(self, lines: Iterable[str], most: int) -> None:
        self._lines = lines
        self._most = most
        self._column, self._mark = 0, ","
        self.taken = self.refused = self.beyond = 0
        self.examples: list[Refused] = []

    def __iter__(self) -> Iterator[tuple[int, str]]:
        is_first = True
        for number, line in _records(self._lines):
            cells = _cells(line, self._mark)
            if not any(cells):
                continue
            if is_first:
                is_first = False
                self._mark = _mark_of(line, self._mark)
                if self._reads_headings(number, cells):
                    continue
            code = cells[self._column] if self._column < len(cells) else ""
            if _CODE.fullmatch(code) is None:
                self._refuse(number, code or line)
            elif self.taken >= self._most:
                self.beyond += 1
            else:
                self.taken += 1
                yield number, code

    def _reads_headings(self, number: int, cells: list[str]) -> bool:
        """Tell whether the first row heads columns, and take the one the codes stand in. Where only the words beside
        say so ("Name", "Value"), it is told among the lines refused: it might be a code."""
        heads = [" ".join(cell.lower().split()) for cell in cells]
        named = [place for place, head in enumerate(heads) if _heads_codes(head)]
        if named:
            self._column = named[0]
            return True
        known = _NAME_HEADINGS if len(heads) == 1 else _NAME_HEADINGS | _OTHER_HEADINGS
        if known.isdisjoint(heads) or any(letter.isdigit() for head in heads for letter in head):
            return False
        wanted = [place for place, head in enumerate(heads) if head in _NAME_HEADINGS] or [
            place for place, head in enumerate(heads) if head and head not in _OTHER_HEADINGS
        ]
        self._column = wanted[0] if wanted else 0
        self._refuse(number, cells[self._column])
        return True

    def _refuse(self, number: int, text: str) -> None:
        self.refused += 1
        if len(self.examples) < SHOWN:
            shown = "".join(letter if letter.isprintable() else "?" for letter in text.strip()[:40])
            self.examples.append(Refused(number, shown))


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
        if _is_open(line):
            waiting += islice(source, max(LONGEST_CELL - len(waiting), 0))
            whole = line
            for ahead, more in enumerate(waiting, 1):
                whole = f"{whole.rstrip()} {more}"
                if not _is_open(whole):
                    line, taken = whole, ahead
                    break
            del waiting[:taken]
            number += taken
        yield first, line


def _is_open(line: str) -> bool:
    """Tell whether a line ends within a cell that began with a quotation mark."""
    if '"' not in line:
        return False
    left = _QUOTED.sub("", line)
    at = left.find('"')
    # within a cell a mark is a letter like any other: 5" glass
    return at >= 0 and left[:at].rstrip(" ")[-1:] in ("", ",", ";", "\t")


def _mark_of(line: str, usual: str) -> str:
    """Return what stands between the columns: the first such mark outside of quotation marks."""
    return next((letter for letter in _QUOTED.sub("", line) if letter in ",;\t"), usual)


def _cells(line: str, mark: str) -> list[str]:
    if _is_open(line):
        return [line]
    outside = _QUOTED.sub("", line) if '"' in line else line
    if mark not in outside:
        mark = next((letter for letter in ",;\t" if letter in outside), mark)
    try:
        found = next(csv.reader([line.strip("\r\n")], delimiter=mark, skipinitialspace=True), [])
    except csv.Error:  # a cell beyond 131,072 letters
        return [line]
    return [_bare(cell) for cell in found]


def _bare(cell: str) -> str:
    cell = cell.strip()
    found = _AS_TEXT.fullmatch(cell)
    return (found[1] or found[2] or "").strip() if found else cell

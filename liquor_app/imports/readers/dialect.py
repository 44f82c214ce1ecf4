"""How a file writes dates and numbers, and numbers its orders, told by evidence over its first rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from liquor_app.core.errors import Invalid
from liquor_app.imports.readers.row_reader import Record
from liquor_app.ui.words import figure

DATES = ("occurred_at", "date_of_birth", "consent_at")
NUMBERS = (
    "amount", "unit_price", "discount", "coupon_discount", "order_discount", "order_total", "quantity",
    "price", "sale_price", "cost", "minimum_price",
)  # fmt: skip
ORDERS = {"mdy": "month first (11/24/2026)", "dmy": "day first (24/11/2026)"}
MARKS = {".": "points (1,234.50)", ",": "commas (1.234,50)"}
SHOP, STORE, REGISTER = "shop", "store", "register"
NUMBERINGS = {
    SHOP: "one series for all stores", STORE: "each store begins anew", REGISTER: "each register begins anew",
}  # fmt: skip
"""How receipts are numbered."""
SAMPLE_ROWS = 1_000

NEVER_EITHER = "No date in the first rows could be read either way"

_SLASHED = re.compile(r"^\s*(\d{1,2})[/-](\d{1,2})[/-](?:\d{4}|\d{2})\b")
_COMMA = re.compile(r"^\D{0,2}(?:\d+,\d{1,2}|\d{1,3}(?:[ .]\d{3})+,\d+)\D{0,2}$")
_POINT = re.compile(r"^\D{0,2}(?:\d+\.\d{1,2}|\d{1,3}(?:[ ,]\d{3})+\.\d+)\D{0,2}$")


@dataclass(frozen=True)
class Dialect:
    """`date_order` is `mdy` or `dmy`, `decimal` is `.` or `,`, `numbering` one of `NUMBERINGS`; the evidence is a
    sentence, empty if nothing tells."""

    date_order: str = "mdy"
    decimal: str = "."
    date_evidence: str = ""
    decimal_evidence: str = ""
    numbering: str = SHOP
    numbering_evidence: str = ""


def guess_dialect(records: Iterable[Record], at: Mapping[str, int]) -> Dialect:
    """Tell what the first rows say. Where nothing can only be one thing, dates are read month first, numbers with
    points.

    Args:
        records: the first `SAMPLE_ROWS` or so.
        at: field → position of its cell.
    """
    dates, numbers = [at[name] for name in DATES if name in at], [at[name] for name in NUMBERS if name in at]
    days, months, commas, points = set[int](), set[int](), set[int](), set[int]()
    example = {"dmy": "", "mdy": "", ",": "", ".": ""}
    is_slashed = False
    for record in records:
        if record.problem:
            continue
        for position in dates:
            found = _SLASHED.match(record.cells[position])
            if found is None:
                continue
            is_slashed = True
            first, second = int(found[1]), int(found[2])
            if first > 12 and _is_day(second, first):
                days.add(record.number)
                example["dmy"] = example["dmy"] or record.cells[position].strip()[:30]
            elif second > 12 and _is_day(first, second):
                months.add(record.number)
                example["mdy"] = example["mdy"] or record.cells[position].strip()[:30]
        for position in numbers:
            cell = record.cells[position].strip()
            if _COMMA.match(cell):
                commas.add(record.number)
                example[","] = example[","] or cell[:30]
            elif _POINT.match(cell):
                points.add(record.number)
                example["."] = example["."] or cell[:30]
    order, mark = ("dmy" if len(days) > len(months) else "mdy"), ("," if len(commas) > len(points) else ".")
    of_dates = _told(example[order], len(days), len(months)) if is_slashed or not dates else NEVER_EITHER
    evidence = of_dates, _told(example[mark], len(commas), len(points))
    return Dialect(order, mark, *evidence)


def is_slashed(cell: str) -> bool:
    """Tell whether a cell begins as a date with slashes or dashes whose day or month may come first."""
    return _SLASHED.match(cell) is not None


_SHORT = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def _is_day(month: int, day: int) -> bool:
    """Tell whether a month has such a day in some year: a day there never was proves no order."""
    return 1 <= month <= 12 and 1 <= day <= _SHORT.get(month, 31)


def _told(example: str, one: int, other: int) -> str:
    if not example:
        return ""
    most, least = max(one, other), min(one, other)
    says = f"1 row such as {example} says so" if most == 1 else f"{figure(most)} rows such as {example} say so"
    return f"{says}, {figure(least)} against" if least else says


def chosen_dialect(guessed: Dialect, options: Mapping[str, Any]) -> Dialect:
    """Return the guess with what somebody said instead.

    Raises:
        Invalid: an unknown option or value.
    """
    for name, known in (("date_order", ORDERS), ("decimal", MARKS), ("numbering", NUMBERINGS)):
        if name in options and options[name] not in known:
            raise Invalid(f"{name} must be one of {' '.join(known)}", field=name)
    return Dialect(
        str(options.get("date_order", guessed.date_order)),
        str(options.get("decimal", guessed.decimal)),
        guessed.date_evidence,
        guessed.decimal_evidence,
        str(options.get("numbering", guessed.numbering)),
        guessed.numbering_evidence,
    )

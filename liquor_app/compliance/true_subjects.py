"""Whether a subject line that says when something ends tells the truth. Pure.

An untrue deadline in a subject ("ends today", and tomorrow again) costs $500 to $1,500 a message in Washington (CEMA,
RCW 19.190.020 and .040), and is deceptive everywhere (15 U.S.C. § 7704(a)(2)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]  # fmt: skip
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in _MONTHS).replace("sep(", "sept?(")
_DAY = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _DAYS)
_CUE = (
    r"(?:ends?|ending|until|till|through|thru|by|before|expir(?:es|ing|e)|closes?|closing|over|only|deadline|last|final"
    r"|gone|valid|good)"
)
_ENDS_NOW = re.compile(
    rf"\b(?:last|final) (?:day|days?'? call|chance|call|hours?|minutes)\b|\b(?:today|tonight) only\b|\bone day only\b"
    rf"|\b{_CUE} (?:[\w']+ )?(?:today|tonight|midnight)\b"
    r"|\b(?:today|tonight)(?:'s)? (?:is )?(?:the )?(?:last|final|only)\b"
    r"|\b(?:ends?|ending|expires?) (?:soon|now|in (?:a few |[1-9] )?hours?)\b",
    re.IGNORECASE,
)
_TOMORROW = re.compile(rf"\b{_CUE} (?:[\w']+ )?tomorrow\b", re.IGNORECASE)
_WEEKDAY = re.compile(rf"\b{_CUE} (?:this |on )?({_DAY})\b(?!,? (?:\d|{_MONTH}))", re.IGNORECASE)
_MONTH_DAY = re.compile(
    rf"\b{_CUE} (?:on )?(?:(?:{_DAY}),? )?({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b", re.IGNORECASE
)
_DAY_MONTH = re.compile(
    rf"\b{_CUE} (?:on )?(?:the )?(?:(?:{_DAY}),? )?(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH})\b", re.IGNORECASE
)
_NUMBERS = re.compile(rf"\b{_CUE} (?:on )?(\d{{1,2}})/(\d{{1,2}})\b", re.IGNORECASE)
_LEFT = re.compile(r"\b(\d{1,3})[ -](hours?|days?)(?:'s?)? (?:left|only|to go|remain(?:ing)?|sale)\b", re.IGNORECASE)


def told_deadlines(subject: str, on: date) -> list[frozenset[date]]:
    """Return for each deadline a subject line tells, read on a day, the last days it may mean."""
    return list(_told(subject, on))


def is_true_on(subject: str, on: date, last_day: date | None) -> bool:
    """Tell whether a subject sent on a day is true of an offer that holds through `last_day` (None: nobody knows)."""
    return all(last_day in meant for meant in told_deadlines(subject, on))


def _told(subject: str, on: date) -> Iterator[frozenset[date]]:
    if _ENDS_NOW.search(subject):
        yield frozenset({on})
    if _TOMORROW.search(subject):
        yield frozenset({on + timedelta(days=1)})
    for found in _WEEKDAY.finditer(subject):
        ahead = (_index(_DAYS, found[1]) - on.weekday()) % 7
        yield frozenset({on + timedelta(days=ahead)})
    for found in _MONTH_DAY.finditer(subject):
        yield _dates(on, _index(_MONTHS, found[1]) + 1, int(found[2]))
    for found in _DAY_MONTH.finditer(subject):
        yield _dates(on, _index(_MONTHS, found[2]) + 1, int(found[1]))
    for found in _NUMBERS.finditer(subject):
        yield _dates(on, int(found[1]), int(found[2]))
    for found in _LEFT.finditer(subject):
        days = int(found[1]) if found[2].lower().startswith("day") else -(-int(found[1]) // 24)
        # "two days left" counts today to some, and not to others
        yield frozenset({on + timedelta(days=days), on + timedelta(days=max(days - 1, 0))})


def _index(names: list[str], written: str) -> int:
    return next(place for place, name in enumerate(names) if name.startswith(written.lower()[:3]))


def _dates(on: date, month: int, day: int) -> frozenset[date]:
    """Return the day in this year and the next; none if there is no such day, which then is true of nothing."""
    found = set()
    for year in (on.year, on.year + 1):
        try:
            found.add(date(year, month, day))
        except ValueError:
            continue
    return frozenset(found)

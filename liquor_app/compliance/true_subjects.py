"""Whether a subject line that says when something ends tells the truth. Pure.

An untrue deadline in a subject ("ends today", and tomorrow again) costs $500 to $1,500 a message in Washington (CEMA,
RCW 19.190.020 and .040), and is deceptive everywhere (15 U.S.C. § 7704(a)(2)).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from liquor_app.compliance.offer_words import plain_words
from liquor_app.compliance.spanish_deadlines import in_english
from liquor_app.compliance.spelled_deadlines import spelled_out

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
_UNTIL = r"(?:ends?|ending|until|till|through|thru|expir(?:es|ing|e)|closes?|closing|gone|valid|good|only)"
"""Of these no "by" and no "over": "come by this weekend" tells no deadline."""
_TIME = r"\d{1,2}(?::\d\d)? ?(?:am|pm)"
_COUNTS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(_COUNTS)})"
_ENDS_NOW = re.compile(
    rf"\b(?:last|final) (?:day|days?'? call|chance|call|hours?|minutes)\b|\b(?:today|tonight) only\b"
    r"|\b(?:one|1|single)[ -]day[ -](?:only|sale|event|deal|offer|special)s?\b"
    rf"|\b{_CUE} (?:at |by )?(?:{_TIME} )?(?:[\w']+ )?(?:today|tonight|midnight)\b"
    rf"|\b(?:ends?|ending|expir(?:es|ing|e)|clos(?:es|ing)|over|gone) (?:at|by) (?:noon|{_TIME})\b"
    rf"(?! (?:on|tomorrow|{_DAY}|{_MONTH})\b)"
    r"|\b(?:after|past) (?:today|tonight)\b|\btomorrow (?:it|they)(?:'s|'re| is| are) (?:gone|over)\b"
    r"|\b(?:today|tonight) (?:it |they |everything )?(?:ends|expires)\b"
    r"|\b(?:today|tonight)(?:'s)? (?:is )?(?:the )?(?:last|final|only)\b"
    r"|\b(?:ends?|ending|expires?) (?:soon|now|in (?:a few |[1-9] )?hours?)\b"
    r"|(?<!\d )(?<![\d-])\b(?:hours|minutes) (?:left|to go|remain(?:ing)?)\b"
    rf"|\b{_CUE} (?:the )?end of (?:the )?(?:business )?day\b",
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
_NUMBERS = re.compile(rf"\b(?:{_CUE}|to) (?:on )?(\d{{1,2}})/(\d{{1,2}})\b", re.IGNORECASE)
_DASHED = re.compile(
    r"\b(?:ends?|until|till|through|thru|expir(?:es|ing|e)) (?:on )?(\d{1,2})-(\d{1,2})\b(?![-\d])", re.IGNORECASE
)
_DATE_ONLY = re.compile(
    rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)? (?:only|is (?:the|your) deadline)\b", re.IGNORECASE
)
_NTH = re.compile(
    rf"\b{_UNTIL} (?:on )?the (\d{{1,2}})(?:st|nd|rd|th)\b(?! (?:of\b|century|anniversary|{_MONTH}))", re.IGNORECASE
)
_LEFT = re.compile(
    rf"\b({_COUNT})[ -](hours?|days?|weeks?)(?:'s?)?[ -](?:left|only|to go|remain(?:ing)?|sale|event)\b"
    r"|\b(?:ends?|ending|expir(?:es|ing|e)|clos(?:es|ing|e)|gone|over) in (?:just |only |about )?"
    rf"({_COUNT}|an?) (hours?|days?|weeks?)\b",
    re.IGNORECASE,
)
_WEEKEND = re.compile(
    rf"\b(?:this |the )?weekend only\b|\b{_UNTIL} (?:the end of )?(?:this|the|on the|at the) weekend\b", re.IGNORECASE
)
_PERIOD = re.compile(
    rf"\b{_CUE} (?:at )?(?:the )?end of (?:the |this )?(week|month|year|{_MONTH})\b|\bthis (week|month|year) only\b"
    rf"|\b{_UNTIL} (month|year)[ -]?end\b|\bonly this (week|month|year)\b",
    re.IGNORECASE,
)


def told_deadlines(subject: str, on: date) -> list[frozenset[date]]:
    """Return for each deadline a subject line tells, in English or Spanish, read on a day, the last days it may mean.
    Letters nobody sees, or that only look like ours, hide none."""
    return list(_told(spelled_out(in_english(plain_words(subject)), on), on))


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
    for found in (*_NUMBERS.finditer(subject), *_DASHED.finditer(subject)):
        yield _dates(on, int(found[1]), int(found[2]))
    for found in _DATE_ONLY.finditer(subject):
        yield _dates(on, _index(_MONTHS, found[1]) + 1, int(found[2]))
    for found in _NTH.finditer(subject):
        yield _dates(on, on.month % 12 + 1 if int(found[1]) < on.day else on.month, int(found[1]))
    if _WEEKEND.search(subject):
        sunday = on + timedelta(days=6 - on.weekday())
        yield frozenset({sunday})
    for found in _PERIOD.finditer(subject):
        yield _last_days(on, next(filter(None, found.groups())))
    for found in _LEFT.finditer(subject):
        count, unit = _number(found[1] or found[3]), found[2] or found[4]
        days = -(-count // 24) if unit.startswith("hour") else count * (7 if unit.startswith("week") else 1)
        # "two days left" counts today to some, and not to others
        yield frozenset({on + timedelta(days=days), on + timedelta(days=max(days - 1, 0))})


def _index(names: list[str], written: str) -> int:
    return next(place for place, name in enumerate(names) if name.startswith(written.lower()[:3]))


def _number(written: str) -> int:
    if written.isdigit():
        return int(written)
    return _COUNTS.index(written) + 1 if written in _COUNTS else 1


def _last_days(on: date, period: str) -> frozenset[date]:
    """Return the days this week, month or year may be said to end on, or the named month; to some a week ends on
    Friday, to others on Sunday."""
    if period == "week":
        return frozenset(
            {day for ahead in range(7 - on.weekday()) if (day := on + timedelta(days=ahead)).weekday() > 3}
        )
    if period == "year":
        return frozenset({date(on.year, 12, 31)})
    month = on.month if period == "month" else _index(_MONTHS, period) + 1
    year = on.year + (month < on.month)
    return frozenset({date(year, month, monthrange(year, month)[1])})


def _dates(on: date, month: int, day: int) -> frozenset[date]:
    """Return the day in this year and the next; none if there is no such day, which then is true of nothing."""
    found = set()
    for year in (on.year, on.year + 1):
        try:
            found.add(date(year, month, day))
        except ValueError:
            continue
    return frozenset(found)

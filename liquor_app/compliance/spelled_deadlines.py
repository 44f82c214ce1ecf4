"""How people write days and hours when they are in a hurry ("2nite", "48hrs", "until Christmas"), put into the words
`true_subjects` reads. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from liquor_app.compliance.holidays import Holiday, day_of

_A_WEEKDAY = r"(?:mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?"
_A_DAY = rf"(?:{_A_WEEKDAY}\b|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d|\d{{1,2}}/\d|tomorrow\b)"
_SPELLED = (
    (re.compile(r"\b(?:stops?|drops?|comes?|swings?|pops?) by\b"), "visits"),  # tells where, not until when
    (re.compile(r"\b(?:to[- ]day|2day)\b(?!s)"), "today"),
    (re.compile(r"\b(?:tonite|2nite|2night|to[- ]night)\b"), "tonight"),
    (re.compile(r"\b(\d{1,3})[ -]?(?:hrs?|h)\b"), r"\1 hours"),
    (re.compile(r"\b(?:hrs?)\b"), "hours"),
    (re.compile(r"\b(?:mins?)\b"), "minutes"),
    (re.compile(r"\bjust (today|tonight)\b"), r"only \1"),
    (
        re.compile(r"\b(?:finish(?:es)?|concludes?|wraps? up|disappears?|vanish(?:es)?|dies|stops)\b(?! in\b)"),
        "ends",
    ),
    (
        re.compile(r"\b(?:for|in|within|only) the next (\d{1,3}|one|two|three|four|five|six) (hours?|days?)\b"),
        r"\1 \2 left",
    ),
    (
        re.compile(r"\bonly (\d{1,3}|one|two|three|four|five|six) hours?\b(?! (?:old|away|drive|by|from|of))"),
        r"\1 hours left",
    ),
    (re.compile(r"\ban? (hour|day|week) (left|to go)\b"), r"one \1 \2"),
    (re.compile(r"\b(\d{1,3})[ -](hours?|days?)[ -](?:flash|only|super|big|mega) (sale|event)\b"), r"\1 \2 \3"),
    (re.compile(r"(\w): "), r"\1 "),
    (re.compile(r"(?:(?<=\s)|^)'?til\b"), "until"),
    (re.compile(r"\b(?:e\.?o\.?d|c\.?o\.?b)\b\.?(?= ?(?:$|[!,.;:)-]|today|tonight))"), "end of day"),
    (re.compile(r"\btoday (?:and|&|\+|or) tomorrow only\b|\bonly today (?:and|&|\+) tomorrow\b"), "only tomorrow"),
    # the day stands behind: the last day, or the hour, is that day's
    (
        re.compile(
            rf"\b(?:last|final) (?:day|call|chance|hours)(?: is|'s| to \w+)?[,:]? ?(?:-|–)? ?(?=(?:on |this )?{_A_DAY})"
        ),
        "ends ",
    ),
    (re.compile(rf"\b(?:at |by )?(?:midnight|noon),? (?:on )?(?=(?:this )?{_A_DAY})"), ""),
    (
        re.compile(
            rf"\b(ends?|until|through|thru|expires?|by|to|closes) (?:this |on )?(?:{_A_WEEKDAY}),? (?=\d{{1,2}}/\d)"
        ),
        r"\1 ",
    ),
    (
        re.compile(
            r"\b(ends?|until|through|thru|expires?) (?:on )?(\d{1,2})\.(\d{1,2})(?![\d.]|%| ?(?:am|pm|abv|l\b))"
        ),
        r"\1 \2/\3",
    ),
)
_ISO = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_FEASTS: tuple[tuple[re.Pattern[str], Callable[[int], date]], ...] = (
    # longer names first
    (re.compile(r"\bnew year'?s? eve\b"), lambda year: date(year, 12, 31)),
    (re.compile(r"\bnew year'?s?(?: day)?\b"), lambda year: date(year, 1, 1)),
    (re.compile(r"\bmother'?s'? day\b"), lambda year: _nth_sunday(year, 5, 2)),
    (re.compile(r"\bfather'?s'? day\b"), lambda year: _nth_sunday(year, 6, 3)),
    (re.compile(r"\b(?:st\.? )?(?:patrick|paddy)'?s day\b"), lambda year: date(year, 3, 17)),
    (re.compile(r"\bchristmas eve\b"), lambda year: date(year, 12, 24)),
    (re.compile(r"\b(?:christmas|xmas)(?: day)?\b"), lambda year: date(year, 12, 25)),
    (re.compile(r"\bthanksgiving(?: day)?\b"), lambda year: day_of(Holiday.THANKSGIVING, year)),
    (re.compile(r"\bblack friday\b"), lambda year: day_of(Holiday.THANKSGIVING, year) + timedelta(days=1)),
    (re.compile(r"\bcyber monday\b"), lambda year: day_of(Holiday.THANKSGIVING, year) + timedelta(days=4)),
    (re.compile(r"\bhalloween\b"), lambda year: date(year, 10, 31)),
    (re.compile(r"\bvalentine'?s?(?: day)?\b"), lambda year: date(year, 2, 14)),
    (re.compile(r"\b(?:july (?:4th|fourth)|(?:4th|fourth) of july|independence day)\b"), lambda year: date(year, 7, 4)),
    (re.compile(r"\blabor day\b"), lambda year: day_of(Holiday.LABOR, year)),
    (re.compile(r"\bmemorial day\b"), lambda year: day_of(Holiday.MEMORIAL, year)),
)


def _nth_sunday(year: int, month: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=6 - first.weekday() + 7 * (nth - 1))


def spelled_out(plain: str, on: date) -> str:
    """Return a subject line in plain words with its days and hours spelled out, as read on a day."""
    for pattern, words in _SPELLED:
        plain = pattern.sub(words, plain)
    plain = _ISO.sub(lambda found: _named(int(found[2]), int(found[3])), plain)
    for pattern, of_year in _FEASTS:
        if pattern.search(plain):
            day = next(one for year in (on.year, on.year + 1) if (one := of_year(year)) >= on)
            plain = pattern.sub(_named(day.month, day.day), plain)
    return plain


def _named(month: int, day: int) -> str:
    return f"{_MONTHS[month - 1]} {day}" if 1 <= month <= 12 else ""

"""Calendar spans that words name: "last month" is the calendar month before this one, in the shop's zone. Pure.

A rolling number of days ("the past month", "30 days") is no span: `matching.days_in`. Only finished days are counted,
so "this month" ends yesterday.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from liquor_app.core.errors import Invalid
from liquor_app.ui.words import show_days, show_full_day

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_NAMES = "|".join(MONTHS)
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_YEAR = r"(\d{4}|last year|this year)"
_NEAR = re.compile(r"\b(this|current|last|previous) (week|month|quarter|year)(?:'s)?\b")
_TO_DATE = re.compile(r"\b(?:(week|month|quarter|year)[ -]to[ -]date|(ytd|mtd|qtd))\b")
_QUARTER = re.compile(
    rf"\b(?:q([1-4])|({'|'.join(_ORDINALS)}) quarter)(?:(?:,| of| in)?(?: the)? {_YEAR})?\b"
)  # fmt: skip
_MONTH = re.compile(
    rf"\b(?:(?:in|during|of|for|through|over)(?: (last))? ({_NAMES})(?:,? {_YEAR})?|({_NAMES}),? {_YEAR})\b"
)
_WHOLE_YEAR = re.compile(r"\b(?:in|during|of|for|through|over) ((?:19|20)\d{2})\b")
_KEY = re.compile(
    rf"(?:(this|last)-(week|month|quarter|year)|(?:q([1-4])|({_NAMES}))(?:-(\d{{4}}|this|last))?|y-(\d{{4}})"
    r"|(yesterday|today)|past-(\d{1,3})-(days?|weeks?|months?))"
)
_NUMBERS = {
    word: nth for nth, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=1
    )
}  # fmt: skip
_PAST = re.compile(rf"\b(?:last|past|previous|latest) (\d{{1,3}}|{'|'.join(_NUMBERS)}) (day|week|month)s?\b(?! ago)")
_ROLLING = {("day", 7), ("day", 30), ("day", 90), ("day", 365), ("week", 1), ("month", 1), ("month", 3), ("month", 12)}
"""Those that are told as a number of days: `matching.days_in`."""
_SHORT = "|".join(name[:3] for name in MONTHS)
_OTHER_TIMES = re.compile(
    rf"\b(?:ago|since|until|till|between|next|coming|tomorrow|tonight|weekends?|half|before last|\w+ night"
    rf"|spring|summer|autumn|winter|christmas|thanksgiving|easter|halloween|black friday|(?:mon|tues|wednes|thurs|fri"
    rf"|satur|sun)days?|(?:last|past|previous|latest) \w+ (?:day|week|month|quarter|year)s?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_SHORT})[a-z]*|(?:{_SHORT})[a-z]* \d{{1,2}}(?:st|nd|rd|th)?"
    rf"|\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}})\b"
)
"""Words that speak of days in ways that are not understood here."""
MOST_DAYS = 366
FIRST_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `start` to `end`, both finished; `words` name and date them: "Last month, 1 to 31 Oct 2026"."""

    start: date
    end: date
    words: str


def span_in(asked: str) -> str:
    """Return the key of the calendar span that words name; empty where they name none.

    >>> span_in("revenue last month"), span_in("Q3 last year"), span_in("in October"), span_in("the past month")
    ('last-month', 'q3-last', 'october', '')
    """
    words = " ".join(asked.lower().split())
    if found := re.search(r"\b(yesterday|today)\b", words):
        return found[1]
    if found := _PAST.search(words):
        many = int(found[1]) if found[1].isdigit() else _NUMBERS[found[1]]
        return "" if (found[2], many) in _ROLLING else f"past-{many}-{found[2]}{'s' if many != 1 else ''}"
    if found := _QUARTER.search(words):
        number = found[1] or str(_ORDINALS[found[2]])
        return f"q{number}{_year(found[3])}"
    if found := _MONTH.search(words):
        name, year = (found[2], found[3]) if found[2] else (found[4], found[5])
        return f"{name}{_year(year)}"
    if found := _NEAR.search(words):
        return f"{'this' if found[1] in ('this', 'current') else 'last'}-{found[2]}"
    if found := _TO_DATE.search(words):
        return f"this-{found[1] or {'y': 'year', 'm': 'month', 'q': 'quarter'}[found[2][0]]}"
    found = _WHOLE_YEAR.search(words)
    return f"y-{found[1]}" if found else ""


def speaks_of_other_days(asked: str) -> bool:
    """Tell whether words name days in a way that neither this nor `matching.days_in` hears: what is answered then is
    of other days, and must say so.

    >>> speaks_of_other_days("revenue two weeks ago"), speaks_of_other_days("revenue last month")
    (True, False)
    """
    words = " ".join(asked.lower().split())
    return not span_in(words) and not _PAST.search(words) and _OTHER_TIMES.search(words) is not None


def _year(said: str | None) -> str:
    return f"-{said.split()[0]}" if said else ""


def is_span(key: str) -> bool:
    """Tell whether it is the key of a span."""
    return _KEY.fullmatch(key) is not None


def span_of(key: str, today: date) -> Span:
    """Return the days of a span. A month or quarter without a year is the latest of which a day is over.

    Args:
        today: by the shop's clock.

    Raises:
        Invalid: it is none, none of its days is over, or it lies before `FIRST_YEAR`.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        raise Invalid("There is no such period.", field="period")
    near, unit, quarter, month, year, whole, day, many, of = found.groups()
    last = today - timedelta(days=1)
    if day == "today":
        raise Invalid("Today is not over: only finished days are counted.", field="period")
    if day or many:
        first, end = last if day else _back(last, int(many), of.rstrip("s")), last
        name = day or f"last {many} {of}"
        if not 0 <= (last - first).days < MOST_DAYS:
            raise Invalid(f"A period has 1 to {MOST_DAYS} days.", field="period")
    elif near:
        first, end = _unit(unit, today)
        if near == "last":
            first, end = _unit(unit, first - timedelta(days=1))
        name = f"{near} {unit}"
    elif whole:
        first, end = date(int(whole) or 1, 1, 1), date(int(whole) or 1, 12, 31)
        name = whole
    else:
        begins = MONTHS.index(month) + 1 if month else 3 * int(quarter) - 2
        first = _named(begins, year, last)
        _, end = _unit("month" if month else "quarter", first)
        name = f"{month.capitalize() if month else f'Q{quarter}'} {first.year}"
    if first > last:
        raise Invalid(f"No day of {name} is over yet.", field="period")
    if first.year < FIRST_YEAR:
        raise Invalid(f"The first day lies before the year {FIRST_YEAR}.", field="period")
    ends = min(end, last)
    so_far = " so far" if ends < end else ""
    days = show_days(first, ends) if first < ends else show_full_day(ends)
    return Span(first, ends, f"{name[:1].upper()}{name[1:]}{so_far}, {days}")


def _back(last: date, many: int, unit: str) -> date:
    """Return the first of so many days, weeks or months up to the last."""
    if unit != "month":
        return last - timedelta(days=many * (7 if unit == "week" else 1) - 1)
    years, rest = divmod(last.month - 1 - many, 12)
    days = _unit("month", date(last.year + years, rest + 1, 1))[1].day
    return date(last.year + years, rest + 1, min(last.day, days)) + timedelta(days=1)


def _named(month: int, year: str | None, last: date) -> date:
    """Return the first day of a month of a year, or of the latest that has begun."""
    if year is None:
        return date(last.year if month <= last.month else last.year - 1, month, 1)
    of = {"this": last.year, "last": last.year - 1}.get(year) or int(year)
    return date(max(of, 1), month, 1)


def _unit(unit: str, day: date) -> tuple[date, date]:
    """Return the first and last day of the week (Monday to Sunday), month, quarter or year a day lies in."""
    if unit == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    if unit == "year":
        return date(day.year, 1, 1), date(day.year, 12, 31)
    months = 3 if unit == "quarter" else 1
    begins = (day.month - 1) // months * months + 1
    after = date(day.year + (begins + months > 12), (begins + months - 1) % 12 + 1, 1)
    return date(day.year, begins, 1), after - timedelta(days=1)

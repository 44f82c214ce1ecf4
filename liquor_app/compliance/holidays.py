"""The legal holidays on which some states want no calls. Pure.

Days are those of 5 U.S.C. § 6103(a), with Good Friday and Mardi Gras, which some states add. One that falls on a Sunday
closes the Monday after it too, one on a Saturday the Friday before (5 U.S.C. § 6103(b), Ala. Code § 1-3-8(a)): where
states differ, the wider reading closes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

_MON, _THU = 0, 3


class Holiday(StrEnum):
    NEW_YEAR = "new_year"
    MARTIN_LUTHER_KING = "martin_luther_king"
    WASHINGTON = "washington"
    MARDI_GRAS = "mardi_gras"
    GOOD_FRIDAY = "good_friday"
    MEMORIAL = "memorial"
    JUNETEENTH = "juneteenth"
    INDEPENDENCE = "independence"
    LABOR = "labor"
    COLUMBUS = "columbus"
    VETERANS = "veterans"
    THANKSGIVING = "thanksgiving"
    CHRISTMAS = "christmas"


def _nth(month: int, weekday: int, which: int) -> Callable[[int], date]:
    """Return how to find the which-th weekday of a month; −1 is the last."""

    def day(year: int) -> date:
        if which > 0:
            first = date(year, month, 1)
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))
        last = date(year, month + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)

    return day


def _fixed(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (J. Meeus, Astronomical Algorithms, 2nd ed., ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    moon = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * moon) // 451
    month, day = divmod(h + moon - 7 * m + 114, 31)
    return date(year, month, day + 1)


_DAYS: Mapping[Holiday, Callable[[int], date]] = {
    Holiday.NEW_YEAR: _fixed(1, 1),
    Holiday.MARTIN_LUTHER_KING: _nth(1, _MON, 3),
    Holiday.WASHINGTON: _nth(2, _MON, 3),
    Holiday.MARDI_GRAS: lambda year: easter(year) - timedelta(days=47),
    Holiday.GOOD_FRIDAY: lambda year: easter(year) - timedelta(days=2),
    Holiday.MEMORIAL: _nth(5, _MON, -1),
    Holiday.JUNETEENTH: _fixed(6, 19),
    Holiday.INDEPENDENCE: _fixed(7, 4),
    Holiday.LABOR: _nth(9, _MON, 1),
    Holiday.COLUMBUS: _nth(10, _MON, 2),
    Holiday.VETERANS: _fixed(11, 11),
    Holiday.THANKSGIVING: _nth(11, _THU, 4),
    Holiday.CHRISTMAS: _fixed(12, 25),
}


def day_of(holiday: Holiday, year: int) -> date:
    """Return the day a holiday of a year is on, whenever it is kept."""
    return _DAYS[holiday](year)


@lru_cache(maxsize=512)
def closed_on(holiday: Holiday, year: int) -> frozenset[date]:
    """Return the days a holiday of a year closes: its own, and the one it is kept on."""
    day = _DAYS[holiday](year)
    kept = {5: day - timedelta(days=1), 6: day + timedelta(days=1)}.get(day.weekday(), day)
    return frozenset({day, kept})


def is_closed(day: date, holidays: frozenset[Holiday]) -> bool:
    """Tell whether one of these holidays closes a day; New Year's may be kept on the last day of the year before."""
    return any(day in closed_on(one, year) for one in holidays for year in (day.year, day.year + 1))

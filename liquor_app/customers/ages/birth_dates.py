"""Dates of birth: how old somebody is, which dates tell nothing, and the plain columns that stand for one. Pure.

The law, segments and plans never read a date of birth: they read `of_age_on`, the day somebody turns `LEGAL_AGE`, and
`birthday_md`, the month and day. The date itself is sealed (`sealed_dates`), for the few that must name it (ADR 67).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_FIRST_DAYS = frozenset(
    {
        date(1900, 1, 1), date(1901, 1, 1), date(1904, 1, 1), date(1970, 1, 1), date(1980, 1, 1), date(2000, 1, 1),
    }
)  # fmt: skip
PLACEHOLDERS = _FIRST_DAYS | {day - timedelta(days=1) for day in _FIRST_DAYS}
"""What tills and programs write where they know nothing: their own first day, or the evening before it, which is what a
clock of the US makes of the first midnight in Greenwich (31 December 1969). Somebody truly born on one of them says so
on the age page, or shows it at the counter."""

LEGAL_AGE = 21
"""Years, in every state (23 U.S.C. 158). A shop may ask for more or less: `comes_of_age`."""


class AgeBand(StrEnum):
    """Decades of age as people are grouped by them; worked out for a day, because it changes with every birthday."""

    MINOR = "under_21"
    YOUNG = "21_24"
    TWENTIES = "25_34"
    THIRTIES = "35_44"
    FORTIES = "45_54"
    FIFTIES = "55_64"
    OLDER = "65_up"

    @property
    def first_age(self) -> int:
        """Completed years at which it begins."""
        return 0 if self is AgeBand.MINOR else int(self.value[:2])

    @property
    def label(self) -> str:
        """As people say it: "21 to 24", "65 and over"."""
        low, _, high = self.value.partition("_")
        return "Under 21" if self is AgeBand.MINOR else f"{low} and over" if high == "up" else f"{low} to {high}"


@dataclass(frozen=True, slots=True)
class BirthColumns:
    """What stands in the plain columns of somebody whose date of birth is known; both None for one that tells
    nothing."""

    of_age_on: date | None
    birthday_md: int | None
    """Month times 100 plus day: 229 is 29 February."""


NOTHING = BirthColumns(None, None)


def age_on(born: date, day: date) -> int:
    """Completed years; somebody born on 29 February comes of age on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def known_birthday(born: date | None) -> date | None:
    """Return the date, unless it is none or one that tells nothing."""
    return None if born in PLACEHOLDERS else born


def birth_columns(born: date | None) -> BirthColumns:
    """Return the plain columns of a date of birth; none for one that tells nothing."""
    if (known := known_birthday(born)) is None:
        return NOTHING
    return BirthColumns(_years_after(known, LEGAL_AGE), known.month * 100 + known.day)


def comes_of_age(of_age_on: date, minimum_age: int) -> date:
    """Return the day somebody reaches a shop's minimum age, from the day they turn `LEGAL_AGE`. Where the minimum is 20
    or 24, somebody born on 29 February comes a day later than they might: never a day too early."""
    return _years_after(of_age_on, minimum_age - LEGAL_AGE)


def legal_day(day: date, minimum_age: int) -> date:
    """Return the latest `of_age_on` of those who have reached `minimum_age` by `day`."""
    years = LEGAL_AGE - minimum_age
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def age_band(of_age_on: date, day: date) -> AgeBand:
    """Return the band somebody is in on a day."""
    age = LEGAL_AGE + age_on(of_age_on, day)
    return next((band for band in reversed(AgeBand) if age >= band.first_age), AgeBand.MINOR)


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February: 1 March
        return date(day.year + years, 3, 1)

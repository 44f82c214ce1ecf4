"""Dates of birth: how old somebody is, and which dates tell nothing. Pure."""

from __future__ import annotations

from datetime import date

PLACEHOLDERS = frozenset(
    {
        date(1900, 1, 1), date(1901, 1, 1), date(1904, 1, 1), date(1970, 1, 1), date(1980, 1, 1), date(2000, 1, 1),
    }
)  # fmt: skip
"""What tills and programs write where they know nothing: their own first day. Somebody truly born on one of them says
so on the age page, or shows it at the counter."""


def age_on(born: date, day: date) -> int:
    """Completed years; somebody born on 29 February comes of age on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def known_birthday(born: date | None) -> date | None:
    """Return the date, unless it is none or one that tells nothing."""
    return None if born in PLACEHOLDERS else born

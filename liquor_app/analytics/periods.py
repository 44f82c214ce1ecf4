"""A period of finished days, and the one it is compared with. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from liquor_app.core.errors import Invalid

MOST_DAYS = 366
NOT_OVER = "The last day must be over: yesterday at the latest."
YEAR_DAYS = 364
"""A year back by whole weeks, so that Saturdays stand beside Saturdays."""


class Against(StrEnum):
    """What a period is compared with."""

    BEFORE = "before"
    """As many days just before it."""
    YEAR = "year"
    """The same weekdays 52 weeks earlier."""

    def words(self, days: int) -> str:
        """ "against the 30 days before" """
        if self is Against.YEAR:
            return "against the same days 52 weeks before"
        return f"against the {days} days before" if days > 1 else "against the day before"


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to `end`, both included, of which the last is over; and those they are compared with."""

    start: date
    end: date
    against: Against

    @property
    def days(self) -> int:
        """How many."""
        return (self.end - self.start).days + 1

    @property
    def back(self) -> timedelta:
        """How far back the compared days lie."""
        return timedelta(days=YEAR_DAYS if self.against is Against.YEAR else self.days)


def period_of(
    today: date, *, days: int | None = None, start: date | None = None, end: date | None = None,
    against: Against = Against.BEFORE,
) -> Period:  # fmt: skip
    """Return the last `days` finished days, or those from `start` to `end` (yesterday, if not given).

    Raises:
        Invalid: a length outside 1 to `MOST_DAYS`, a last day before the first, or one that is not over.
    """
    last = today - timedelta(days=1)
    if start is None and end is None:
        if days is None or not 1 <= days <= MOST_DAYS - 1:
            raise Invalid(f"days must lie between 1 and {MOST_DAYS - 1}", field="days")
        return Period(last - timedelta(days=days - 1), last, against)
    if days is not None:
        raise Invalid("Give either days, or a first and a last day.", field="days")
    if start is None:
        raise Invalid("The first day is missing.", field="start")
    end = end or last
    if end > last:
        raise Invalid(NOT_OVER, field="end")
    if end < start:
        raise Invalid("The last day lies before the first.", field="end")
    if (end - start).days >= MOST_DAYS:
        raise Invalid(f"A period has at most {MOST_DAYS} days.", field="start")
    if start.year < 2000:
        raise Invalid("The first day lies before the year 2000.", field="start")
    return Period(start, end, against)

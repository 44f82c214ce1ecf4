"""A review of a finished week or month: what it holds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from liquor_app.analytics.bounce_rates import SenderHealth
from liquor_app.analytics.insights.read_insights import Insight
from liquor_app.analytics.metrics import METRICS, Metric
from liquor_app.analytics.periods import YEAR_DAYS
from liquor_app.analytics.reports import Report
from liquor_app.analytics.service import Day, earlier, of_days
from liquor_app.core.errors import Invalid
from liquor_app.experiments.effects import EffectRow

FIGURES = ("revenue", "orders", "average_order", "sends", "conversions", "conversion_rate")
"""What a review begins with, by metric."""
FIRST_YEAR = 2000


class ReviewKind(StrEnum):
    """How long it looks back."""

    WEEK = "week"
    MONTH = "month"

    @property
    def heading(self) -> str:
        """What it is called."""
        return "Weekly business review" if self is ReviewKind.WEEK else "Monthly owner's letter"


@dataclass(frozen=True, slots=True)
class ReviewDays:
    """A finished week (Monday to Sunday) or calendar month, the one before it, and the one it had a year before."""

    kind: ReviewKind
    start: date
    end: date

    @property
    def before(self) -> tuple[date, date]:
        """Return the first and last day of the one before."""
        if self.kind is ReviewKind.WEEK:
            return self.start - timedelta(days=7), self.end - timedelta(days=7)
        last = self.start - timedelta(days=1)
        return last.replace(day=1), last

    @property
    def year_before(self) -> tuple[date, date]:
        """Return the first and last day of the same one a year earlier; a week's by whole weeks."""
        if self.kind is ReviewKind.WEEK:
            back = timedelta(days=YEAR_DAYS)
            return self.start - back, self.end - back
        first = self.start.replace(year=self.start.year - 1)
        return first, _month_end(first)


def days_of(kind: ReviewKind, today: date, day: date | None = None) -> ReviewDays:
    """Return the week or month that `day` lies in; the last finished one if none is given.

    Raises:
        Invalid: it is not over yet, or lies before the year 2000.
    """
    if kind is ReviewKind.WEEK:
        of = day or today - timedelta(days=7)
        first = of - timedelta(days=of.weekday())
        last = first + timedelta(days=6)
    else:
        first = (day or today.replace(day=1) - timedelta(days=1)).replace(day=1)
        last = _month_end(first)
    if last >= today:
        raise Invalid(f"The {kind.value} of that day is not over yet.", field="day")
    if first.year <= FIRST_YEAR:
        raise Invalid(f"The day lies before the year {FIRST_YEAR + 1}.", field="day")
    return ReviewDays(kind, first, last)


def _month_end(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReviewFigure:
    """A figure of the days, of those before, and of a year before; None: not measured."""

    metric: Metric
    value: Decimal | None
    before: Decimal | None
    year_before: Decimal | None


@dataclass(frozen=True, slots=True)
class Review:
    """What happened, and against what.

    Attributes:
        course, course_before: every day's counts, of the days and of those before.
        lift: what all messages changed since the beginning; None where nothing was held out or measured.
        goods, customers: of a month, what was sold by category, and who came and left.
        recorded_from: the first day of which purchases are on record; None where there are none.
        health, waiting: how messages of late were taken, and plans that nobody has approved; of the last finished
            days alone: an older letter does not change with what is now.
    """

    days: ReviewDays
    shop: str
    color: str
    figures: Sequence[ReviewFigure]
    course: Sequence[Day]
    course_before: Sequence[Day]
    campaigns: Report
    segments: Report
    lift: EffectRow | None
    health: Sequence[SenderHealth]
    goods: Insight | None
    customers: Insight | None
    waiting: int
    recorded_from: date | None = None


def figures_of(days: Sequence[Day], before: Sequence[Day], year_before: Sequence[Day]) -> list[ReviewFigure]:
    """Return the figures a review begins with."""
    return [
        ReviewFigure(
            METRICS[key],
            of_days(METRICS[key], days),
            earlier(METRICS[key], before),
            earlier(METRICS[key], year_before),
        )
        for key in FIGURES
    ]

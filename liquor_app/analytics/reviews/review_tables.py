"""A review as tables, for spreadsheets and machines. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from liquor_app.analytics.metrics import METRICS, Unit
from liquor_app.analytics.reports import Report, typed_value
from liquor_app.analytics.reviews.review import Review, ReviewFigure
from liquor_app.analytics.reviews.review_words import review_words
from liquor_app.analytics.service import Day, of_days

OF_A_DAY = ("revenue", "orders", "sends", "conversions")
"""What a day is told by, by metric."""
HEADS = ("Part", "Name", "Figure", "Value", "Before", "A year before")


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet; `units` by the place of a column."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    units: Mapping[int, Unit] = field(default_factory=dict)


def review_tables(review: Review) -> list[Table]:
    """Return what it says in words, its figures beside those before, and its days."""
    figures = [[one.metric.label, *_beside(one)] for one in review.figures]
    days = [[day.day, *_of_a_day(day)] for day in review.course]
    return [
        Table("In words", ("In words",), [[one] for one in review_words(review)]),
        Table("Figures", ("Figure", *HEADS[3:]), figures),
        Table(
            "Days", ("Day", *(METRICS[key].label for key in OF_A_DAY)), days,
            {at: METRICS[key].unit for at, key in enumerate(OF_A_DAY, 1)},
        ),
    ]  # fmt: skip


def review_lines(review: Review) -> list[list[Any]]:
    """Return a figure a line, below a head: of the whole, of a day, of a campaign or of a segment; None was not
    measured."""
    whole = [["Whole", "", one.metric.label, *_beside(one)] for one in review.figures]
    days = [
        ["Day", day.day.isoformat(), METRICS[key].label, value, None, None]
        for day in review.course
        for key, value in zip(OF_A_DAY, _of_a_day(day), strict=True)
    ]
    return [list(HEADS), *whole, *days, *_of(review.campaigns, "Campaign"), *_of(review.segments, "Segment")]


def _of_a_day(day: Day) -> list[Any]:
    return [typed_value(METRICS[key].unit, of_days(METRICS[key], [day])) for key in OF_A_DAY]


def _beside(one: ReviewFigure) -> list[Any]:
    return [typed_value(one.metric.unit, value) for value in (one.value, one.before, one.year_before)]


def _of(report: Report, part: str) -> list[list[Any]]:
    told = [one for one in report.columns if one.unit is not None]
    named = [*((str(row["name"]), row) for row in report.rows), ("All", report.totals)]
    return [[part, name, one.label, row.get(one.key), None, None] for name, row in named for one in told]

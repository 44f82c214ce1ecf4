"""A review as a document: a letter with its figures, courses and tables. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from liquor_app.analytics.documents.pdf_file import Bar, Bars, Course, Document, Figure, Line, Note, Sheet
from liquor_app.analytics.documents.report_document import ON_PAPER, UNCHOSEN, lift_words, told
from liquor_app.analytics.reports import Report
from liquor_app.analytics.reviews.review import Review
from liquor_app.analytics.reviews.review_words import (
    compared_with,
    compared_words,
    figure_words,
    period_words,
    review_words,
)
from liquor_app.analytics.service import revenue_by_day
from liquor_app.ui.words import NONE, show_day, show_moment, show_money

MOST_LINES, MOST_BARS = 12, 8
_NARROW = ("name", "sends", "conversions", "conversion_rate", "attributed_revenue")


def review_document(review: Review, at: datetime) -> Document:
    """Return a review for paper.

    Args:
        at: the present by the shop's clock.
    """
    before, _ = compared_with(review)
    days = revenue_by_day(review.course)
    earlier = revenue_by_day(review.course_before)[: len(days)]
    most = max((one for one in (*days, *earlier) if one is not None), default=0.0)
    return Document(
        title=review.days.kind.heading, shop=review.shop, color=review.color, made=f"Made {show_moment(at, at)}",
        under=f"{period_words(review)} · finished days by the shop's clock, compared with {before}",
        summary=review_words(review),
        figures=[
            Figure(one.metric.label, figure_words(one), compared_words(one, review.days.kind) or NONE)
            for one in review.figures
        ],
        charts=[
            Course("Revenue by day", [
                Line(period_words(review), days), Line(before, earlier, dashed=True),
            ], show_day(review.days.start, at), show_day(review.days.end, at), show_money(Decimal(str(most)))),
            *_goods(review),
        ],
        tables=[
            _sheet("Campaigns that sent something", review.campaigns, "Nothing was sent."),
            _sheet("Segments they were chosen from", review.segments, UNCHOSEN),
        ],
        notes=[
            *(Note(one.metric.label, one.metric.words) for one in review.figures),
            Note("Beyond the holdout", "Against the people held out, after discounts and sending, since the campaign's"
                 f" beginning; 95% interval that may be read any day. {NONE} where nothing was measured."),
        ],
    )  # fmt: skip


def _sheet(title: str, report: Report, empty: str) -> Sheet:
    columns = [one for one in report.columns if one.key in _NARROW and one.key in ON_PAPER]
    more = len(report.rows) - MOST_LINES
    return Sheet(
        title, [*(one.label for one in columns), "Beyond the holdout"],
        [*(one.unit is not None for one in columns), True],
        [[*(told(row[one.key], one) for one in columns), lift_words(row)] for row in report.rows[:MOST_LINES]],
        words=f"Those with most attributed revenue; {more} more are in the report." if more > 0 else "",
        empty=empty,
    )  # fmt: skip


def _goods(review: Review) -> list[Bars]:
    if review.goods is None or review.days.start not in review.goods.months:
        return []
    at = list(review.goods.months).index(review.days.start)
    rows = sorted(
        ((str(row["name"]), course[at]) for row, course in zip(review.goods.rows, review.goods.courses, strict=True)),
        key=lambda one: -one[1],
    )
    return [Bars("Revenue by category", [
        Bar(name, float(value), show_money(value)) for name, value in rows[:MOST_BARS] if value
    ])]  # fmt: skip

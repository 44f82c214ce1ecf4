"""Rates are told apart in percentage points, of what is shown of them; everything else relative to what it was."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from liquor_app.analytics.metrics import METRICS, Unit, change, said
from liquor_app.analytics.reviews.review import ReviewDays, ReviewFigure, ReviewKind
from liquor_app.analytics.reviews.review_words import compared_words
from liquor_app.analytics.service import Kpi
from liquor_app.screens.analytics.reviews.state import tile_of
from liquor_app.screens.analytics.view import show_change
from liquor_app.ui.words import percent, points

NOW, BEFORE = Decimal("0.0244"), Decimal("0.0451")
WEEK = ReviewDays(ReviewKind.WEEK, date(2026, 11, 23), date(2026, 11, 29))


@pytest.mark.parametrize(
    ("now", "before"), [("0.0244", "0.0451"), ("0.02449", "0.04551"), ("0.1", "0"), ("0.03", "0.03"), ("0.2", "0.0349")]
)
def test_points_are_the_difference_of_what_is_shown(now: str, before: str) -> None:
    shown = [Decimal(percent(Decimal(one), 1).rstrip("%")) for one in (now, before)]
    apart = shown[0] - shown[1]
    assert points(Decimal(now), Decimal(before)).replace("−", "-").lstrip("+±") == f"{apart:.1f} pts"


def test_a_rate_that_fell_by_half_fell_by_two_points() -> None:
    """ "−56% conversion" was said of 4.5% that became 2.4%."""
    rate = METRICS["conversion_rate"]
    figure = ReviewFigure(rate, NOW, BEFORE, None)
    assert compared_words(figure, ReviewKind.WEEK) == "−2.1 pts on the week before"
    tile = tile_of(figure, WEEK)
    assert (tile.delta, tile.base, tile.trend) == ("−2.1 pts", "on the week before", "red")
    assert show_change(Kpi("conversion_rate", NOW, BEFORE, [])) == ("−2.1 pts", "red")
    assert show_change(Kpi("conversion_rate", NOW, NOW + Decimal("0.00003"), [])) == ("no change", "gray")
    assert change(Unit.SHARE, NOW, None) is None


def test_money_is_compared_with_what_it_was() -> None:
    figure = ReviewFigure(METRICS["revenue"], Decimal(94), Decimal(100), Decimal(80))
    assert compared_words(figure, ReviewKind.WEEK) == "−6% on the week before, +18% on a year before"
    assert show_change(Kpi("revenue", Decimal(94), Decimal(100), [])) == ("−6.0%", "red")


def test_how_far_two_shares_lie_apart_is_no_share() -> None:
    assert said(Unit.POINTS, Decimal("-0.021")) == "−2.1 pts"
    assert said(Unit.POINTS, None) == "–"

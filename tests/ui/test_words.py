"""Figures and times as people say them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from liquor_app.ui import words

AT = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("share", "places", "said"),
    [
        (0.714, 0, "71%"),
        (Decimal("0.0125"), 1, "1.2%"),
        (0, 0, "0%"),
        (1, 0, "100%"),
        (0.0004, 0, "under 1%"),
        (0.9997, 0, "over 99%"),
        (0.99999, 1, "over 99.9%"),
        (-0.03, 0, "−3%"),
        (None, 0, "–"),
    ],
)
def test_percent(share: float | Decimal | None, places: int, said: str) -> None:
    assert words.percent(share, places) == said


def test_counts_and_changes() -> None:
    assert words.plural(1, "customer") == "1 customer"
    assert words.plural(1545, "customer") == "1,545 customers"
    assert words.plural(2, "category", "categories") == "2 categories"
    assert [words.signed(number) for number in (22, -1100, 0)] == ["+22", "−1,100", "0"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "just now"), (301, "5 min ago"), (3 * 3600 + 5, "3 h ago"), (86_400 * 41, "41 days ago")],
)
def test_ago_uses_the_unit_that_matters(seconds: int, said: str) -> None:
    assert words.ago(AT - timedelta(seconds=seconds), AT) == said


def test_days_are_the_shops_calendar_days() -> None:
    late_last_night = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)  # 23:30 on the 22nd in New York
    assert words.days_ago(late_last_night, AT) == "1 day ago"
    assert words.show_moment(late_last_night, AT) == "Sun 22 Nov, 23:30 EST"
    assert words.days_ago(AT, AT) == "today"
    assert words.days_ago(date(2024, 1, 1), AT) == "2 years ago"
    assert words.days_ago(None, AT) == "–"


def test_what_is_expected() -> None:
    assert words.expected_words(date(2026, 11, 29), AT) == "in 6 days"
    assert words.expected_words(date(2026, 11, 24), AT) == "in 1 day"
    assert words.expected_words(AT, AT) == "today"
    assert words.expected_words(date(2026, 11, 11), AT) == "expected 12 days ago"


def test_another_year_is_said() -> None:
    assert words.show_day(date(2026, 2, 3), AT) == "3 Feb"
    assert words.show_day(date(2025, 2, 3), AT) == "3 Feb 2025"
    assert words.show_day(None, AT) == "–"


def test_names_and_lists() -> None:
    assert words.spoken("Very_Frequent_Buyers") == "Very frequent buyers"
    assert words.listed(["beer", "wine", "liquor"]) == "beer, wine and liquor"
    assert words.listed(["E-mail", "SMS"], "then") == "E-mail then SMS"
    assert words.listed([]) == ""
    assert [words.initials(name) for name in ("Marguerite van Okafor", "Cher", "", "(x) Bo")] == ["MO", "C", "?", "B"]

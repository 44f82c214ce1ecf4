"""The arithmetic behind sparklines, donuts and intervals."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.ui.charts.chart import Series, line_chart
from liquor_app.ui.charts.donut import slices
from liquor_app.ui.charts.interval import interval_marks
from liquor_app.ui.charts.kpi import HEIGHT, WIDTH, kpi, sparkline_path

VALUES = st.floats(-1e9, 1e9, allow_nan=False)


@given(st.lists(VALUES, min_size=2, max_size=60))
def test_a_sparkline_stays_in_its_box(values: list[float]) -> None:
    points = [tuple(map(float, point.split())) for point in sparkline_path(values)[1:].split(" L")]
    assert len(points) == len(values)
    assert points[0][0] == 0
    assert points[-1][0] == WIDTH
    assert all(0 <= y <= HEIGHT for _, y in points)
    highest = max(range(len(values)), key=values.__getitem__)
    assert points[highest][1] == min(y for _, y in points)


@pytest.mark.parametrize("values", [[], [5.0]])
def test_a_sparkline_needs_two_values(values: list[float]) -> None:
    assert sparkline_path(values) == ""


@given(VALUES, st.floats(0, 1e9), st.floats(0, 1e9))
def test_interval_marks_stand_in_order_and_inside(low: float, left: float, right: float) -> None:
    marks = interval_marks(low, low + left, low + left + right)
    low_at, estimate, high, zero = (
        float(re.sub("%$", "", at)) for at in (marks.low, marks.estimate, marks.high, marks.zero)
    )
    assert 0 <= low_at <= estimate <= high <= 100
    assert 0 <= zero <= 100


def test_an_interval_out_of_order_is_refused() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        interval_marks(3, 2, 4)


@given(st.lists(st.tuples(st.text(max_size=5), st.integers(0, 10**6)), min_size=1, max_size=9))
def test_slices_cover_the_round_without_overlap(parts: list[tuple[str, int]]) -> None:
    made = slices(parts)
    assert [one.name for one in made] == [name for name, _ in parts]
    assert sum(one.arc for one in made) <= 100.5 + 0.2 * len(made)
    starts = [-one.offset for one in made]
    assert starts == sorted(starts)
    assert all(one.arc > 0 for one, (_, count) in zip(made, parts, strict=True) if count)


def test_what_was_not_measured_is_a_gap_and_rates_are_points() -> None:
    """A conversion of three messages a day was drawn as a course through days on which nothing was measured."""
    assert sparkline_path([1, None, 2, 3]).count("M") == 2
    assert sparkline_path([1, None, 2, 3]).count("L") == 1
    assert "h.01" in sparkline_path([1, None, 2, 3]).split("M")[1], "one day alone is a dot"
    assert sparkline_path([0.1, None, 0.2, 0.3], dots=True).count("h.01") == 3
    assert "L" not in sparkline_path([0.1, None, 0.2, 0.3], dots=True)
    assert sparkline_path([None, 1, None]) == ""


def test_negative_slices_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        slices([("Loyal", -1)])


@pytest.mark.parametrize(
    ("low", "high", "fits"), [(-2, 251, False), (0, 200, False), (-100, 200, True), (31, 212, False), (80, 212, True)]
)
def test_zero_has_its_word_where_there_is_room_for_it(low: float, high: float, fits: bool) -> None:
    """Its line is always there; two words one over the other are none."""
    assert interval_marks(low, (low + high) / 2, high).has_room is fits


def test_a_chart_sets_thousands_apart_and_is_no_image_with_a_button_in_it() -> None:
    drawn = str(line_chart(["2026-11-29"], [Series("Revenue", [1500.0])], label="Revenue by day").render())
    assert '["tickformat"] : ","' in drawn
    assert 'role:"figure"' in drawn
    assert 'role:"img"' not in drawn


def test_a_tile_tells_on_a_phone_what_it_is_held_to_where_others_are_held_to_another_time() -> None:
    assert "hide-sm" in str(kpi("Revenue", "$1", delta="+6.8%", base="vs $2").render())
    assert "hide-sm" not in str(kpi("Revenue", "$1", delta="+6.8%", base="on a year before", tells_base=True).render())

"""RFM: quintiles that do not depend on the order of rows, and a table that takes everybody."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.rfm import RULES, RfmSegment, quintiles, rfm, segments

numbers = st.lists(st.integers(0, 20).map(float), min_size=1, max_size=80)


def test_ten_customers_make_five_pairs() -> None:
    assert quintiles(np.arange(10)).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert quintiles(np.arange(10), higher_is_better=False).tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]


@given(values=numbers, seed=st.integers(0, 1000))
def test_equal_values_score_alike_whatever_the_order(values: list[float], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(values))
    data = np.array(values)
    score = quintiles(data)
    assert quintiles(data[order]).tolist() == score[order].tolist()
    assert len({(v, s) for v, s in zip(values, score.tolist(), strict=True)}) == len(set(values))


@given(values=numbers)
def test_scores_rise_with_the_value_and_stay_in_range(values: list[float]) -> None:
    score = quintiles(values)
    assert score.min() >= 1
    assert score.max() <= 5
    assert np.all(np.diff(score[np.argsort(values, kind="stable")]) >= 0)
    assert quintiles(np.exp(np.array(values))).tolist() == score.tolist()


def test_all_alike_score_in_the_middle_and_nobody_is_fine() -> None:
    assert quintiles([4, 4, 4]).tolist() == [3, 3, 3]
    assert quintiles([]).tolist() == []
    with pytest.raises(Invalid, match="finite"):
        quintiles([1.0, float("nan")])


def test_every_combination_of_scores_has_a_segment_and_every_segment_a_combination() -> None:
    grid = np.array(list(product(range(1, 6), repeat=3)), dtype=np.int16)
    seen: set[RfmSegment] = set()
    for orders, age in ((1, 5), (1, 90), (2, 10), (9, 300)):
        many = len(grid)
        seen |= set(segments(grid[:, 0], grid[:, 1], grid[:, 2], np.full(many, orders), np.full(many, age)))
    assert seen == set(RfmSegment)
    assert [rule.segment for rule in RULES].count(RfmSegment.OCCASIONAL) == 1


@pytest.mark.parametrize(
    ("r", "f", "m", "orders", "age", "segment"),
    [
        (5, 5, 5, 40, 300, RfmSegment.CHAMPIONS),
        (3, 5, 5, 40, 300, RfmSegment.VERY_FREQUENT_BUYERS),
        (4, 3, 3, 4, 300, RfmSegment.LOYAL),
        (4, 5, 2, 12, 300, RfmSegment.LOW_VALUE_FREQUENT),
        (1, 5, 5, 40, 300, RfmSegment.HIGH_VALUE_AT_RISK),
        (2, 4, 3, 9, 300, RfmSegment.AT_RISK),
        (1, 2, 1, 2, 300, RfmSegment.HIBERNATING),
        (5, 2, 4, 2, 300, RfmSegment.HIGH_VALUE_OCCASIONAL),
        (5, 2, 2, 2, 300, RfmSegment.OCCASIONAL),
        (5, 1, 1, 1, 30, RfmSegment.NEW),
        (5, 1, 1, 1, 31, RfmSegment.ONE_TIME),
        (5, 5, 5, 3, 20, RfmSegment.CHAMPIONS),
    ],
)
def test_the_table(r: int, f: int, m: int, orders: int, age: int, segment: RfmSegment) -> None:
    scores = [np.array([score], dtype=np.int16) for score in (r, f, m)]
    assert segments(scores[0], scores[1], scores[2], [orders], [age])[0] is segment


def test_segments_on_the_sample_differ_as_their_names_say(sample_log: Any) -> None:
    known = sample_log.known(364)
    scored = rfm(known.recency, known.orders, known.spend, known.orders, known.T)
    assert set(scored.segment) == set(RfmSegment)

    def median(values: np.ndarray, segment: RfmSegment) -> float:
        return float(np.median(values[scored.segment == segment]))

    assert median(known.spend, RfmSegment.CHAMPIONS) > 5 * median(known.spend, RfmSegment.OCCASIONAL)
    assert median(known.recency, RfmSegment.HIGH_VALUE_AT_RISK) > 5 * median(known.recency, RfmSegment.CHAMPIONS)
    assert known.orders[scored.segment == RfmSegment.ONE_TIME].max() == 1


def test_every_segment_explains_itself() -> None:
    for segment in RfmSegment:
        assert segment.label[0].isupper()
        assert len(segment.description) > 10

"""Metrics against their definitions, worked by hand or by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.evaluate import (
    auc,
    brier,
    deviance_difference,
    ece,
    isotonic,
    lift,
    mae,
    normalised_gini,
    poisson_deviance,
    ranks,
    said_and_seen,
    spearman,
    total_interval,
)

scored = st.lists(st.tuples(st.booleans(), st.integers(0, 5).map(float)), min_size=2, max_size=40)


@given(data=scored)
def test_auc_is_the_share_of_pairs_in_order(data: list[tuple[bool, float]]) -> None:
    positive, negative = [s for y, s in data if y], [s for y, s in data if not y]
    assume(positive and negative)
    pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    assert auc([y for y, _ in data], [s for _, s in data]) == pytest.approx(np.mean(pairs))


@given(values=st.lists(st.integers(0, 9).map(float), min_size=2, max_size=50))
def test_ranks_and_spearman_agree_with_scipy(values: list[float]) -> None:
    assert ranks(values).tolist() == rankdata(values).tolist()
    other = np.arange(len(values))[::-1]
    if len(set(values)) > 1:
        assert spearman(values, other) == pytest.approx(spearmanr(values, other).statistic)
    else:
        assert spearman(values, other) == 0


def test_brier_mae_and_ece_by_hand() -> None:
    assert brier([1, 0], [0.8, 0.4]) == pytest.approx((0.04 + 0.16) / 2)
    assert mae([1, 5], [2, 2]) == 2
    assert ece([1, 1, 0, 0], [0.9, 0.9, 0.1, 0.1]) == pytest.approx(0.1)
    assert ece([1, 0], [1.0, 0.0]) == 0


def test_lift_counts_ties_in_proportion() -> None:
    outcome = np.zeros(100)
    outcome[:10] = 1
    assert lift(outcome, -np.arange(100)) == pytest.approx(10)
    assert lift(outcome, np.zeros(100)) == pytest.approx(1)
    assert lift(outcome, np.arange(100)) == 0


def test_bad_input() -> None:
    with pytest.raises(Invalid, match="both outcomes"):
        auc([1, 1], [0.1, 0.2])
    with pytest.raises(Invalid, match="equally long"):
        brier([1], [0.1, 0.2])
    with pytest.raises(Invalid, match="finite"):
        mae([1], [np.nan])
    with pytest.raises(Invalid, match="positive outcome"):
        lift([0, 0], [1, 2])


def test_deviance_gini_and_totals_by_hand() -> None:
    seen, said = np.array([0.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])
    by_hand = 2 * np.mean([1.0, 0.0, 4 * np.log(4 / 3) - 1])
    assert poisson_deviance(seen, said) == pytest.approx(by_hand)
    assert poisson_deviance(seen, seen) == pytest.approx(0, abs=2e-3)
    assert normalised_gini(seen, said) == pytest.approx(1)
    assert normalised_gini(seen, -said) == pytest.approx(-1)
    assert normalised_gini(seen, np.ones(3)) == pytest.approx(0)
    assert total_interval(seen, said).value == pytest.approx(1)
    less = deviance_difference(seen, seen + 0.1, said)
    assert less.value < 0
    with pytest.raises(Invalid, match="nobody spent"):
        total_interval(np.zeros(3), said)


def test_the_same_customer_in_many_rows_is_one_customer() -> None:
    random = np.random.default_rng(2)
    seen = random.gamma(0.3, 30, 200)
    said = np.full(200, seen.mean())
    once = total_interval(seen, said)
    again = total_interval(np.tile(seen, 9), np.tile(said, 9), who=np.tile(np.arange(200), 9))
    assert again.high - again.low == pytest.approx(once.high - once.low, rel=1e-9)
    alone = total_interval(np.tile(seen, 9), np.tile(said, 9))
    assert alone.high - alone.low < (once.high - once.low) / 2


def test_levels_rise_and_keep_everybody() -> None:
    level, weight = isotonic([0.1, 0.2, 0.3, 0.4], [0.0, 1.0, 0.0, 1.0])
    assert level.tolist() == [0, 0.5, 1]
    assert weight.tolist() == [1, 2, 1]
    tied, _ = isotonic([0.5, 0.5, 0.5], [1.0, 0.0, 0.0])
    assert tied.tolist() == [pytest.approx(1 / 3)]
    parts = said_and_seen(np.arange(10) / 10, np.arange(10) % 2, bins=5)
    assert [n for _, _, n in parts] == [2] * 5
    assert [seen for _, seen, _ in parts] == [0.5] * 5

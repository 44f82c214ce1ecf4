"""Metrics against their definitions, worked by hand or by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators.evaluate import auc, brier, ece, lift, mae, ranks, spearman

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

"""Lifetime value: the standing comparison of models.md, and the choice between the two ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import bgnbd, gamma_gamma
from liquor_app.scoring.estimators.clv import ClvBacktest, ClvMethod, choose_method, model_clv, spend_to_date_clv
from liquor_app.scoring.estimators.purchase_log import histories


def backtest(log: Any, cutoff: int, horizon: int) -> ClvBacktest:
    known = log.known(cutoff)
    model = model_clv(
        bgnbd.fit(known.x, known.t_x, known.T).params,
        gamma_gamma.fit(known.orders, known.mean_value).params,
        known,
        horizon,
    )
    spend = spend_to_date_clv(known, cutoff + 1, horizon)
    return choose_method(log.spent_within(known, cutoff, horizon), model, spend)


def test_on_liquor_buyers_spend_to_date_ranks_at_least_as_well(sample_log: Any) -> None:
    found = backtest(sample_log, cutoff=182, horizon=182)
    print(f"\nhalf-year split: {found}")
    assert found.model_spearman == pytest.approx(0.60, abs=0.03)
    assert found.spend_spearman == pytest.approx(0.645, abs=0.03)
    assert found.method is ClvMethod.SPEND
    assert found.spend_mae < found.model_mae


def test_the_model_gets_the_total_right(sample_log: Any) -> None:
    known = sample_log.known(273)
    params = bgnbd.fit(known.x, known.t_x, known.T).params
    value = gamma_gamma.fit(known.orders, known.mean_value).params
    total = model_clv(params, value, known, 91).sum()
    assert total == pytest.approx(sample_log.spent_within(known, 273, 91).sum(), rel=0.1)


def test_the_choice_follows_the_ranking_and_favours_the_simpler_on_a_tie() -> None:
    actual = np.array([1.0, 2, 3, 4])
    assert choose_method(actual, actual, actual[::-1]).method is ClvMethod.MODEL
    assert choose_method(actual, actual[::-1], actual).method is ClvMethod.SPEND
    assert choose_method(actual, actual, actual).method is ClvMethod.SPEND


def test_spend_is_scaled_by_the_log_not_by_the_customers_age() -> None:
    known = histories([1, 2], [0, 99], [50.0, 50.0], as_of=100)
    assert spend_to_date_clv(known, 100, 365).tolist() == [182.5, 182.5]
    with pytest.raises(Invalid, match="at least one day"):
        spend_to_date_clv(known, 0)

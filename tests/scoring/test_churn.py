"""Churn risk: bands, gates, fallback, and how well it ranks real liquor buyers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.customers.models import ChurnRisk
from liquor_app.scoring.estimators import bgnbd
from liquor_app.scoring.estimators.churn import (
    ChurnMethod,
    DataSufficiency,
    bands,
    churn,
    next_by_own_gap,
    next_purchase,
    recency_bands,
    sufficiency,
)
from liquor_app.scoring.estimators.evaluate import auc, brier, ece
from liquor_app.scoring.estimators.purchase_log import Histories, histories

CUTOFF = 273
"""30 September of the data's year: three quarters to learn from, one to be tested on."""


@pytest.mark.parametrize(("horizon", "least_auc", "most_brier"), [(60, 0.78, 0.19), (90, 0.78, 0.19)])
def test_it_ranks_liquor_buyers_better_than_recency(
    sample_log: Any, horizon: int, least_auc: float, most_brier: float
) -> None:
    known = sample_log.known(CUTOFF)
    gone = ~sample_log.bought_within(known, CUTOFF, horizon)
    params = bgnbd.fit(known.x, known.t_x, known.T).params
    said = churn(known, params, horizon).probability
    recency = auc(gone, known.recency)
    not_alive = auc(gone, 1 - bgnbd.p_alive(params, known.x, known.t_x, known.T))
    print(
        f"\n{horizon} d, {len(gone)} buyers: AUC {auc(gone, said):.3f}, Brier {brier(gone, said):.3f},"
        f" ECE {ece(gone, said):.3f}; recency alone {recency:.3f}; 1 − P(alive) {not_alive:.3f}"
    )
    assert auc(gone, said) >= least_auc
    assert brier(gone, said) <= most_brier
    assert ece(gone, said) < 0.08
    assert auc(gone, said) > recency + 0.04
    assert not_alive < 0.5, "the tempting score is below chance, as models.md says"


def test_bands_order_customers_by_what_they_then_did(sample_log: Any) -> None:
    known = sample_log.known(CUTOFF)
    gone = ~sample_log.bought_within(known, CUTOFF, 60)
    band = churn(known, bgnbd.fit(known.x, known.t_x, known.T).params).band
    low, medium, high = (gone[band == risk].mean() for risk in (ChurnRisk.LOW, ChurnRisk.MEDIUM, ChurnRisk.HIGH))
    assert low < 0.33 < medium < 0.66 < high


def test_the_next_purchase_interval_covers_what_it_says(sample_log: Any) -> None:
    known = sample_log.known(CUTOFF)
    forecast = next_purchase(known, bgnbd.fit(known.x, known.t_x, known.T).params)
    wait = sample_log.wait(known, CUTOFF)
    soon = forecast.expected < 80
    assert soon.sum() > 500
    assert np.mean(wait[soon] <= forecast.low[soon]) == pytest.approx(0.1, abs=0.06)
    assert np.mean(wait[soon] <= forecast.expected[soon]) == pytest.approx(0.5, abs=0.1)
    closed = forecast.high < 80
    assert closed.sum() > 150
    assert np.mean(wait[closed] <= forecast.high[closed]) == pytest.approx(0.9, abs=0.06)


def test_band_edges() -> None:
    assert bands([0.0, 0.329, 0.33, 0.66, 0.661, 1.0]).tolist() == [
        ChurnRisk.LOW,
        ChurnRisk.LOW,
        ChurnRisk.MEDIUM,
        ChurnRisk.MEDIUM,
        ChurnRisk.HIGH,
        ChurnRisk.HIGH,
    ]
    assert recency_bands([0, 30, 31, 90, 91]).tolist() == [
        ChurnRisk.LOW,
        ChurnRisk.LOW,
        ChurnRisk.MEDIUM,
        ChurnRisk.MEDIUM,
        ChurnRisk.HIGH,
    ]


def test_the_gates_say_what_is_short() -> None:
    assert DataSufficiency(500, 180, 30, 10).sufficient
    thin = DataSufficiency(buyers=12, history_days=40, days_since_last_order=45, frequent_buyers=2)
    assert not thin.sufficient
    assert len(thin.missing) == 4
    assert "500 buyers are needed, there are 12" in thin.missing
    assert "the last one was 45 days ago" in thin.missing[2]


def test_the_gates_read_the_histories() -> None:
    log = histories([1, 1, 1, 2, 3, 3], [0, 10, 20, 5, 50, 90], [9.0] * 6, as_of=100)
    assert sufficiency(log) == DataSufficiency(buyers=3, history_days=100, days_since_last_order=10, frequent_buyers=1)
    assert sufficiency(histories([], [], [], as_of=100)).buyers == 0


def test_without_a_model_there_is_no_probability_but_a_band() -> None:
    log = histories([1, 2], [10, 95], [9.0, 9.0], as_of=100)
    scores = churn(log, None)
    assert scores.method is ChurnMethod.RECENCY
    assert np.all(np.isnan(scores.probability))
    assert scores.band.tolist() == [ChurnRisk.MEDIUM, ChurnRisk.LOW]


def test_own_gap_forecast_needs_two_gaps_and_may_be_overdue() -> None:
    log = histories([1, 1, 1, 2, 2], [0, 10, 20, 0, 20], [9.0] * 5, as_of=45)
    gaps = np.array([10.0, 20.0])
    forecast = next_by_own_gap(log, gaps - 2, gaps, gaps + 4)
    assert forecast.expected[0] == -15
    assert (forecast.low[0], forecast.high[0]) == (-17, -11)
    assert np.isnan(forecast.expected[1])


@pytest.mark.parametrize("horizon", [0, -5, 731, float("nan")])
def test_a_senseless_horizon_is_refused(horizon: float) -> None:
    with pytest.raises(Invalid, match="horizon"):
        churn(histories([1], [1], [1.0], as_of=2), None, horizon)


def test_histories_count_occasions_by_day_and_stop_at_the_cut_off() -> None:
    log: Histories = histories([7, 7, 7, 7, 9], [3.2, 3.9, 13.1, 60.0, 60.0], [5.0, 6.0, 7.0, 8.0, 1.0], as_of=50)
    assert log.customer.tolist() == [7]
    assert (log.x[0], log.t_x[0], log.T[0], log.spend[0]) == (1, 10, 47, 18.0)
    assert (log.orders[0], log.mean_value[0], log.recency[0]) == (2, 9.0, 37)
    with pytest.raises(Invalid, match="equally long"):
        histories([1], [1, 2], [1.0], as_of=5)

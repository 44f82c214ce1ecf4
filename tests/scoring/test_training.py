"""Which model is used, and what is stored beside the scores."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from liquor_app.scoring import score_documents, training
from liquor_app.scoring.estimators.evaluate import auc
from liquor_app.scoring.estimators.purchase_log import Histories, Split, histories
from liquor_app.scoring.estimators.response import Contacts, Known
from liquor_app.scoring.training import ChurnModel, ClvModel, ResponseModel

CUTOFF = 304


def split_of(log: Any, cutoff: int, days: int) -> Split:
    known = log.known(cutoff)
    return Split(known, days, log.spent_within(known, cutoff, days), log.bought_within(known, cutoff, days))


def test_churn_uses_the_model_on_enough_data(sample_log: Any) -> None:
    trained = training.train_churn(sample_log.known(364), split_of(sample_log, CUTOFF, 60))
    assert trained.method == "bgnbd"
    assert trained.metrics["auc"] > 0.78 > 0.74 > trained.metrics["count_auc"]["recency"]
    model = ChurnModel.from_stored(trained.method, trained.params)
    assert model.params is not None
    assert model.missing == ()


def test_a_model_that_loses_to_a_count_is_not_used(sample_log: Any) -> None:
    honest = split_of(sample_log, CUTOFF, 60)
    # A world in which only recency matters, in the sharpest way.
    recent = honest.known.recency < np.median(honest.known.recency)
    trained = training.train_churn(sample_log.known(364), Split(honest.known, 60, honest.spent_after, recent))
    assert trained.method == "best_count"
    assert trained.params["count"] == "recency"
    assert trained.metrics["auc"] == trained.metrics["count_auc"]["recency"] == 1
    assert "a simple count ranked customers better" in trained.params["missing"][0]
    model = ChurnModel.from_stored(trained.method, trained.params)
    said = model.risk(honest.known, 60)
    assert auc(~recent, said.probability) == 1
    # the count was fitted for 60 days and does not speak of 90
    assert np.isnan(model.risk(honest.known, 90).probability).all()


def test_the_best_of_several_counts_must_win_by_more_than_luck(sample_log: Any) -> None:
    """On the sample's summer the RFM sum is a hair ahead, as the best of four in hindsight may well be."""
    trained = training.train_churn(sample_log.known(271), split_of(sample_log, 211, 60))
    assert trained.metrics["best_count"] == "rfm_sum"
    assert trained.metrics["ahead_of_best_count"][0] < 0 < trained.metrics["ahead_of_best_count"][2]
    assert trained.method == "bgnbd"


def test_thin_data_name_what_is_missing() -> None:
    trained = training.train_churn(histories([1, 2], [0, 5], [9.0, 9.0], as_of=9), None)
    assert trained.method == "recency_bands"
    assert len(trained.params["missing"]) == 3


def test_clv_is_chosen_by_the_backtest(sample_log: Any) -> None:
    known = sample_log.known(364)
    churn = ChurnModel.from_stored(*_stored(training.train_churn(known, None)))
    halves = split_of(sample_log, 182, 182)
    chosen = training.train_clv(known, churn, halves)
    assert chosen.method == "spend_to_date"
    assert ClvModel.from_stored(*_stored(chosen)).value(known, 365) == pytest.approx(known.spend)
    # Had customers spent what the model said, the model would have been chosen.
    said = ClvModel.from_stored("bgnbd_gamma_gamma", chosen.params).value(halves.known, 182)
    rigged = training.train_clv(known, churn, Split(halves.known, 182, said, halves.bought_after))
    assert rigged.method == "bgnbd_gamma_gamma"
    assert ClvModel.from_stored(*_stored(rigged)).value(known, 365).sum() > 0


def _stored(trained: training.Trained) -> tuple[str, dict[str, Any]]:
    return str(trained.method), trained.params


def test_clv_needs_a_month() -> None:
    week: Histories = histories([1], [0], [9.0], as_of=6)
    trained = training.train_clv(week, ChurnModel(None, ()), None)
    assert trained.method == "none"
    assert "30 days of history are needed, there are 7" in trained.params["missing"]
    assert np.isnan(ClvModel.from_stored(*_stored(trained)).value(week, 365)).all()


def made_contacts(day: np.ndarray, responded: np.ndarray, known: Known) -> Contacts:
    return Contacts(day, np.zeros(day.size, dtype=np.int64), np.full(day.size, "email", dtype=object), responded, known)


def test_channels_differ_by_how_they_do() -> None:
    day, zeros = np.arange(400.0), np.zeros(400)
    channel = np.where(day < 200, "email", "sms").astype(object)
    responded = (day % 4 == 0) & (day < 200)
    trained = training.train_response(
        Contacts(day, (day // 20).astype(np.int64), channel, responded, Known(*[zeros] * 8))
    )
    model = ResponseModel.from_stored(*_stored(trained))
    by = model.by_channel(0.1)
    assert by["email"] > 0.1 > by["sms"] > 0


def test_without_contacts_nobody_has_a_likelihood() -> None:
    none = np.empty(0)
    trained = training.train_response(made_contacts(none, none.astype(bool), Known(*[none] * 8)))
    assert trained.method == "none"
    one = np.ones(1)
    assert np.isnan(ResponseModel.from_stored(*_stored(trained)).likelihood(Known(*[one] * 8))).all()


def test_contacts_without_an_answer_do_not_prove_that_nobody_answers() -> None:
    zeros = np.zeros(9)
    trained = training.train_response(made_contacts(np.arange(9.0), zeros.astype(bool), Known(*[zeros] * 8)))
    assert trained.method == "responses_per_contact"
    assert 0 < trained.params["base_rate"] < 0.1


def test_tastes_keep_own_items_and_suggest_the_next_best() -> None:
    bought = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b"],
            "name": ["Beer", "Liquor", "Liquor", "Unheard of"],
            "baskets": [3, 1, 2, 9],
            "amount": [30.0, 10.0, 50.0, 5.0],
        }
    )
    popularity = pd.Series([10.0, 6.0, 3.0], index=["Beer", "Domestic wine", "Liquor"])
    found = score_documents.tastes(bought, popularity, pd.Series(["a", "b", "c"]), k=2)
    assert found.own == [[("Beer", 0.75), ("Liquor", 0.25)], [("Liquor", 1.0)], []]
    assert found.suggested == ["Domestic wine", "Beer", "Beer"]
    nothing = score_documents.tastes(bought.head(0), pd.Series(dtype="float64"), pd.Series(["a"]), k=2)
    assert (nothing.own, nothing.suggested) == ([[]], [None])


def test_days_round_to_the_day_and_unknown_ones_stay_unknown() -> None:
    assert score_documents._day(date(2026, 1, 1), 30.4) == date(2026, 1, 31)
    assert score_documents._day(date(2026, 1, 1), float("nan")) is None

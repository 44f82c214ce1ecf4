"""Which model is used, and what is stored beside the scores."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from liquor_app.scoring import judging, score_documents, training
from liquor_app.scoring.estimators.churn import recency_bands
from liquor_app.scoring.estimators.evaluate import auc
from liquor_app.scoring.estimators.offer_response import Contacts, Offers
from liquor_app.scoring.estimators.response import Known
from liquor_app.scoring.estimators.signals import DayLog
from liquor_app.scoring.estimators.snapshots import Snapshots
from liquor_app.scoring.response_model import ResponseModel, train_response
from liquor_app.scoring.training import ChurnModel, ClvModel


def snapshots_of(log: Any, until: int) -> Snapshots:
    known = log.day <= until
    return Snapshots(DayLog.of(log.customer[known], log.day[known], log.value[known]), until)


@pytest.fixture(scope="module")
def year(sample_log: Any) -> Snapshots:
    return snapshots_of(sample_log, 364)


def test_churn_uses_the_blend_on_enough_data(year: Snapshots) -> None:
    trained = training.train_churn(year.log.at(364).known, year, 60)
    assert trained.method == "bgnbd_and_regression"
    assert trained.metrics["auc"] > 0.77 > 0.74 > trained.metrics["count_auc"]["recency"]
    assert trained.metrics["brier"] < trained.metrics["bgnbd_brier"]
    model = ChurnModel.from_stored(*_stored(trained))
    assert model.method == trained.method
    assert set(model.blends) == {60, 7}
    # of a horizon nobody fitted there is the BG/NBD's word
    assert model.risk(year.log.at(364), 90, year.observed).method == "bgnbd"


def test_a_model_that_loses_to_a_count_is_not_used(sample_log: Any) -> None:
    """A world in which only recency matters, in the sharpest way: in each window come back those who bought last."""
    snapshots = snapshots_of(sample_log, 364)
    for at, past in snapshots.judged(60):
        for one in (at, *past):
            recency = one.signals.known.recency
            snapshots._made[one.cutoff, 60] = replace(
                one, window=replace(one.window, bought=recency < np.median(recency))
            )
    trained = training.train_churn(snapshots.log.at(364).known, snapshots, 60)
    assert trained.method == "best_count"
    assert trained.params["count"] == "recency"
    assert trained.metrics["auc"] == trained.metrics["count_auc"]["recency"] == 1
    assert "a simple count ranked customers better" in trained.params["missing"][0]
    model, now = ChurnModel.from_stored(*_stored(trained)), snapshots.log.at(364)
    said = model.risk(now, 60, snapshots.observed)
    assert auc(now.known.recency >= np.median(now.known.recency), said.probability) == 1
    # the count was fitted for 60 days and does not speak of 90
    assert np.isnan(model.risk(now, 90, snapshots.observed).probability).all()
    assert np.isnan(model.buys_this_week(now, snapshots.observed)).all()


def test_thin_data_name_what_is_missing_and_rank_all_the_same(sample_log: Any) -> None:
    one = DayLog.of([1, 2], [0, 5], [9.0, 9.0])
    trained = training.train_churn(one.at(9).known, Snapshots(one, 9), 60)
    assert trained.method == "recency_bands"
    assert len(trained.params["missing"]) == 3
    # four months of the sample: bands go by the BG/NBD, whose chances are told to nobody
    young = snapshots_of(sample_log, 120)
    model = ChurnModel.from_stored(*_stored(training.train_churn(young.log.at(120).known, young, 60)))
    risk = model.risk(young.log.at(120), 60, young.observed)
    assert np.isnan(risk.probability).all()
    later = snapshots_of(sample_log, 180).at(120, 60)
    assert later is not None
    order = {"low": 0, "medium": 1, "high": 2}
    away = ~later.window.bought
    by_band = auc(away, [order[band] for band in risk.band])
    by_recency = auc(away, [order[band] for band in recency_bands(later.signals.known.recency, 60)])
    assert by_band > by_recency


def test_value_is_the_regressions_where_it_stands_up(year: Snapshots) -> None:
    trained = training.train_clv(year.log.at(364).known, year)
    assert trained.method == "spend_glm"
    assert trained.metrics["why_not"] == []
    model, now = ClvModel.from_stored(*_stored(trained)), year.log.at(364)
    assert model.value(now, 365, year.observed).sum() > 0


def test_value_falls_back_to_a_calibrated_count(year: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "TOTAL_WITHIN", (0.0, 0.5))
    trained = training.train_clv(year.log.at(364).known, year)
    assert trained.method == "calibrated_count"
    assert any("its total was" in one for one in trained.metrics["why_not"])
    model, now = ClvModel.from_stored(*_stored(trained)), year.log.at(364)
    value = model.value(now, 365, year.observed)
    # somebody long silent is worth less than the same spend of somebody who just came
    silent, fresh = now.known.recency > 120, now.known.recency <= 14
    assert (value[silent] / now.known.spend[silent]).max() < (value[fresh] / now.known.spend[fresh]).min()
    assert np.isnan(model.if_back(now, value, value * 0 + 0.5, days=60, horizon=365).back).all()


def _stored(trained: training.Trained) -> tuple[str, dict[str, Any]]:
    return str(trained.method), json.loads(json.dumps(trained.params))


def test_value_needs_a_month() -> None:
    week = DayLog.of([1], [0], [9.0])
    trained = training.train_clv(week.at(6).known, Snapshots(week, 6))
    assert trained.method == "none"
    assert "30 days of history are needed, there are 7" in trained.params["missing"]
    assert np.isnan(ClvModel.from_stored(*_stored(trained)).value(week.at(6), 365, 7)).all()


@pytest.mark.parametrize("method", ["spend_to_date", "bgnbd_gamma_gamma", "spend_glm", "calibrated_count"])
def test_what_an_older_version_stored_values_nobody_until_the_next_fit(method: str) -> None:
    week = DayLog.of([1], [0], [9.0])
    stored = {
        "bgnbd": {"r": 1, "alpha": 1, "a": 1, "b": 1},
        "gamma_gamma": {"p": 1, "q": 2, "v": 1},
        "glm": {},
        "count": {},
    }
    assert np.isnan(ClvModel.from_stored(method, stored).value(week.at(6), 365, 7)).all()
    assert np.isnan(ClvModel.from_stored(method, {}).value(week.at(6), 365, 7)).all()
    old = ChurnModel.from_stored("bgnbd", {"r": 1, "alpha": 1, "a": 1, "b": 1})
    assert old.method == "bgnbd"
    for unread in ("bgnbd_and_regression", "bgnbd", "best_count", "recency_bands"):
        gone = ChurnModel.from_stored(unread, {"rank_by": {"r": 1}})
        assert np.isnan(gone.risk(week.at(6), 60, 7).probability).all(), "before: the whole scoring failed"
        assert gone.method == "recency_bands"


def made_contacts(day: np.ndarray, responded: np.ndarray, channel: np.ndarray | None = None) -> Contacts:
    zeros = np.zeros(day.size)
    by = np.full(day.size, "email", dtype=object) if channel is None else channel
    offers = Offers(np.full(day.size, np.nan), zeros, zeros)
    return Contacts(day, day + 5, (day // 20).astype(np.int64), by, responded, Known(*[zeros] * 8), offers)


def test_channels_differ_by_how_they_do() -> None:
    day = np.arange(400.0)
    channel = np.where(day < 200, "email", "sms").astype(object)
    responded = (day % 4 == 0) & (day < 200)
    trained = train_response(made_contacts(day, responded, channel), {})
    model = ResponseModel.from_stored(*_stored(trained))
    by = model.by_channel(0.1)
    assert by["email"] > 0.1 > by["sms"] > 0
    # a channel hardly used is not told apart, and one alone is everybody's
    few = train_response(made_contacts(day[:390], responded[:390], channel[:390]), {})
    assert ResponseModel.from_stored(*_stored(few)).by_channel(0.1) == {}


def test_without_contacts_nobody_has_a_likelihood() -> None:
    none = np.empty(0)
    trained = train_response(made_contacts(none, none.astype(bool)), {})
    assert trained.method == "none"
    one = np.ones(1)
    assert np.isnan(ResponseModel.from_stored(*_stored(trained)).typical(Known(*[one] * 8))).all()


def test_contacts_without_an_answer_do_not_prove_that_nobody_answers() -> None:
    trained = train_response(made_contacts(np.arange(9.0), np.zeros(9, dtype=bool)), {})
    assert trained.method == "responses_per_contact"
    assert 0 < trained.params["base_rate"] < 0.1


def test_tastes_keep_own_items_best_first() -> None:
    bought = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b"],
            "name": ["Beer", "Liquor", "Liquor", "Unheard of"],
            "baskets": [3, 1, 2, 9],
            "net": [30.0, 10.0, 50.0, 5.0],
        }
    )
    popularity = pd.Series([10.0, 6.0, 3.0], index=["Beer", "Domestic wine", "Liquor"])
    found = score_documents.tastes(bought, popularity, pd.Series(["a", "b", "c"]), k=2)
    assert found.own == [[("Beer", 0.75), ("Liquor", 0.25)], [("Liquor", 1.0)], []]
    nothing = score_documents.tastes(bought.head(0), pd.Series(dtype="float64"), pd.Series(["a"]), k=2)
    assert nothing.own == [[]]


def test_days_round_to_the_day_and_unknown_ones_stay_unknown() -> None:
    assert score_documents._day(date(2026, 1, 1), 30.4) == date(2026, 1, 31)
    assert score_documents._day(date(2026, 1, 1), float("nan")) is None

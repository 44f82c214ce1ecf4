"""Expected spend: learned from closed windows, its total the BG/NBD's, split by whether somebody comes back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import bgnbd, calibrated_count, spend_glm
from liquor_app.scoring.estimators.evaluate import poisson_deviance, spearman
from liquor_app.scoring.estimators.likelihood import FitFailed
from liquor_app.scoring.estimators.signals import DayLog
from liquor_app.scoring.estimators.snapshots import Snapshot, Snapshots
from liquor_app.scoring.estimators.spend_glm import SpendGlm, bgnbd_value, if_back

CUTOFFS = (184, 244, 304)


@pytest.fixture(scope="module")
def snapshots(sample_log: Any) -> Snapshots:
    return Snapshots(DayLog.of(sample_log.customer, sample_log.day, sample_log.value), 364)


def fitted(snapshots: Snapshots, cutoff: float) -> tuple[Snapshot, SpendGlm, list[Snapshot]]:
    at, past = snapshots.at(cutoff, 60), snapshots.closed(cutoff, 60)
    assert at is not None
    return at, spend_glm.fit(at.signals, at.observed, at.buying, at.spending, past), past


def test_nearer_than_spend_to_date_on_weeks_it_has_not_seen(snapshots: Snapshots) -> None:
    """models.md: alcohol, 60 days, Poisson deviance −4.3 % (−6.4, −2.7), Spearman +.014 (.007, .021)."""
    gains, ranks, totals = [], [], []
    for cutoff in CUTOFFS:
        at, model, _ = fitted(snapshots, cutoff)
        said, counted = model.value(at.signals, 60, at.observed), at.signals.known.spend / at.observed * 60
        spent = at.window.spent
        gains.append(poisson_deviance(spent, said) / poisson_deviance(spent, counted) - 1)
        ranks.append(spearman(spent, said) - spearman(spent, counted))
        totals.append(said.sum() / spent.sum())
    print(f"\ndeviance {np.round(gains, 4)}, Spearman {np.round(ranks, 4)}, totals {np.round(totals, 3)}")
    assert np.mean(gains) < -0.02
    assert np.mean(ranks) > 0.007
    assert all(0.85 < one < 1.15 for one in totals)


def test_its_total_is_the_models_of_purchases(snapshots: Snapshots) -> None:
    at, model, _ = fitted(snapshots, 304)
    for horizon in (60, 365):
        wanted = bgnbd_value(at.buying, at.spending, at.signals, horizon).sum()
        assert model.value(at.signals, horizon, at.observed).sum() == pytest.approx(wanted)
    longer = [model.value(at.signals, horizon, at.observed).sum() for horizon in (60, 90, 180, 365)]
    assert longer == sorted(longer)
    # whoever is scored alone is scored as among everybody
    few = at.signals.take(np.array([3, 77]))
    assert np.array_equal(model.value(few, 365, at.observed), model.value(at.signals, 365, at.observed)[[3, 77]])


def test_a_planted_relation_is_found() -> None:
    random = np.random.default_rng(3)
    design = random.normal(size=(20_000, len(spend_glm.FEATURES)))
    truth = np.zeros(design.shape[1])
    truth[[0, 2]] = (0.8, -0.5)
    money = random.gamma(0.4, 1 / 0.4, 20_000) * np.exp(design @ truth + 1.0)
    mean, scale, coefficients, intercept = spend_glm._fitted(design, money)
    found = np.array(coefficients) / np.array(scale)
    assert found == pytest.approx(truth, abs=0.06)
    assert intercept - float(found @ np.array(mean)) == pytest.approx(1.0, abs=0.06)


def test_what_is_expected_is_split_by_whether_they_come_back(snapshots: Snapshots) -> None:
    at, model, _ = fitted(snapshots, 304)
    known = at.signals.known
    value = model.value(at.signals, 365, at.observed)
    quiet = np.clip(bgnbd.p_no_purchase(at.buying, 60, known.x, known.t_x, known.T), 0.01, 0.83)
    split = if_back(at.buying, at.signals, value, quiet, days=60, horizon=365)
    assert (1 - quiet) * split.back + quiet * split.gone == pytest.approx(value)
    assert np.all(split.back >= split.gone)
    assert np.all(split.gone >= 0)
    # without a model's probability nothing is said
    assert np.isnan(if_back(at.buying, at.signals, value, quiet * np.nan, days=60, horizon=365).back).all()
    # nobody can spend in what is left of no days
    assert np.all(if_back(at.buying, at.signals, value, quiet, days=60, horizon=60).gone == 0)


def test_what_is_stored_says_the_same(snapshots: Snapshots) -> None:
    at, model, _ = fitted(snapshots, 304)
    again = SpendGlm.from_dict(at.buying, at.spending, json.loads(json.dumps(model.to_dict())))
    assert np.array_equal(again.value(at.signals, 365, at.observed), model.value(at.signals, 365, at.observed))
    for wrong in ({}, {**model.to_dict(), "names": ["another"]}, {**model.to_dict(), "mean": [1.0]}):
        with pytest.raises(Invalid):
            SpendGlm.from_dict(at.buying, at.spending, wrong)


def test_nothing_to_learn_from(snapshots: Snapshots) -> None:
    at, _, past = fitted(snapshots, 304)
    with pytest.raises(FitFailed, match="too short"):
        spend_glm.fit(at.signals, at.observed, at.buying, at.spending, [])
    assert calibrated_count.fit([]).value(at.signals, 30, at.observed) == pytest.approx(
        at.signals.known.spend * 30 / at.observed
    )
    with pytest.raises(Invalid, match="at least one day"):
        calibrated_count.fit(past).value(at.signals, 30, 0)


def test_the_count_learns_what_each_band_of_recency_was_worth(snapshots: Snapshots) -> None:
    _, _, past = fitted(snapshots, 304)
    count = calibrated_count.fit(past)
    band = [calibrated_count.band_of(one.signals) for one in past]
    for place in range(len(calibrated_count.EDGES) + 1):
        said = sum(
            float((one.signals.known.spend * 60 / one.observed)[rows == place].sum())
            for one, rows in zip(past, band, strict=True)
        )
        seen = sum(float(one.window.spent[rows == place].sum()) for one, rows in zip(past, band, strict=True))
        assert count.factors[place] == pytest.approx(seen / said, rel=0.2), "drawn a little towards everybody's"
    again = calibrated_count.CalibratedCount.from_dict(json.loads(json.dumps(count.to_dict())))
    assert again == count

"""Half a BG/NBD, half a regression: nearer than either, and never beyond what history has shown."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import bgnbd, churn_blend
from liquor_app.scoring.estimators.churn_blend import ChurnBlend
from liquor_app.scoring.estimators.evaluate import auc, brier
from liquor_app.scoring.estimators.likelihood import FitFailed
from liquor_app.scoring.estimators.signals import DayLog
from liquor_app.scoring.estimators.snapshots import Snapshots


@pytest.fixture(scope="module")
def snapshots(sample_log: Any) -> Snapshots:
    return Snapshots(DayLog.of(sample_log.customer, sample_log.day, sample_log.value), 364)


def test_nearer_than_the_bgnbd_on_weeks_it_has_not_seen(snapshots: Snapshots) -> None:
    """models.md: alcohol, 60 days, Brier −.0025 (−.0035, −.0014), AUC +.0056 (.0035, .0078)."""
    nearer, better = [], []
    for cutoff in (184, 244, 304):
        at = snapshots.at(cutoff, 60)
        assert at is not None
        said = churn_blend.fit(at.buying, snapshots.closed(cutoff, 60)).probability(at.signals, at.observed)
        known, gone = at.signals.known, ~at.window.bought
        alone = bgnbd.p_no_purchase(at.buying, 60, known.x, known.t_x, known.T)
        nearer.append(brier(gone, said) - brier(gone, alone))
        better.append(auc(gone, said) - auc(gone, alone))
    print(f"\nBrier {np.round(nearer, 4)}, AUC {np.round(better, 4)}")
    assert np.mean(nearer) < -0.001
    assert np.mean(better) > 0.003


def test_no_chance_is_printed_that_history_has_not_shown(snapshots: Snapshots) -> None:
    past = snapshots.closed(364, 60)
    at = snapshots.log.at(364)
    buying = bgnbd.fit(at.known.x, at.known.t_x, at.known.T).params
    blend = churn_blend.fit(buying, past)
    said = blend.probability(at, snapshots.observed)
    alone = bgnbd.p_no_purchase(buying, 60, at.known.x, at.known.t_x, at.known.T)
    assert alone.max() > 0.95, "the BG/NBD alone would have said so"
    assert said.max() <= blend.highest < 0.9
    assert said.min() >= blend.lowest
    # worked out again: among those said likeliest to stay away, what share did?
    then = np.concatenate([blend.probability(one.signals, one.observed) for one in past])
    gone = np.concatenate([~one.window.bought for one in past])
    top = np.argsort(then, kind="stable")[-churn_blend.MIN_SEEN :]
    assert blend.highest <= gone[top].mean() + 0.15


def test_the_week_is_asked_at_seven_days(snapshots: Snapshots) -> None:
    """models.md: said .143, seen .145 when asked at seven days; 60 days, spread evenly, says .117."""
    at = snapshots.at(340, 7)
    assert at is not None
    week = 1 - churn_blend.fit(at.buying, snapshots.closed(340, 7)).probability(at.signals, at.observed)
    months = churn_blend.fit(at.buying, snapshots.closed(340, 60)).probability(at.signals, at.observed)
    spread, seen = 1 - months ** (7 / 60), at.window.bought.mean()
    print(f"\nasked at seven days {week.mean():.3f}, spread {spread.mean():.3f}, seen {seen:.3f}")
    assert abs(week.mean() - seen) < abs(spread.mean() - seen)


def test_what_is_stored_says_the_same(snapshots: Snapshots) -> None:
    past = snapshots.closed(364, 60)
    blend = churn_blend.fit(past[0].buying, past)
    again = ChurnBlend.from_dict(past[0].buying, json.loads(json.dumps(blend.to_dict())))
    assert np.array_equal(again.probability(past[0].signals, 300), blend.probability(past[0].signals, 300))
    for wrong in ({}, {**blend.to_dict(), "lowest": 2.0}):
        with pytest.raises(Invalid):
            ChurnBlend.from_dict(past[0].buying, wrong)
    with pytest.raises(FitFailed, match="too short"):
        churn_blend.fit(past[0].buying, [])

"""A value model is refused for what it gets wrong, by name; an honest one stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from liquor_app.scoring import judging
from liquor_app.scoring.estimators.evaluate import poisson_deviance
from liquor_app.scoring.estimators.signals import DayLog
from liquor_app.scoring.estimators.snapshots import Snapshots
from liquor_app.scoring.judging import Judged, judge_value, value_figures, value_forecasts


@pytest.fixture(scope="module")
def judged(sample_log: Any) -> Judged:
    log = DayLog.of(sample_log.customer, sample_log.day, sample_log.value)
    found = value_forecasts(Snapshots(log, 364), 60)
    assert found is not None
    return found


def spoilt(judged: Judged, said: np.ndarray) -> list[str]:
    return list(value_figures(replace(judged, said={**judged.said, "spend_glm": said}))["why_not"])


def test_the_samples_own_model_stands(judged: Judged) -> None:
    found = value_figures(judged)
    assert found["why_not"] == []
    assert found["windows"] == 3
    assert set(found["count_deviance"]) == {"calibrated_count", "recency", "frequency", "rfm_sum", "spend_to_date"}
    # worked out again from what was said and seen
    own = judged.said["spend_glm"]
    assert found["deviance"] == pytest.approx(poisson_deviance(judged.seen, own))
    assert found["total"][0] == pytest.approx(own.sum() / judged.seen.sum())
    assert sum(n for _, _, n in found["deciles"]) == judged.seen.size
    assert sum(said * n for said, _, n in found["deciles"]) == pytest.approx(own.sum())
    lapsed = next(one for one in found["bands"] if one["band"] == "last order over 120 days ago")
    rows = judged.recency > 120
    assert lapsed["ratio"] == pytest.approx(own[rows].sum() / judged.seen[rows].sum())
    assert lapsed["customers"] == np.unique(judged.customer[rows]).size


def test_a_model_is_refused_for_what_it_gets_wrong(judged: Judged) -> None:
    own = judged.said["spend_glm"]
    assert any("its total was" in one for one in spoilt(judged, own * 1.3))
    lapsed = np.where(judged.recency > 120, own * 4, own)
    assert any("last order over 120 days ago: said" in one for one in spoilt(judged, lapsed))
    young = np.where(judged.tenure <= 90, own * 0.3, own)
    assert any(one.startswith("known for 30 to 90 days") for one in spoilt(judged, young))
    mixed = np.random.default_rng(5).permutation(own)
    told = spoilt(judged, mixed)
    assert any("came nearer to what was spent" in one for one in told)
    assert any("ranked customers better by more than noise" in one for one in told)


def test_a_short_log_tells_nothing(sample_log: Any) -> None:
    early = sample_log.day < 80
    log = DayLog.of(sample_log.customer[early], sample_log.day[early], sample_log.value[early])
    assert judge_value(Snapshots(log, 79)) == {}
    assert judging.judge_churn(Snapshots(DayLog.of([1], [0], [5.0]), 100), 60) == {}

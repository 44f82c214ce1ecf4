"""The regression: recovery, storage, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import response
from liquor_app.scoring.estimators.evaluate import auc, ece
from liquor_app.scoring.estimators.likelihood import FitFailed
from liquor_app.scoring.estimators.response import LogitParams

NAMES = ("past_responses", "recency", "constant")


def contacts(n: int, seed: int, *, informative: bool = True) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.poisson(1.0, n), rng.exponential(50, n), np.full(n, 7.0)])
    odds = -2 + (1.2 * design[:, 0] - 0.02 * design[:, 1] if informative else 0)
    return design, (rng.random(n) < expit(odds)).astype(float)


def test_fit_recovers_the_coefficients_and_is_calibrated() -> None:
    design, responded = contacts(50_000, 1)
    model = response.fit(design, responded, NAMES)
    per_unit = np.array(model.coefficients) / np.array(model.scale)
    assert per_unit[0] == pytest.approx(1.2, rel=0.05)
    assert per_unit[1] == pytest.approx(-0.02, rel=0.05)
    assert model.coefficients[2] == pytest.approx(0, abs=1e-6)
    fresh, outcome = contacts(20_000, 2)
    said = response.predict(model, fresh)
    assert ece(outcome, said) < 0.02
    assert auc(outcome, said) > 0.75


def test_the_penalty_tames_a_feature_that_separates() -> None:
    design = np.repeat([[0.0], [1.0]], 50, axis=0)
    responded = design[:, 0]
    model = response.fit(design, responded, ("answer",))
    assert 0 < model.coefficients[0] < 10
    assert response.fit(design, responded, ("answer",), l2=100).coefficients[0] < model.coefficients[0]


def test_a_stored_model_predicts_the_same() -> None:
    design, responded = contacts(2_000, 3)
    model = response.fit(design, responded, NAMES)
    restored = LogitParams.from_dict(model.to_dict())
    assert response.predict(restored, design).tolist() == response.predict(model, design).tolist()
    with pytest.raises(Invalid, match="incomplete"):
        LogitParams.from_dict({"names": ["a"]})
    with pytest.raises(Invalid, match="length"):
        LogitParams.from_dict({**model.to_dict(), "mean": [1.0]})


def test_the_simple_count_is_drawn_towards_everybody() -> None:
    never, once, always = response.response_rate([0, 1, 90], [0, 1, 90], 0.1)
    assert never == pytest.approx(0.1)
    assert never < once < always < 1
    with pytest.raises(Invalid, match="between 0 and the number"):
        response.response_rate([2], [1], 0.1)
    with pytest.raises(Invalid, match="base rate"):
        response.response_rate([0], [1], 1.5)


def test_too_few_responses_fail_clearly() -> None:
    with pytest.raises(FitFailed, match="at least 30 responses; there are 0"):
        response.fit(np.ones((50, 1)), np.zeros(50), ("x",))


def test_bad_matrices_are_refused() -> None:
    with pytest.raises(Invalid, match="columns"):
        response.fit(np.ones((50, 2)), np.zeros(50), ("x",))
    with pytest.raises(Invalid, match="finite"):
        response.fit(np.full((50, 1), np.nan), np.zeros(50), ("x",))
    with pytest.raises(Invalid, match="0 or 1"):
        response.fit(np.ones((50, 1)), np.full(50, 2.0), ("x",))
    with pytest.raises(Invalid, match="length"):
        response.fit(np.ones((50, 1)), np.zeros(49), ("x",))

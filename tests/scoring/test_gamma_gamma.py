"""Order value: recovery, shrinkage, bad input. The published fit is in test_reference."""

from __future__ import annotations

import numpy as np
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import gamma_gamma
from liquor_app.scoring.estimators.gamma_gamma import GammaGammaParams
from liquor_app.scoring.estimators.likelihood import FitFailed

TRUE = GammaGammaParams(p=6.0, q=4.0, v=15.0)


def test_fit_recovers_the_parameters_that_made_the_data() -> None:
    rng = np.random.default_rng(1)
    nu = rng.gamma(TRUE.q, 1 / TRUE.v, 40_000)
    n = rng.integers(1, 20, nu.size)
    mean = rng.gamma(TRUE.p * n, 1 / nu) / n
    found = gamma_gamma.fit(n, mean).params
    assert found.p == pytest.approx(TRUE.p, rel=0.05)
    assert found.q == pytest.approx(TRUE.q, rel=0.05)
    assert found.mean == pytest.approx(TRUE.mean, rel=0.02)


def test_money_in_cents_gives_the_same_model() -> None:
    rng = np.random.default_rng(2)
    n, mean = rng.integers(1, 9, 500), rng.gamma(5, 8, 500)
    dollars, cents = gamma_gamma.fit(n, mean).params, gamma_gamma.fit(n, mean * 100).params
    assert cents.v == pytest.approx(dollars.v * 100, rel=1e-4)
    assert cents.p == pytest.approx(dollars.p, rel=1e-4)


def test_few_orders_are_drawn_to_the_mean_and_many_speak_for_themselves() -> None:
    one, many = gamma_gamma.expected_mean_value(TRUE, [1, 500], [200.0, 200.0])
    assert TRUE.mean is not None
    assert TRUE.mean < one < many < 200
    assert many == pytest.approx(200, rel=0.01)
    assert gamma_gamma.expected_mean_value(TRUE, 0, 0) == pytest.approx(TRUE.mean)


def test_without_a_finite_mean_the_own_mean_is_kept() -> None:
    heavy = GammaGammaParams(p=0.1, q=0.5, v=3.0)
    assert heavy.mean is None
    assert gamma_gamma.expected_mean_value(heavy, [0, 1], [12.0, 12.0]).tolist() == [12.0, 12.0]


def test_customers_without_a_positive_value_are_left_out() -> None:
    fitted = gamma_gamma.fit([3, 2, 4, 1, 0], [10.0, 14.0, 9.0, 0.0, 5.0])
    assert fitted.customers == 3


def test_bad_input_is_named() -> None:
    with pytest.raises(FitFailed, match="different order values"):
        gamma_gamma.fit([1, 2], [10.0, 10.0])
    with pytest.raises(Invalid, match="shape"):
        gamma_gamma.fit([1, 2], [10.0])
    with pytest.raises(Invalid, match="finite"):
        gamma_gamma.fit([1, 2], [10.0, np.nan])
    with pytest.raises(Invalid, match="incomplete"):
        GammaGammaParams.from_dict({})
    assert GammaGammaParams.from_dict(TRUE.to_dict()) == TRUE

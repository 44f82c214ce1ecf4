"""BG/NBD beyond the published numbers: gradients of nothing but truth, simulation, limits, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from liquor_app.core.errors import Invalid
from liquor_app.scoring.estimators import bgnbd
from liquor_app.scoring.estimators.bgnbd import BgNbdParams
from liquor_app.scoring.estimators.likelihood import FitFailed
from tests.examples import examples

TRUE = BgNbdParams(r=0.5, alpha=15.0, a=0.6, b=2.5)


def simulate(params: BgNbdParams, customers: int, horizon: float, seed: int) -> tuple[np.ndarray, ...]:
    """The model's own story played out: x, t_x, T, and purchases in the `horizon` after T."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(params.r, 1 / params.alpha, customers)
    quits = rng.beta(params.a, params.b, customers)
    age = rng.uniform(30, 365, customers)
    x, t_x, clock, later = (np.zeros(customers) for _ in range(4))
    active = np.arange(customers)
    while active.size:
        clock[active] += rng.exponential(1 / rate[active])
        active = active[clock[active] <= age[active] + horizon]
        seen = active[clock[active] <= age[active]]
        x[seen] += 1
        t_x[seen] = clock[seen]
        later[active[clock[active] > age[active]]] += 1
        active = active[rng.random(active.size) >= quits[active]]
    return x, t_x, age, later


def test_fit_recovers_the_parameters_that_made_the_data() -> None:
    x, t_x, age, _ = simulate(TRUE, 60_000, 60, seed=1)
    found = bgnbd.fit(x, t_x, age).params
    assert found.r == pytest.approx(TRUE.r, rel=0.05)
    assert found.alpha == pytest.approx(TRUE.alpha, rel=0.06)
    assert found.a / (found.a + found.b) == pytest.approx(TRUE.a / (TRUE.a + TRUE.b), rel=0.08)


def test_probability_of_no_purchase_is_calibrated_in_simulation() -> None:
    x, t_x, age, later = simulate(TRUE, 200_000, 60, seed=2)
    said = bgnbd.p_no_purchase(TRUE, 60, x, t_x, age)
    for low in np.arange(0, 1, 0.1):
        bucket = (said >= low) & (said < low + 0.1)
        seen, expected = np.mean(later[bucket] == 0), said[bucket].mean()
        error = np.sqrt(expected * (1 - expected) / bucket.sum())
        assert abs(seen - expected) < 4 * error, f"bucket {low:.1f}: said {expected:.4f}, seen {seen:.4f}"


def test_expected_purchases_match_simulation() -> None:
    x, t_x, age, later = simulate(TRUE, 200_000, 60, seed=3)
    said = bgnbd.expected_purchases(TRUE, 60, x, t_x, age)
    error = later.std() / np.sqrt(later.size)
    assert abs(said.mean() - later.mean()) < 4 * error
    busy = said > 2
    assert said[busy].mean() == pytest.approx(later[busy].mean(), rel=0.02)


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0, 100), (1, 20, 100), (5, 90, 100), (12, 40, 200)])
def test_probability_of_no_purchase_equals_the_integral_it_was_derived_from(x: int, t_x: float, age: float) -> None:
    rng = np.random.default_rng(4)
    rate, quits = rng.gamma(TRUE.r, 1 / TRUE.alpha, 2_000_000), rng.beta(TRUE.a, TRUE.b, 2_000_000)
    active = (1 - quits) ** x * rate**x * np.exp(-rate * age)
    stopped = quits * (1 - quits) ** (x - 1) * rate**x * np.exp(-rate * t_x) if x else np.zeros_like(rate)
    integral = np.sum(active * np.exp(-rate * 60) + stopped) / np.sum(active + stopped)
    assert bgnbd.p_no_purchase(TRUE, 60, x, t_x, age) == pytest.approx(integral, abs=0.006)


def test_expected_purchases_agree_with_the_printed_equation() -> None:
    x, t_x, age, t = np.array([0, 1, 3, 8]), np.array([0.0, 9, 50, 70]), np.array([80.0, 80, 80, 80]), 45
    r, alpha, a, b = TRUE.r, TRUE.alpha, TRUE.a, TRUE.b
    printed = (a + b + x - 1) / (a - 1)
    printed *= 1 - ((alpha + age) / (alpha + age + t)) ** (r + x) * hyp2f1(
        r + x, b + x, a + b + x - 1, t / (alpha + age + t)
    )
    printed /= 1 + (x > 0) * a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)
    assert bgnbd.expected_purchases(TRUE, t, x, t_x, age) == pytest.approx(printed, rel=1e-9)


def test_hundreds_of_purchases_do_not_overflow() -> None:
    buys = bgnbd.expected_purchases(TRUE, 365, [250, 1000], [364.0, 364.0], [365.0, 365.0])
    assert np.all(np.isfinite(buys))
    assert 50 < buys[0] < 250 < buys[1]


@pytest.mark.parametrize("a", [1.0, 1.0 + 1e-12, 1.0 - 1e-12])
def test_the_removable_singularity_is_removed(a: float) -> None:
    near = bgnbd.expected_purchases(BgNbdParams(0.5, 15, 1.001, 2.5), 60, 4, 50, 80)
    at = bgnbd.expected_purchases(BgNbdParams(0.5, 15, a, 2.5), 60, 4, 50, 80)
    assert at == pytest.approx(near, rel=2e-3)


histories = st.tuples(st.integers(0, 300), st.floats(0, 1), st.floats(1, 1000)).map(
    lambda h: (h[0], h[1] * h[2] if h[0] else 0.0, h[2])
)


@settings(max_examples=examples(200))
@given(history=histories, h=st.floats(0, 730), longer=st.floats(0, 365))
def test_a_probability_is_one_and_falls_with_time(history: tuple[int, float, float], h: float, longer: float) -> None:
    near, far = bgnbd.p_no_purchase(TRUE, [h, h + longer], *(np.repeat(v, 2) for v in history))
    assert 0 <= far <= near <= 1
    assert near >= 1 - bgnbd.p_alive(TRUE, *history) - 1e-12
    assert bgnbd.p_no_purchase(TRUE, 0, *history) == pytest.approx(1)


@settings(max_examples=examples(200))
@given(history=histories, quantile=st.floats(0.01, 0.99))
def test_next_purchase_inverts_the_probability(history: tuple[int, float, float], quantile: float) -> None:
    wait = float(bgnbd.next_purchase(TRUE, quantile, *history))
    alive = float(bgnbd.p_alive(TRUE, *history))
    if quantile >= alive:
        assert wait == np.inf
    elif wait < 1e12:
        assert 1 - bgnbd.p_no_purchase(TRUE, wait, *history) == pytest.approx(quantile, abs=1e-6)


def test_one_time_buyers_are_always_alive_but_not_always_back() -> None:
    age = np.array([5.0, 300.0])
    none = np.zeros(2)
    assert np.all(bgnbd.p_alive(TRUE, none, none, age) == 1)
    fresh, stale = bgnbd.p_no_purchase(TRUE, 60, none, none, age)
    assert fresh < stale


def test_a_shop_where_nobody_drops_out_fits_at_the_limit() -> None:
    rng = np.random.default_rng(5)
    age = np.full(3000, 300.0)
    x = rng.poisson(rng.gamma(2.0, 1 / 60, 3000) * age)
    t_x = np.where(x > 0, age * rng.beta(np.maximum(x, 1), 1), 0)
    found = bgnbd.fit(x, t_x, age).params
    assert found.a / found.b < 0.001
    assert found.r == pytest.approx(2.0, rel=0.15)


@pytest.mark.parametrize(("x", "t_x", "age"), [([], [], []), ([0, 0, 0], [0, 0, 0], [9, 9, 9]), ([0], [0], [0])])
def test_no_repeat_purchase_is_a_clear_failure(x: list[int], t_x: list[int], age: list[int]) -> None:
    with pytest.raises(FitFailed, match="bought again"):
        bgnbd.fit(x, t_x, age)


@pytest.mark.parametrize(
    ("x", "t_x", "age", "field"),
    [
        ([-1], [0], [9], "x"),
        ([1], [-2], [9], "t_x"),
        ([0], [3], [9], "t_x"),
        ([2], [10], [9], "T"),
        ([2], [np.nan], [9], "t_x"),
        ([2], [3], [np.inf], "T"),
        ([2, 1], [3], [9], "x"),
    ],
)
def test_impossible_histories_are_refused_by_name(x: list, t_x: list, age: list, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        bgnbd.fit(x, t_x, age)
    assert refused.value.field == field


def test_parameters_survive_storage_and_reject_nonsense() -> None:
    assert BgNbdParams.from_dict(TRUE.to_dict()) == TRUE
    with pytest.raises(Invalid, match="incomplete"):
        BgNbdParams.from_dict({"r": 1})
    with pytest.raises(Invalid, match="alpha"):
        BgNbdParams(1, -1, 1, 1)


def test_a_hundred_thousand_customers_are_fitted_by_their_patterns() -> None:
    x, t_x, age, _ = simulate(TRUE, 100_000, 0, seed=6)
    x, t_x, age = np.where(np.floor(t_x) == 0, 0, x), np.floor(t_x), np.floor(age)
    fitted = bgnbd.fit(x, t_x, age)
    assert fitted.patterns < fitted.customers

"""The simulation against drawing every single purchase."""

from __future__ import annotations

import numpy as np
import pytest

from liquor_app.actions.priority import expected_profit
from liquor_app.planning.simulation import BASKET_VARIATION, MODEL_SPREAD, Sends, simulate

MARGIN = 0.28


def week(count: int, seed: int = 3) -> Sends:
    rng = np.random.default_rng(seed)
    return Sends(
        response=rng.uniform(0.02, 0.3, count),
        baseline=rng.uniform(0, 0.3, count),
        basket=rng.lognormal(2.3, 0.5, count),
        discount=rng.choice([0.0, 0.05, 0.1], count),
        cost=np.full(count, 0.001),
        weight=np.ones(count),
    )


def test_intervals_match_drawing_every_purchase() -> None:
    sends = week(250)
    rng = np.random.default_rng(11)
    profits, discounts = [], []
    shape = 1 / BASKET_VARIATION**2
    for _ in range(4000):
        factor = np.exp(rng.normal(-(MODEL_SPREAD**2) / 2, MODEL_SPREAD))
        answers = rng.random(250) < np.clip(sends.response * factor, 0, 1)
        new = rng.random(250) >= sends.baseline
        basket = sends.basket * rng.gamma(shape, 1 / shape, 250)
        gain = np.where(new, basket * (MARGIN - sends.discount), -basket * sends.discount)
        profits.append((answers * gain).sum() - sends.cost.sum())
        discounts.append((answers * basket * sends.discount).sum())
    found = simulate(sends, MARGIN, seed=1)
    low, high = np.percentile(profits, [10, 90])
    width = high - low
    assert found.incremental_profit.mean == pytest.approx(np.mean(profits), abs=0.03 * width)
    assert found.incremental_profit.low == pytest.approx(low, abs=0.05 * width)
    assert found.incremental_profit.high == pytest.approx(high, abs=0.05 * width)
    assert found.discount.high == pytest.approx(np.percentile(discounts, 90), rel=0.05)


def test_the_mean_is_the_sum_of_the_actions_expected_profits() -> None:
    sends = week(40)
    stored = expected_profit(
        response=sends.response,
        basket=sends.basket,
        baseline=sends.baseline,
        margin=MARGIN,
        discount=sends.discount,
        cost=0.001,
    ).sum()
    assert simulate(sends, MARGIN, seed=5).incremental_profit.mean == pytest.approx(stored)


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert simulate(week(30), MARGIN, seed=5) == simulate(week(30), MARGIN, seed=5)
    assert simulate(week(30), MARGIN, seed=5) != simulate(week(30), MARGIN, seed=6)


def test_more_customers_narrow_chance_but_not_the_model() -> None:
    few, many = simulate(week(100), MARGIN, seed=1), simulate(week(20_000), MARGIN, seed=1)

    def spread(found: object) -> float:
        buyers = found.buyers  # type: ignore[attr-defined]
        return float((buyers.high - buyers.low) / buyers.mean)

    assert spread(many) < spread(few)
    assert spread(many) > 2 * 1.28 * MODEL_SPREAD * 0.9, "what is wrong with the model does not average out"


def test_an_empty_plan_brings_nothing() -> None:
    assert simulate(week(0), MARGIN, seed=1).incremental_profit.mean == 0

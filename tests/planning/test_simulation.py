"""The simulation against drawing every single purchase."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from liquor_app.actions.priority import expected_profit
from liquor_app.planning.simulation import BASKET_VARIATION, DRAWS, MODEL_SPREAD, Sends, Uplifts, simulate
from liquor_app.scoring.estimators.uplift import Cell, Posterior

MARGIN = 0.28
SURE = Uplifts(np.array([0.02, 0.06]), np.tile([0.02, 0.06], (DRAWS, 1)))
"""Two cells whose effects are known."""


def week(count: int, seed: int = 3) -> Sends:
    rng = np.random.default_rng(seed)
    return Sends(
        response=rng.uniform(0.02, 0.3, count),
        cell=rng.integers(0, 2, count),
        basket=rng.lognormal(2.3, 0.5, count),
        discount=rng.choice([0.0, 0.05, 0.1], count),
        cost=np.full(count, 0.001),
        weight=np.ones(count),
    )


def test_intervals_match_drawing_every_purchase() -> None:
    """Uplifts are drawn as well: normal about what is believed of the two cells, once a week."""
    sends = week(250)
    rng = np.random.default_rng(11)
    believed = Uplifts(SURE.mean, SURE.mean + 0.01 * np.random.default_rng(7).standard_normal((DRAWS, 2)))
    profits, discounts = [], []
    shape = 1 / BASKET_VARIATION**2
    for _ in range(4000):
        factor = np.exp(rng.normal(-(MODEL_SPREAD**2) / 2, MODEL_SPREAD))
        answers = rng.random(250) < np.clip(sends.response * factor, 0, 1)
        truth = rng.normal(SURE.mean, 0.01)[sends.cell]
        moved = np.where(rng.random(250) < np.abs(truth), np.sign(truth), 0.0)
        basket, other = (sends.basket * rng.gamma(shape, 1 / shape, 250) for _ in range(2))
        profits.append((moved * other * MARGIN - answers * basket * sends.discount).sum() - sends.cost.sum())
        discounts.append((answers * basket * sends.discount).sum())
    found = simulate(sends, MARGIN, believed, seed=1)
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
        uplift=SURE.mean[sends.cell],
        margin=MARGIN,
        discount=sends.discount,
        cost=0.001,
    ).sum()
    assert simulate(sends, MARGIN, SURE, seed=5).incremental_profit.mean == pytest.approx(stored)


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert simulate(week(30), MARGIN, SURE, seed=5) == simulate(week(30), MARGIN, SURE, seed=5)
    assert simulate(week(30), MARGIN, SURE, seed=5) != simulate(week(30), MARGIN, SURE, seed=6)


def test_more_customers_narrow_chance_but_not_the_model() -> None:
    few, many = (simulate(week(count), MARGIN, SURE, seed=1) for count in (100, 20_000))

    def spread(found: object) -> float:
        buyers = found.takers  # type: ignore[attr-defined]
        return float((buyers.high - buyers.low) / buyers.mean)

    assert spread(many) < spread(few)
    assert spread(many) > 2 * 1.28 * MODEL_SPREAD * 0.9, "what is wrong with the model does not average out"


def test_an_empty_plan_brings_nothing() -> None:
    assert simulate(week(0), MARGIN, SURE, seed=1).incremental_profit.mean == 0


def test_before_anything_was_learned_the_profits_interval_holds_zero_and_after_it_need_not() -> None:
    """However many messages: what is not known about all of them does not average out."""
    sends = replace(week(20_000), discount=np.zeros(20_000))
    cells = [Cell("loyal", "News", "email", "due"), Cell("champions", "News", "sms", "due")]
    prior = Posterior.prior()
    assumed = Uplifts(prior.effects(cells)[0], prior.draws(cells, DRAWS, seed=3))
    before = simulate(sends, MARGIN, assumed, seed=1).incremental_profit
    assert before.low < 0 < before.mean < before.high
    after = simulate(sends, MARGIN, SURE, seed=1).incremental_profit
    assert 0 < after.low < after.mean < after.high

"""Contrasts and their pooling: worked by hand, against a published analysis, and calibrated where nothing differs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student

from liquor_app.experiments.contrasts import Contrast, Outcome, Split, Sums, contrast, effect, pool, together
from liquor_app.experiments.statistics import Arm, lift

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def summed(bought: Floats, p: Floats, profit: Floats | None = None) -> Sums:
    money = np.zeros_like(bought) if profit is None else profit
    n = bought.size
    return Sums(
        n, n, float(bought.sum()), 0.0, 0.0, float(money.sum()), float((money**2).sum()), float(p.sum()),
        float((p**2).sum()), float((p * bought).sum()), 0.0, float((p * money).sum()),
    )  # fmt: skip


def drawn(rng: np.random.Generator, people: int, share: float, gain: float = 0.0) -> tuple[Sums, Sums]:
    """A campaign of people whose chances differ, a share of them held out; `gain` is what a message adds."""
    p = rng.beta(1.2, 6.0, people)
    held = rng.random(people) < share
    bought = (rng.random(people) < np.clip(p + np.where(held, 0.0, gain), 0, 1)).astype(np.float64)
    profit = bought * rng.lognormal(2.0, 0.8, people) - np.where(held, 0.0, 0.01)
    return summed(bought[~held], p[~held], profit[~held]), summed(bought[held], p[held], profit[held])


def test_sums_are_the_same_in_any_order() -> None:
    rng = np.random.default_rng(9)
    groups = [drawn(rng, 50, 0.5)[0] for _ in range(9)]
    whole = together(groups)
    assert whole.people == sum(one.people for one in groups)
    assert whole.profit == pytest.approx(sum(one.profit for one in groups))
    for _ in range(20):
        assert together([groups[one] for one in rng.permutation(9)]) == whole


def test_the_everyday_contrast_is_that_of_the_holdout() -> None:
    one, other = drawn(np.random.default_rng(1), 900, 0.2)
    found = contrast(Outcome.BOUGHT, one, other)
    theirs = lift(Arm.of_rate(one.people, int(one.bought)), Arm.of_rate(other.people, int(other.bought)))
    assert found is not None
    told = effect(Outcome.BOUGHT, [Split(one, other, None)])
    assert told.always is not None
    assert (told.always.mean, told.always.low, told.always.high) == pytest.approx(
        (theirs.difference, theirs.low, theirs.high)
    )
    assert told.total is not None
    assert told.total.low == pytest.approx((theirs.low or 0) * one.people)
    assert told.final is told.final_total is None, "before its date there is no final read"


def test_what_was_expected_is_taken_off_as_least_squares_would() -> None:
    """The adjusted contrast is the coefficient of the group in a regression on group and p, with its standard error."""
    rng = np.random.default_rng(2)
    p = rng.beta(1.2, 6.0, 400)
    held = rng.random(400) < 0.3
    bought = (rng.random(400) < p).astype(np.float64)
    design = np.column_stack([np.ones(400), ~held, p])
    beta, *_ = np.linalg.lstsq(design, bought, rcond=None)
    found = contrast(Outcome.BOUGHT, summed(bought[~held], p[~held]), summed(bought[held], p[held]), adjusted=True)
    assert found is not None
    assert found.difference == pytest.approx(beta[1])
    left = bought - design @ beta
    plain = float(left @ left) / 397
    assert found.variance == pytest.approx(plain * (1 / (~held).sum() + 1 / held.sum()))


def test_nobody_to_compare_with_is_no_figure() -> None:
    some, none = summed(np.array([1.0, 0.0, 1.0]), np.full(3, 0.2)), Sums()
    for one, other in (
        (some, none),
        (none, some),
        (summed(np.zeros(9), np.zeros(9)), summed(np.zeros(9), np.zeros(9))),
    ):
        told = effect(Outcome.BOUGHT, [Split(one, other, (one, other))])
        assert (told.always, told.total, told.final, told.final_total) == (None, None, None, None)
    assert pool([]) is pool([None]) is None


@pytest.mark.parametrize("outcome", list(Outcome))
def test_where_nobody_bought_nothing_is_sure(outcome: Outcome) -> None:
    """Five hundred written to at a tenth of a cent each: an interval of next to no width about it said "It costs"."""
    costs = np.full(500, -0.001)
    costs[0] = -0.008  # one by text
    silent = summed(np.zeros(500), np.full(500, 0.1), costs), summed(np.zeros(50), np.full(50, 0.1), np.zeros(50))
    told = effect(outcome, [Split(*silent, silent)])
    assert (told.always, told.total, told.final, told.final_total) == (None, None, None, None)


def test_a_campaign_without_a_buyer_is_pooled_with_the_doubt_of_the_others() -> None:
    """Left out, the pool would hold campaigns in which somebody bought alone; with its own variance, nothing else."""
    rng = np.random.default_rng(3)
    told = contrast(Outcome.PROFIT, *drawn(rng, 600, 0.3))
    silent = contrast(
        Outcome.PROFIT,
        summed(np.zeros(140), np.full(140, 0.1), np.full(140, -0.01)), summed(np.zeros(60), np.full(60, 0.1)),
    )  # fmt: skip
    assert told is not None
    assert silent is not None
    found = pool([told, silent])
    assert found is not None
    spread = told.variance / told.share
    by_hand = pool([told, Contrast(silent.difference, spread * (1 / 140 + 1 / 60), 200)])
    assert by_hand is not None
    assert (found.mean, found.variance, found.campaigns) == pytest.approx((by_hand.mean, by_hand.variance, 2))


def test_a_published_meta_analysis_comes_out() -> None:
    """Borenstein et al. 2009, chapter 14: Hedges' g of six studies, their variances, and what comes of them."""
    effects = [0.0945, 0.2774, 0.3665, 0.6644, 0.4618, 0.1852]
    variances = [0.0329, 0.0307, 0.0499, 0.0105, 0.0427, 0.0234]
    w = [1 / v for v in variances]
    middle = sum(a * b for a, b in zip(w, effects, strict=True)) / sum(w)
    q = sum(a * (b - middle) ** 2 for a, b in zip(w, effects, strict=True))
    tau = (q - 5) / (sum(w) - sum(a * a for a in w) / sum(w))
    star = [1 / (v + tau) for v in variances]
    mean = sum(a * b for a, b in zip(star, effects, strict=True)) / sum(star)
    spread = sum(a * (b - mean) ** 2 for a, b in zip(star, effects, strict=True)) / 5
    wide = student.ppf(0.975, 5) * math.sqrt(max(spread, 1.0) / sum(star))
    found = pool([Contrast(e, v, 100) for e, v in zip(effects, variances, strict=True)])
    assert found is not None
    assert (found.mean, found.spread**2) == (pytest.approx(0.3582, abs=5e-4), pytest.approx(0.0373, abs=5e-4))
    assert 1 / sum(star) == pytest.approx(0.0111, abs=1e-4), "as printed there"
    assert (found.once.low, found.once.high) == pytest.approx((mean - wide, mean + wide))
    assert found.always.high - found.always.low > found.once.high - found.once.low


@pytest.mark.parametrize("campaigns", [2, 5, pytest.param(20, marks=pytest.mark.proof)])
@pytest.mark.parametrize("outcome", [Outcome.BOUGHT, Outcome.PROFIT])
def test_pooled_intervals_hold_what_is_true(campaigns: int, outcome: Outcome) -> None:
    """Nothing differs, campaigns of unequal size, a tenth to a third held out: 95 % intervals hold nothing at all."""
    rng, runs, held = np.random.default_rng([20261129, campaigns]), 400, 0
    truth = 0.0 if outcome is Outcome.BOUGHT else -0.01
    for _ in range(runs):
        splits = [drawn(rng, int(rng.integers(150, 900)), float(rng.uniform(0.1, 0.33))) for _ in range(campaigns)]
        found = pool([contrast(outcome, *split, adjusted=True) for split in splits])
        held += found is not None and found.once.low <= truth <= found.once.high
    assert held / runs >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


def test_campaigns_that_truly_differ_are_not_taken_for_one() -> None:
    """Effects about two points, four apart: a fixed-effect interval would be too narrow."""
    rng, runs, held, narrow = np.random.default_rng(7), 300, 0, 0
    for _ in range(runs):
        gains = rng.normal(0.06, 0.05, 8)
        known = [contrast(Outcome.BOUGHT, *drawn(rng, 1500, 0.3, float(gain)), adjusted=True) for gain in gains]
        found = pool(known)
        assert found is not None
        held += found.once.low <= 0.06 <= found.once.high
        weights = [1 / one.variance for one in known if one is not None]
        middle = sum(w * one.difference for w, one in zip(weights, known, strict=True) if one) / sum(weights)
        narrow += abs(middle - 0.06) <= 1.96 / math.sqrt(sum(weights))
    assert held / runs >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)
    assert narrow / runs < 0.88, "the comparison must be able to fail"


@pytest.mark.proof
def test_the_pooled_interval_may_be_looked_at_every_day() -> None:
    """A/A: eight campaigns that begin one after another, looked at on each of sixty days."""
    rng, runs, alarms = np.random.default_rng(11), 150, 0
    for _ in range(runs):
        p = rng.beta(1.2, 6.0, (8, 400))
        held = rng.random((8, 400)) < 0.2
        day = rng.integers(0, 30, (8, 400)) + np.arange(8)[:, None] * 4
        bought = (rng.random((8, 400)) < p).astype(np.float64)
        alarm = False
        for look in range(1, 61):
            splits = []
            for one in range(8):
                seen = day[one] < look
                sent, control = seen & ~held[one], seen & held[one]
                splits.append((summed(bought[one][sent], p[one][sent]), summed(bought[one][control], p[one][control])))
            found = pool([contrast(Outcome.BOUGHT, *split) for split in splits])
            alarm |= found is not None and not found.always.low <= 0 <= found.always.high
        alarms += alarm
    assert alarms / runs < 0.05


def test_no_share_of_buyers_is_said_to_differ_by_more_than_all() -> None:
    """Two small campaigns pooled: their spread alone reached from minus 1,330 to 1,413 of 1,764 people."""

    def arm(people: int, bought: int) -> Sums:
        return Sums(people, people, bought=bought, revenue=20.0 * bought, revenue_square=400.0 * bought)

    splits = [Split(arm(40, 20), arm(8, 1), None), Split(arm(44, 6), arm(7, 3), None)]
    found = effect(Outcome.BOUGHT, splits).always
    assert found is not None
    assert (found.low, found.high) == (-1.0, 1.0), "it says nothing, and nothing impossible"
    money = effect(Outcome.REVENUE, splits).always
    assert money is not None
    assert money.high - money.low > 40, "money is not cut"

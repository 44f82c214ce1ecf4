"""Contrasts and their pooling: worked by hand, against a published analysis, and calibrated where nothing differs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

from liquor_app.experiments import contrasts
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


def pooled_by_hand(effects: list[float], variances: list[float], apart: float, people: int) -> tuple[float, float]:
    """The mean of μ and half the width of its 95 % interval, by integrating over a fine grid of τ; independent of the
    module's own sum."""
    tau = np.linspace(0.0, 80 * apart, 40_001)[:, None]
    each = np.array(variances) + tau**2
    total = (1 / each).sum(axis=1)
    middle = (np.array(effects) / each).sum(axis=1) / total
    # likelihood of everything seen at τ, μ integrated out, times the half-t prior
    log = norm.logpdf(np.array(effects), middle[:, None], np.sqrt(each)).sum(axis=1) - np.log(total) / 2
    weight = np.exp(log - log.max()) * student.pdf(tau[:, 0] / apart, 3)
    weight /= weight.sum()
    mean = float(weight @ middle)

    def outside(wide: float) -> float:
        inside = norm.cdf(mean + wide, middle, total**-0.5) - norm.cdf(mean - wide, middle, total**-0.5)
        return float(weight @ inside) - 0.95

    estimated = student.ppf(0.975, people - 2 * len(effects)) / norm.ppf(0.975)
    return mean, float(brentq(outside, 1e-12, 100 * apart + 9 * max(variances) ** 0.5)) * estimated


@pytest.mark.parametrize(
    ("effects", "variances"),
    [
        ([0.01, 0.03], [0.0004, 0.0009]), ([0.05, -0.04], [0.0001, 0.0001]), ([0.02, 0.02, 0.1], [1e-5, 4e-5, 1e-4]),
        ([0.0945, 0.2774, 0.3665, 0.6644, 0.4618, 0.1852], [0.0329, 0.0307, 0.0499, 0.0105, 0.0427, 0.0234]),
    ],
)  # fmt: skip
def test_campaigns_are_pooled_by_what_is_believed_of_their_spread(effects: list[float], variances: list[float]) -> None:
    found = pool([Contrast(e, v, 400) for e, v in zip(effects, variances, strict=True)], apart=0.02)
    assert found is not None
    mean, wide = pooled_by_hand(effects, variances, 0.02, 400 * len(effects))
    assert found.mean == pytest.approx(mean, abs=wide / 50)
    assert (found.once.high - found.once.low) / 2 == pytest.approx(wide, rel=0.04), "a grid of forty"
    assert found.always.high - found.always.low > found.once.high - found.once.low


def test_a_published_meta_analysis_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Borenstein et al. 2009, chapter 14: Hedges' g of six studies, their variances, and what comes of them once τ² is
    taken for the .0373 found there."""
    effects = [0.0945, 0.2774, 0.3665, 0.6644, 0.4618, 0.1852]
    variances = [0.0329, 0.0307, 0.0499, 0.0105, 0.0427, 0.0234]
    monkeypatch.setattr(contrasts, "_GRID", np.ones(1))
    found = pool([Contrast(e, v, 100_000) for e, v in zip(effects, variances, strict=True)], apart=math.sqrt(0.0373))
    assert found is not None
    assert (found.mean, found.variance) == (pytest.approx(0.3582, abs=5e-4), pytest.approx(0.0111, abs=1e-4))
    assert found.quantile == pytest.approx(1.96, abs=0.001)


def test_two_campaigns_that_agree_say_about_what_their_people_say() -> None:
    """By t of one degree of freedom their interval was 6.5 times that of as many people in one campaign: thousands of
    dollars either way of a hundred."""
    one = Contrast(0.02, 0.05**2, 700)
    found, whole = pool([one, one]), pool([Contrast(0.02, 0.05**2 / 2, 1400)])
    assert found is not None
    assert whole is not None
    assert 1 < found.quantile * math.sqrt(found.variance) / (whole.quantile * math.sqrt(whole.variance)) < 1.3


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.02])
@pytest.mark.parametrize("campaigns", [2, 3, 5])
@pytest.mark.parametrize("sizes", [(1.0,), (10.0, 1.0)])
@pytest.mark.parametrize("people", [20_000, *(pytest.param(one, marks=pytest.mark.proof) for one in (700, 200_000))])
def test_a_few_campaigns_that_differ_as_may_be_are_held(
    campaigns: int, spread: float, sizes: tuple[float, ...], people: int
) -> None:
    """Campaigns of a shop's usual sizes (a tenth held out, a fifth buy), as unequal as one to ten, whose true effects
    lie up to two buyers of a hundred apart: 95 % intervals hold their mean."""
    rng, runs, held = np.random.default_rng([20261130, campaigns, people, int(spread * 1000)]), 300, 0
    variances = 0.16 / people * (1 / 0.9 + 1 / 0.1) * np.resize(np.array(sizes), campaigns)
    seen = rng.normal(0.01, np.sqrt(variances + spread**2), (runs, campaigns))
    for row in seen:
        found = pool([Contrast(float(e), float(v), people) for e, v in zip(row, variances, strict=True)])
        held += found is not None and found.once.low <= 0.01 <= found.once.high
    assert held / runs >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


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
    """Of two campaigns of 90 people, minus 1,330 to 1,413 of 1,764 were told, and of three against two more than
    three."""

    def arm(people: int, bought: int) -> Sums:
        return Sums(people, people, bought=bought, revenue=20.0 * bought, revenue_square=400.0 * bought)

    assert effect(Outcome.BOUGHT, [Split(arm(3, 3), arm(2, 0), None)]).always is None, "too few to say"
    most = effect(Outcome.BOUGHT, [Split(arm(30, 30), arm(30, 0), None)]).always
    assert most is not None
    assert (most.mean, most.high) == (1.0, 1.0), "nothing impossible"
    splits = [Split(arm(160, 80), arm(32, 4), None), Split(arm(176, 24), arm(28, 12), None)]
    found, money = (effect(outcome, splits) for outcome in (Outcome.BOUGHT, Outcome.REVENUE))
    assert found.always is not None
    assert -1.0 < found.always.low < 0 < found.always.high < 1.0, "two that disagree tell little"
    assert money.always is not None
    assert (money.always.low, money.always.high) == pytest.approx((20 * found.always.low, 20 * found.always.high)), (
        "twenty dollars a buyer"
    )
    assert (found.campaigns, found.final_campaigns) == (2, 0)


def test_a_final_read_says_how_many_campaigns_it_pools() -> None:
    def arm(people: int, bought: int) -> Sums:
        return Sums(people, people, bought=bought, revenue=20.0 * bought, revenue_square=400.0 * bought)

    pair = arm(90, 20), arm(30, 4)
    nobody = arm(90, 20), Sums()
    found = effect(Outcome.BOUGHT, [Split(*pair, pair), Split(*pair, None), Split(*nobody, nobody)])
    assert (found.campaigns, found.final_campaigns) == (2, 1), "one too early, one with nobody to compare with"

"""What a plan is likely to bring, before anything is sent: ten thousand imagined weeks. Pure, seeded.

Two things differ from week to week: chance (who of the likely actually answers, how much they buy) and how wrong the
response model is as a whole. The second does not average out over more customers, so it is drawn once a week: all
likelihoods times exp(N(−σ²/2, σ)) with the σ that campaigns' levels have had beside what was said of them, and 0.35
where nobody has learned it. In the sample's year the response rates of campaigns of one type
differed by 0.26, 0.27 and 0.67 beyond chance (standard deviation of the logarithm). Baskets vary about a customer's
usual one with a coefficient of variation of 0.55, as they did there.

    a week's incremental profit = Σ answers · (new purchase ? basket · (margin − discount) : −basket · discount) − costs
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MODEL_SPREAD = 0.35
BASKET_VARIATION = 0.55
DRAWS = 10_000
LOW, HIGH = 10.0, 90.0
"""Percentiles of the 80 % interval."""


@dataclass(frozen=True, slots=True)
class Sends:
    """The planned messages, shape (n,) each; money unless said otherwise."""

    response: Floats
    """Probability of acting on the offer."""
    baseline: Floats
    """Probability of buying anyway."""
    basket: Floats
    discount: Floats
    """Share of the price."""
    cost: Floats
    weight: Floats
    """What the day is worth beside an average one; multiplies the response."""
    margin: Floats | None = None
    """Of what each offer is for, as a share of the price; None: the same for all."""


@dataclass(frozen=True, slots=True)
class Range:
    """An expectation with its 80 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the messages are expected to bring."""

    buyers: Range
    """People who act on the offer."""
    new_buyers: Range
    """Those of them who would not have bought anyway."""
    revenue: Range
    """All purchases with the offer, after the discount."""
    incremental_revenue: Range
    incremental_profit: Range
    discount: Range
    cost: float


def simulate(sends: Sends, margin: float, *, seed: int, spread: float = MODEL_SPREAD, draws: int = DRAWS) -> Outcome:
    """Expectation and 80 % interval of everything a plan should bring.

    Each draw's sum over customers is normal with its exact mean and variance given the week's factor: from a few dozen
    customers on that is what a sum of independent purchases is, and a million customers cost what ten do.

    Args:
        margin: share of the price (0.28), where the messages have none of their own.
        seed: the same seed gives the same numbers.
        spread: how far the response model may be off as a whole, standard deviation of the logarithm.
    """
    if sends.response.size == 0:
        nothing = Range(0.0, 0.0, 0.0)
        return Outcome(nothing, nothing, nothing, nothing, nothing, nothing, 0.0)
    rng = np.random.default_rng(seed)
    factor = np.exp(rng.normal(-(spread**2) / 2, spread, draws))
    noise = rng.standard_normal((6, draws))
    p = np.clip(sends.response * sends.weight, 0.0, 1.0)
    new = 1.0 - sends.baseline
    paid = sends.basket * (1.0 - sends.discount)
    given = sends.basket * sends.discount
    square = 1.0 + BASKET_VARIATION**2

    def total(number: int, mean: Floats, second: Floats) -> Range:
        """Σ of independent yes-or-no amounts: first and second moment given an answer, times the chance of one."""
        expected = float((p * mean).sum())
        variance = float((p * second).sum()) * factor - float((p**2 * mean**2).sum()) * factor**2
        drawn = expected * factor + np.sqrt(np.maximum(variance, 0.0)) * noise[number]
        low, high = np.percentile(drawn, [LOW, HIGH])
        return Range(expected, float(low), float(high))

    def either(number: int, if_new: Floats, if_anyway: Floats) -> Range:
        """Return the same for an amount that depends on whether the purchase is new."""
        first = new * if_new + sends.baseline * if_anyway
        return total(number, first, square * (new * if_new**2 + sends.baseline * if_anyway**2))

    one = np.ones_like(p)
    cost = float(sends.cost.sum())
    margins = margin if sends.margin is None else sends.margin
    profit = either(4, sends.basket * (margins - sends.discount), -given)
    return Outcome(
        buyers=_at_least_none(total(0, one, one)),
        new_buyers=_at_least_none(total(1, new, new)),
        revenue=_at_least_none(total(2, paid, square * paid**2)),
        incremental_revenue=either(3, paid, -given),
        incremental_profit=Range(profit.mean - cost, profit.low - cost, profit.high - cost),
        discount=_at_least_none(total(5, given, square * given**2)),
        cost=cost,
    )


def _at_least_none(found: Range) -> Range:
    return Range(found.mean, max(found.low, 0.0), max(found.high, 0.0))

"""What a plan is likely to bring, before anything is sent: ten thousand imagined weeks. Pure, seeded.

Three things differ from week to week: chance (who of the likely actually answers, how much they buy), how wrong the
response model is as a whole, and what messages change: their uplift is not known, so each week draws one truth from
what is believed of it (`scoring.estimators.uplift`), and the interval holds zero until data say otherwise. The response
model's error does not average out over more customers, so it is drawn once a week: all likelihoods times
exp(N(−σ²/2, σ)) with the σ that campaigns' levels have had beside what was said of them, and 0.35 where nobody has
learned it. In the sample's year the response rates of campaigns of one type differed by 0.26, 0.27 and 0.67 beyond
chance (standard deviation of the logarithm). Baskets vary about a customer's usual one with a coefficient of variation
of 0.55, as they did there.

    a week's incremental profit = Σ purchases brought about · basket · margin − Σ answers · basket · discount − costs
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

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
    cell: Ints
    """What the uplift model knows each by: a place in `Uplifts`."""
    basket: Floats
    discount: Floats
    """Share of the price."""
    cost: Floats
    weight: Floats
    """What the day is worth beside an average one; multiplies the response."""
    margin: Floats | None = None
    """Of what each offer is for, as a share of the price; None: the same for all."""


@dataclass(frozen=True, slots=True)
class Uplifts:
    """What messages change, by cell: P(buys and would not have), its mean (cells,) and the truth of each imagined week
    (weeks, cells)."""

    mean: Floats
    truths: Floats


@dataclass(frozen=True, slots=True)
class Range:
    """An expectation with its 80 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the messages are expected to bring."""

    takers: Range
    """People who act on the offer, those too who would have bought anyway; who buys without it is not among them."""
    new_buyers: Range
    """People who buy and would not have, with the offer or without; below zero where messages drive buyers away."""
    revenue: Range
    """All purchases with the offer, after the discount."""
    incremental_revenue: Range
    incremental_profit: Range
    discount: Range
    cost: float


def simulate(sends: Sends, margin: float, uplifts: Uplifts, *, seed: int, spread: float = MODEL_SPREAD) -> Outcome:
    """Expectation and 80 % interval of everything a plan should bring.

    Each draw's sum over customers is normal with its exact mean and variance given the week's factor: from a few dozen
    customers on that is what a sum of independent purchases is, and a million customers cost what ten do.

    Args:
        margin: share of the price (0.28), where the messages have none of their own.
        uplifts: of the cells, as believed.
        seed: the same seed gives the same numbers.
        spread: how far the response model may be off as a whole, standard deviation of the logarithm.
    """
    if sends.response.size == 0:
        nothing = Range(0.0, 0.0, 0.0)
        return Outcome(nothing, nothing, nothing, nothing, nothing, nothing, 0.0)
    truths = uplifts.truths
    draws = truths.shape[0]
    rng = np.random.default_rng(seed)
    factor = np.exp(rng.normal(-(spread**2) / 2, spread, draws))
    noise = rng.standard_normal((6, draws))
    p = np.clip(sends.response * sends.weight, 0.0, 1.0)
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

    def brought(number: int, amount: Floats, variation: float) -> tuple[Floats, float]:
        """Σ over purchases brought about: the weeks' sums and what is expected. A purchase driven away counts
        against."""
        first, second = (
            np.bincount(sends.cell, weights=sends.weight * worth, minlength=truths.shape[1])
            for worth in (amount, variation * amount**2)
        )
        drawn = truths @ first + np.sqrt(np.abs(truths) @ second) * noise[number]
        return drawn, float(uplifts.mean @ first)

    def less_discounts(number: int, amount: Floats) -> tuple[Floats, float]:
        """Return what is brought about, less the discount of everybody who takes the offer."""
        gained, expected = brought(number, amount, square)
        return gained - taken, expected - float((p * given).sum())

    variance = float((p * square * given**2).sum()) * factor - float((p**2 * given**2).sum()) * factor**2
    taken = float((p * given).sum()) * factor + np.sqrt(np.maximum(variance, 0.0)) * noise[5]
    one = np.ones_like(p)
    cost = float(sends.cost.sum())
    margins = margin if sends.margin is None else sends.margin
    profit, expected_profit = less_discounts(4, sends.basket * margins)
    revenue, expected_revenue = less_discounts(3, sends.basket)
    people, expected_people = brought(1, one, 1.0)
    return Outcome(
        takers=_at_least_none(total(0, one, one)),
        new_buyers=_range(people, expected_people),
        revenue=_at_least_none(total(2, paid, square * paid**2)),
        incremental_revenue=_range(revenue, expected_revenue),
        incremental_profit=_range(profit - cost, expected_profit - cost),
        discount=_at_least_none(total(5, given, square * given**2)),
        cost=cost,
    )


def _range(drawn: Floats, expected: float) -> Range:
    low, high = np.percentile(drawn, [LOW, HIGH])
    return Range(expected, float(low), float(high))


def _at_least_none(found: Range) -> Range:
    return Range(found.mean, max(found.low, 0.0), max(found.high, 0.0))

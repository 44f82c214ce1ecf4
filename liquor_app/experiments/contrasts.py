"""What messages changed: contrasts of outcomes summed by arm, one read at the end, campaigns pooled. Pure.

Two readings stand side by side. The **always-valid** interval (`statistics`) may be looked at every day. The **final**
one is read once, at a date that was fixed before anybody bought anything, and is narrower: a t interval of the
difference of means less what the churn model expected of both groups (CUPED, Deng et al. 2013), the variance pooled
over both groups for the reason `statistics.lift` gives.

Campaigns are pooled by random effects: each has a true effect of its own, N(μ, τ²) about a common one. Two or three can
hardly tell how far they lie apart, so something is assumed of τ and gives way to what is seen (ADR 125): a half-t prior
of three degrees of freedom (Gelman 2006) whose scale is `APART`, of amounts so much of what a buyer brings. Of μ
nothing is assumed. Its interval is summed over a grid of τ, equally likely beforehand, each value weighted by how
likely it makes what was seen (Röver 2020, "Bayesian random-effects meta-analysis"; for two studies Friede et al. 2017).
With k = 1 it is the campaign's own. The pooled always-valid interval has the same variance, widened as the other is
beyond a normal one; that its error over looks stays below its level is tested, not proved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import t as student

from liquor_app.experiments.enough import is_enough
from liquor_app.experiments.statistics import ALPHA, half_width

Floats = npt.NDArray[np.float64]
Z = 1.959964
LEVEL = 1 - ALPHA / 2
APART = 0.02
"""How far campaigns' effects may well lie apart before several show it: two buyers of a hundred, as far as an effect
itself is taken to lie from what is believed of it at first."""
_NODES = 40
_GRID: Floats = student.ppf(0.5 + (np.arange(_NODES) + 0.5) / (2 * _NODES), 3)
"""τ in units of its prior's scale, each as likely as any other."""


class Outcome(StrEnum):
    """What of somebody is compared."""

    BOUGHT = "bought"
    """Whether they bought in their week, 0 or 1."""
    REVENUE = "revenue"
    """What they paid in it, returns taken off."""
    PROFIT = "profit"
    """The margin of what they bought, less discounts given and what sending to them cost."""


@dataclass(frozen=True, slots=True)
class Sums:
    """People of one arm and sums over them. `drawn` are all, `people` those whose decision has come; p is what the
    churn model expected of each; money in the shop's currency."""

    drawn: int = 0
    people: int = 0
    bought: float = 0.0
    revenue: float = 0.0
    revenue_square: float = 0.0
    profit: float = 0.0
    profit_square: float = 0.0
    expected: float = 0.0
    """Σ p."""
    expected_square: float = 0.0
    expected_bought: float = 0.0
    """Σ p · bought."""
    expected_revenue: float = 0.0
    expected_profit: float = 0.0
    discount: float = 0.0
    """What coupons took off."""
    cost: float = 0.0
    """Of sending."""

    def of(self, outcome: Outcome) -> tuple[float, float, float]:
        """Return an outcome's sum, the sum of its squares, and of its products with p."""
        if outcome is Outcome.BOUGHT:
            return self.bought, self.bought, self.expected_bought
        if outcome is Outcome.REVENUE:
            return self.revenue, self.revenue_square, self.expected_revenue
        return self.profit, self.profit_square, self.expected_profit


_ADDED = [one.name for one in fields(Sums) if one.name not in ("drawn", "people")]


def together(sums: Iterable[Sums]) -> Sums:
    """Return them as one, the same in whatever order they come."""
    each = list(sums)
    added = {name: math.fsum(getattr(one, name) for one in each) for name in _ADDED}
    return Sums(drawn=sum(one.drawn for one in each), people=sum(one.people for one in each), **added)


@dataclass(frozen=True, slots=True)
class Contrast:
    """The difference of two means with its variance, and how many people it rests on. The variance is 0 where nobody of
    either group bought: how far an amount may lie off, nothing has shown yet. `share` is 1/n + 1/m of the groups'
    people, by which the variance of one person is that of the difference."""

    difference: float
    variance: float
    people: int
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """An estimate with its 95 % interval."""

    mean: float
    low: float
    high: float

    def times(self, people: int) -> Span:
        """Return the same of so many people together."""
        return Span(self.mean * people, self.low * people, self.high * people)


def contrast(outcome: Outcome, one: Sums, other: Sums, *, adjusted: bool = False) -> Contrast | None:
    """Return the mean of `one` less that of `other`; None with fewer than two people in either.

    Where nobody bought, all that varies is what sending cost: no measure of what it changed.

    Args:
        adjusted: less what the churn model expected of both (CUPED). The slope is the pooled one within the groups.
    """
    n, m = one.people, other.people
    if min(n, m) < 2:
        return None
    square = xy = xx = 0.0
    for group in (one, other):
        total, squares, cross = group.of(outcome)
        square += squares - total**2 / group.people
        xy += cross - total * group.expected / group.people
        xx += group.expected_square - group.expected**2 / group.people
    difference = one.of(outcome)[0] / n - other.of(outcome)[0] / m
    slope = xy / xx if adjusted and xx > 1e-9 else 0.0
    difference -= slope * (one.expected / n - other.expected / m)
    left = max(square - slope * xy, 0.0)
    if not adjusted:  # about one mean for both, as `statistics.lift` has it
        left += difference**2 * n * m / (n + m)
    variance = left / (n + m - (3 if slope else 2 if adjusted else 1)) * (1 / n + 1 / m) if n + m > 3 else 0.0
    is_told = one.bought + other.bought > 0 and variance > 1e-15
    return Contrast(difference, variance if is_told else 0.0, n + m, 1 / n + 1 / m)


@dataclass(frozen=True, slots=True)
class Pooled:
    """A mean effect over campaigns, its variance, how far they lie apart (τ, the mean of what is believed of it), how
    many they are, and how many standard deviations its interval goes to either side."""

    mean: float
    variance: float
    spread: float
    campaigns: int
    people: int
    quantile: float

    @property
    def once(self) -> Span:
        """The interval of one read."""
        return self._span(self.quantile * math.sqrt(self.variance))

    @property
    def always(self) -> Span:
        """The interval that holds at every look."""
        widened = self.quantile / Z if self.campaigns > 1 else 1.0
        return self._span(half_width(self.variance * self.people, self.people) * widened)

    def _span(self, wide: float) -> Span:
        return Span(self.mean, self.mean - wide, self.mean + wide)


def pool(contrasts: Sequence[Contrast | None], *, apart: float = APART) -> Pooled | None:
    """Pool campaigns by random effects; None if none can be compared.

    Where nobody bought, people are taken to differ as those of the other campaigns do: were it left out, only campaigns
    in which somebody bought would be pooled.

    Args:
        apart: scale of what is assumed of how far campaigns lie apart, in units of the outcome.
    """
    told = [one for one in contrasts if one is not None and one.variance > 0]
    if not told:
        return None
    known = [one if one.variance > 0 else _as_others(one, told) for one in contrasts if one is not None]
    people, count = sum(one.people for one in known), len(known)
    if count == 1:
        (only,) = known
        return Pooled(only.difference, only.variance, 0.0, 1, people, float(student.ppf(LEVEL, people - 2)))
    spreads = apart * _GRID
    variances = np.array([one.variance for one in known]) + spreads[:, None] ** 2
    weights = 1 / variances
    total = weights.sum(axis=1)
    seen = np.array([one.difference for one in known])
    middles, sds = weights @ seen / total, np.sqrt(1 / total)
    misfit = (weights * (seen - middles[:, None]) ** 2).sum(axis=1)
    log = -(np.log(variances).sum(axis=1) + np.log(total) + misfit) / 2
    likely = np.exp(log - log.max())
    likely /= likely.sum()
    mean = float(likely @ middles)
    variance = float(likely @ (sds**2 + (middles - mean) ** 2))
    # campaigns' own variances are estimates, too
    estimated = float(student.ppf(LEVEL, max(people - 2 * count, 1))) / Z
    quantile = _reach(middles - mean, sds, likely) / math.sqrt(variance) * estimated
    return Pooled(mean, variance, float(likely @ spreads), count, people, quantile)


def _reach(middles: Floats, sds: Floats, likely: Floats) -> float:
    """Return how far about 0 a mixture of normals has 1 − ALPHA of itself."""
    low, high = 0.0, float(np.abs(middles).max() + 9 * sds.max())
    for _ in range(32):  # to a billionth of it
        wide = (low + high) / 2
        inside = float(likely @ (ndtr((wide - middles) / sds) - ndtr((-wide - middles) / sds)))
        low, high = (wide, high) if inside < 1 - ALPHA else (low, wide)
    return high


def _as_others(silent: Contrast, told: Sequence[Contrast]) -> Contrast:
    """Give one in which nobody bought the others' variance of a person, weighed by their people."""
    each = sum(one.variance / one.share * one.people for one in told) / sum(one.people for one in told)
    return replace(silent, variance=each * silent.share)


@dataclass(frozen=True)
class Effect:
    """What one outcome changed by: a person, with an interval that may be looked at every day, and the one final read.
    None where nothing was measured, or of too few people; `final` is None before its date."""

    always: Span | None
    total: Span | None
    """The same of everybody written to."""
    final: Span | None
    final_total: Span | None
    """Of everybody written to whose week is in the final read."""
    campaigns: int = 0
    """How many are pooled in the interval for every day."""
    final_campaigns: int = 0
    """How many have been read for the last time, and are pooled in `final`."""


@dataclass(frozen=True, slots=True)
class Split:
    """One campaign's two groups: everybody whose decision has come, and, once the date of the final read is past, those
    whose week was over by then."""

    one: Sums
    other: Sums
    final: tuple[Sums, Sums] | None


def _possible(outcome: Outcome, span: Span) -> Span:
    """Cut an interval to what may be: shares of buyers differ by no more than all of them; that of a handful of people
    reaches beyond."""
    if outcome is not Outcome.BOUGHT:
        return span
    return Span(span.mean, max(span.low, -1.0), min(span.high, 1.0))


def compared(pairs: Iterable[tuple[Sums, Sums]]) -> tuple[int, int]:
    """Return how many people of either group can be compared, over campaigns with two of each."""
    each = [(one.people, other.people) for one, other in pairs if min(one.people, other.people) > 1]
    return sum(one for one, _ in each), sum(other for _, other in each)


def effect(outcome: Outcome, splits: Sequence[Split]) -> Effect:
    """Return what an outcome changed by over campaigns, `one` less `other`; nothing of too few people (`enough`)."""
    pairs = [(split.one, split.other) for split in splits]
    finals = [split.final for split in splits if split.final is not None]
    now = then = None
    if is_enough(*compared(pairs)):
        now = pool([contrast(outcome, *pair) for pair in pairs], apart=_apart(outcome, pairs))
    if is_enough(*compared(finals)):
        then = pool([contrast(outcome, *pair, adjusted=True) for pair in finals], apart=_apart(outcome, finals))
    people, read = sum(split.one.people for split in splits), sum(one.people for one, _ in finals)
    always = None if now is None else _possible(outcome, now.always)
    final = None if then is None else _possible(outcome, then.once)
    return Effect(
        always,
        None if always is None else always.times(people),
        final,
        None if final is None else final.times(read),
        0 if now is None else now.campaigns,
        0 if then is None else then.campaigns,
    )


def _apart(outcome: Outcome, pairs: Sequence[tuple[Sums, Sums]]) -> float:
    """Return how far campaigns may well lie apart: so many buyers, of amounts times what one brings (root mean square,
    so that neither costs nor losses make it nothing)."""
    groups = [group for pair in pairs for group in pair]
    bought = sum(group.bought for group in groups)
    squares = sum(group.of(outcome)[1] for group in groups)
    return APART * math.sqrt(squares / bought) if bought and squares > 0 else APART

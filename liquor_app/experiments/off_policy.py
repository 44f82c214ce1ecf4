"""What another policy would have brought, from what was logged: IPS, SNIPS, doubly robust, with intervals. Pure.

Of every logged decision the chance with which it was taken is known (`logged`), and how likely the policy asked about
would have taken the same (`asked`). Weights are their ratio w. With r the outcome and q̂ a model of it,

    IPS    mean of w · r                                    (Horvitz and Thompson 1952)
    SNIPS  Σ w · r / Σ w                                    (Swaminathan and Joachims 2015)
    DR     mean of q̂(asked) + w · (r − q̂(taken))            (Dudík, Langford and Li 2011)

q̂ is cross-fitted by person: nobody's outcome helps to predict themselves. Decisions of a chance below
`LEAST_PROPENSITY` are left out and counted: their weights would be most of the answer. What of the policy asked about
was left out with them is missing from every estimate, and its share is told too (`lost`). So is what the policy asked
about would do and the log never could have: weights over all decisions come to 1 on average where it could
(positivity), and to less by just that share.
A log in which nothing was left to chance tells nothing of another policy, and is refused, as is one with no decision
that the policy asked about could have taken.

Intervals are of 95 %, over people: who was decided on several times counts once, with all they add to a sum (the
cluster-robust variance of a mean, Liang and Zeger 1986), for what one person buys goes together. What somebody brought
times a large weight is far from normal, few large values among many zeros, and a normal interval held the truth in 90
of a hundred logs: its ends are moved by the skewness seen (Hall 1992, "On the removal of skewness by transformation"),
SNIPS' by that of its linearisation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from liquor_app.core.errors import Conflict, Invalid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

LEAST_PROPENSITY = 0.01
FOLDS = 5
Z = 1.959964
TINY = 1e-6
SHRINK = 20.0
"""Decisions by which the mean of a kind of decision is drawn to everybody's in q̂."""
LEAST_EFFECTIVE = 30.0
"""Effective sample size below which an answer is told as not to be relied on."""
MOST_LOST = 0.05
"""Share of the asked policy's decisions left out above which it is told so too."""


class NothingLeftToChance(Conflict):
    """Every logged decision was certain: another policy cannot be judged from it."""

    code = "rule.deterministic_log"


@dataclass(frozen=True, slots=True)
class Log:
    """Decisions as they were taken, shape (n,).

    `action` numbers what was done (0 is nothing), `outcome` is what followed, `logged` and `asked` the chances of that
    very action under the policy that ran and the one asked about. `asked_of` (n, actions) is the asked policy's chance
    of every action, which the doubly robust estimate needs. `person` numbers whose decision each is; None: everybody's
    own.
    """

    action: Ints
    outcome: Floats
    logged: Floats
    asked_of: Floats
    person: Ints | None = None

    @property
    def persons(self) -> Ints:
        """Whose decision each is, numbered from 0 without a gap."""
        if self.person is None:
            return np.arange(self.action.size)
        return np.unique(self.person, return_inverse=True)[1]

    @property
    def asked(self) -> Floats:
        taken: Floats = self.asked_of[np.arange(self.action.size), self.action]
        return taken


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean outcome a decision, with its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """What the asked policy would have brought a decision, three ways. `effective` is (Σw)² / Σw² of people's
    weights, each the sum of their decisions'."""

    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate
    logged: Estimate
    """What the policy that ran did bring."""
    people: int
    """Different ones, over whom the intervals are."""
    decisions: int
    left_out: int
    """Decisions of too small a chance."""
    effective: float
    lost: float
    """Share of what the asked policy would do that was left out, or that the log could not have done."""

    @property
    def is_reliable(self) -> bool:
        return self.effective >= LEAST_EFFECTIVE and self.lost <= MOST_LOST


def evaluate(log: Log) -> OffPolicy:
    """Judge a policy by another's log.

    Raises:
        Invalid: shapes or chances are impossible.
        NothingLeftToChance: every decision was certain, or none that counts is one the policy asked about would take.
    """
    _check(log)
    if log.action.size == 0 or bool((log.logged > 1 - 1e-9).all()):
        raise NothingLeftToChance(
            "Nothing in this period was left to chance, so another policy cannot be judged from it. Hold some people"
            " out, or let a share be drawn at random."
        )
    keep = log.logged >= LEAST_PROPENSITY
    left_out = int((~keep).sum())
    if not keep.any():
        raise NothingLeftToChance("Every decision of this period had a chance below one in a hundred.")
    action, outcome, asked_of = log.action[keep], log.outcome[keep], log.asked_of[keep]
    person = np.unique(log.persons[keep], return_inverse=True)[1]
    weight = log.asked[keep] / log.logged[keep]
    count, total = action.size, float(weight.sum())
    without = float((log.asked[~keep] / log.logged[~keep]).sum())
    if total <= 0:
        raise NothingLeftToChance(
            "Nothing that policy would do had a chance of one in a hundred in this period, so it cannot be judged from"
            " it. Let a larger share be drawn at random, or among fewer actions."
        )
    predicted = _predict(action, outcome, asked_of.shape[1], person % FOLDS)
    direct = (asked_of * predicted).sum(axis=1)
    corrected = direct + weight * (outcome - predicted[np.arange(count), action])
    ratio = float((weight * outcome).sum()) / total
    return OffPolicy(
        ips=_mean(weight * outcome, person),
        snips=_mean(ratio + weight * (outcome - ratio) * count / total, person),
        doubly_robust=_mean(corrected, person),
        logged=_mean(outcome, person),
        people=int(person.max()) + 1,
        decisions=count,
        left_out=left_out,
        effective=total**2 / float((np.bincount(person, weights=weight) ** 2).sum()),
        lost=max(without / (without + total), _never_done(log)),
    )


def _never_done(log: Log) -> float:
    """Return the share of what the asked policy would do that the log could not have done, at least: what weights fall
    short of 1 by, beyond what chance does in two and a half of a hundred logs."""
    weight = _by_person(log.asked / log.logged, log.persons)
    return max(1.0 - float(weight.mean()) - Z * float(weight.std()) / math.sqrt(weight.size), 0.0)


def _by_person(terms: Floats, person: Ints) -> Floats:
    """Return a term a person whose mean is that of all terms, and whose spread is that of people: what theirs differ
    from the mean, summed."""
    mean, people = float(terms.mean()), int(person.max()) + 1
    return mean + np.bincount(person, weights=terms - mean) * people / terms.size


def _mean(terms: Floats, person: Ints) -> Estimate:
    values = _by_person(terms, person)
    mean, spread = float(values.mean()), float(values.std())
    if values.size < 2:
        return Estimate(mean, float("-inf"), float("inf"))
    skewness = float((((values - mean) / spread) ** 3).mean()) if spread > TINY * max(abs(mean), 1.0) else 0.0
    low, high = (spread * _unskewed(z / np.sqrt(values.size), skewness, values.size) for z in (Z, -Z))
    return Estimate(mean, mean - low, mean - high)


def _unskewed(wide: float, skewness: float, count: int) -> float:
    """Return how many standard deviations a mean of `count` values lies off where one of none skewed lies `wide`: the
    inverse of Hall's cubic w + γw²/3 + γ²w³/27 + γ/6n."""
    if abs(skewness) < TINY:
        return wide
    return 3 / skewness * float(np.cbrt(1 + skewness * (wide - skewness / (6 * count))) - 1)


def _predict(action: Ints, outcome: Floats, actions: int, fold: Ints) -> Floats:
    """Return q̂ of every action for everybody, shape (n, actions): means by action, of the other folds only."""
    predicted = np.empty((action.size, actions))
    for one in range(FOLDS):
        rest = fold != one
        usual = float(outcome[rest].mean()) if rest.any() else 0.0
        seen = np.bincount(action[rest], minlength=actions)
        sums = np.bincount(action[rest], weights=outcome[rest], minlength=actions)
        predicted[fold == one] = (sums + SHRINK * usual) / (seen + SHRINK)
    return predicted


def _check(log: Log) -> None:
    count = log.action.size
    if log.outcome.shape != (count,) or log.logged.shape != (count,) or log.asked_of.shape[:1] != (count,):
        raise Invalid("a log has one outcome and one chance for each decision", field="log")
    if not np.isfinite(log.outcome).all():
        raise Invalid("outcomes must be numbers", field="outcome")
    if ((log.logged <= 0) | (log.logged > 1 + 1e-9)).any():
        raise Invalid("what was done had a chance above 0 and at most 1", field="logged")
    if log.person is not None and log.person.shape != (count,):
        raise Invalid("a log says of each decision whose it is, or of none", field="person")
    if (log.asked_of < 0).any() or (log.asked_of.sum(axis=1) > 1 + 1e-6).any():
        raise Invalid("the chances of the policy asked about must be a distribution", field="asked_of")

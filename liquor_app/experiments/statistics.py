"""What a holdout shows: always-valid intervals, and checks that the split was fair. Pure.

The interval is the asymptotic confidence sequence of Waudby-Smith et al. (2023, arXiv 2103.06476, eq. 9): it holds at
every look at once, so peeking costs nothing. With s² the variance per observation and n observations,

    half-width = s · √( 2 (nρ² + 1) / (nρ)² · ln( √(nρ² + 1) / α ) ),   ρ = √( (−2 ln α + ln(1 − 2 ln α)) / N* )

where N* is the sample size at which it is tightest (eq. 161; 5,000, as GrowthBook has it).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import gammaincc

from liquor_app.core.errors import Invalid
from liquor_app.experiments.enough import few_words, is_enough

TUNED_FOR = 5_000
ALPHA = 0.05
SRM_ALPHA = 0.001
"""A split this unlikely is taken for a fault, not for chance."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What an arm did: people, the sum of their outcomes and of the outcomes' squares.

    Outcomes are 0 or 1 for a rate (`Arm.of_rate`), money for revenue.
    """

    people: int
    total: float
    squares: float

    def __post_init__(self) -> None:
        if self.people < 0 or self.squares < 0:
            raise Invalid("an arm's counts must not be negative", field="people")

    @classmethod
    def of_rate(cls, people: int, successes: int) -> Arm:
        """Return an arm whose outcome is yes or no.

        Raises:
            Invalid: more successes than people.
        """
        if not 0 <= successes <= people:
            raise Invalid("successes must lie between 0 and the number of people", field="successes")
        return cls(people, float(successes), float(successes))

    @property
    def mean(self) -> float:
        return self.total / self.people if self.people else 0.0

    @property
    def variance(self) -> float:
        """Unbiased; 0 with fewer than two people."""
        if self.people < 2:
            return 0.0
        return max(0.0, (self.squares - self.people * self.mean**2) / (self.people - 1))


@dataclass(frozen=True, slots=True)
class Lift:
    """Contacted minus held out, per person. `low` and `high` are None while there is nothing to compare, or too little;
    then `difference` is no figure to show either (`is_told`)."""

    contacted: Arm
    held_out: Arm
    difference: float
    low: float | None
    high: float | None

    @property
    def is_told(self) -> bool:
        """Whether there are enough people in either group for the difference to be a figure (`enough`)."""
        return is_enough(self.contacted.people, self.held_out.people)

    @property
    def is_decided(self) -> bool:
        """Whether the sign is clear: the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def verdict(self) -> str:
        if self.low is None:
            few = few_words(self.contacted.people, self.held_out.people)
            return few if min(self.contacted.people, self.held_out.people) > 1 and few else "Nobody to compare with yet"
        if not self.is_decided:
            return "Not sure yet"
        return "It works" if self.difference > 0 else "It does harm"

    def incremental(self) -> tuple[float, float | None, float | None]:
        """Return the whole effect on everybody contacted: estimate, low, high, in units of the outcome."""
        people = self.contacted.people
        return (
            self.difference * people,
            None if self.low is None else self.low * people,
            None if self.high is None else self.high * people,
        )


def half_width(variance: float, n: int, *, alpha: float = ALPHA, tuned_for: float = TUNED_FOR) -> float:
    """Half-width of the always-valid interval at `n` observations of a variance per observation."""
    if not 0 < alpha < 1 or tuned_for <= 0:
        raise Invalid("alpha must lie between 0 and 1 and tuned_for above 0", field="alpha")
    if n <= 0:
        return math.inf
    rho_squared = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / tuned_for
    grown = n * rho_squared + 1
    return math.sqrt(variance * 2 * grown / (n**2 * rho_squared) * math.log(math.sqrt(grown) / alpha))


def lift(contacted: Arm, held_out: Arm, *, alpha: float = ALPHA) -> Lift:
    """Difference of means with its always-valid interval (default 95 %).

    Small or one-sided arms get no interval: with too few people (`enough`), or without any variance, there is none.
    """
    difference = contacted.mean - held_out.mean
    n = contacted.people + held_out.people
    if not is_enough(contacted.people, held_out.people):
        return Lift(contacted, held_out, difference, None, None)
    # Pooled, because a small control group without a single buyer would claim to have no variance and every look at
    # it would cry wolf: 7 % of A/A runs with a tenth held out, against 1 to 2 % this way.
    together = _pooled(contacted, held_out).variance
    of_difference = together / contacted.people + together / held_out.people
    if of_difference == 0:
        return Lift(contacted, held_out, difference, None, None)
    wide = half_width(of_difference * n, n, alpha=alpha)
    return Lift(contacted, held_out, difference, difference - wide, difference + wide)


def _pooled(one: Arm, other: Arm) -> Arm:
    return Arm(one.people + other.people, one.total + other.total, one.squares + other.squares)


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """Whether the arms have the sizes they were drawn for."""

    p_value: float
    is_mismatch: bool
    message: str


def check_split(people: Sequence[int], shares: Sequence[float]) -> SplitCheck:
    """Sample-ratio mismatch by χ² against the intended shares.

    Raises:
        Invalid: lengths differ, or shares are not positive.
    """
    if len(people) != len(shares) or not shares or min(shares) <= 0:
        raise Invalid("give a positive share for each arm", field="shares")
    everybody, whole = sum(people), sum(shares)
    if everybody == 0 or len(shares) == 1:
        return SplitCheck(1.0, False, "Nobody has been assigned yet." if everybody == 0 else "There is one arm only.")
    chi = sum(
        (count - everybody * share / whole) ** 2 / (everybody * share / whole)
        for count, share in zip(people, shares, strict=True)
    )
    p_value = float(gammaincc((len(shares) - 1) / 2, chi / 2))
    if p_value < SRM_ALPHA:
        return SplitCheck(
            p_value, True, "The groups do not have the sizes they were drawn for; do not trust the comparison."
        )
    return SplitCheck(p_value, False, "Split as drawn, no mismatch.")

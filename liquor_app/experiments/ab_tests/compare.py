"""Which variant is better, how sure that is, and which does harm. Pure.

Each variant is compared with A, the control. Two readings, as everywhere here: the **always-valid** interval
(`experiments.statistics`) may be looked at every day; the **final** one, a t interval with the variance pooled, is one
read at a date fixed beforehand. With several variants each comparison has its share of the error (Bonferroni), so that
one in twenty tests of variants that do not differ at all, at most, calls any of them better or worse.

Guardrails are always-valid, too: unsubscriptions, complaints, and profit where the test is won by another measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy.stats import t as student

from liquor_app.experiments.ab_tests.models import Measure
from liquor_app.experiments.ab_tests.variants import CONTROL
from liquor_app.experiments.statistics import ALPHA, Arm, Lift, lift


@dataclass(frozen=True)
class VariantCounts:
    """People who were drawn into one variant and whose turn has come, by intention: sent or not. `left` to whom it
    went."""

    key: str
    people: int = 0
    left: int = 0
    delivered: int | None = None
    """None where no provider told of any."""
    clicked: int = 0
    unsubscribed: int = 0
    complained: int = 0
    bought: int = 0


@dataclass(frozen=True, slots=True)
class VariantSums(VariantCounts):
    """The same with money in the shop's currency; `profit_square` sums the squares of what each person left."""

    revenue: float = 0.0
    profit: float = 0.0
    profit_square: float = 0.0

    def arm(self, measure: Measure) -> Arm:
        if measure is Measure.PROFIT:
            return Arm(self.people, self.profit, self.profit_square)
        count = self.clicked if measure is Measure.CLICKED else self.bought
        return Arm(self.people, count, count)


class Guardrail(StrEnum):
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    PROFIT = "profit"

    @property
    def label(self) -> str:
        return {
            "unsubscribed": "more people unsubscribe", "complained": "more people complain", "profit": "it earns less",
        }[self.value]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beside:
    """One variant beside the control, in the measure of the test: at every look, and at the one final read."""

    sums: VariantSums
    value: float | None
    """A person; None where nobody's turn has come."""
    always: Lift | None
    """None for the control."""
    final: tuple[float, float] | None
    harm: Guardrail | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """`leader` has the best mean of those that do no harm, the control where nothing was measured or all are alike.
    `is_proved`: its interval, or those of all others against it, exclude zero at every look."""

    variants: tuple[Beside, ...]
    leader: str
    is_proved: bool
    is_measured: bool


def judge(sums: Sequence[VariantSums], measure: Measure, *, harmful: Sequence[str] = ()) -> Judgement:
    """Compare variants; the first is the control.

    Args:
        harmful: variants a guardrail ended before: they win nothing, whatever they show since.
    """
    control, *others = sums
    alpha = ALPHA / max(len(others), 1)
    lines = [Beside(control, _mean(control, measure), None, None)]
    for one in others:
        compared = lift(one.arm(measure), control.arm(measure), alpha=alpha)
        harm = _harm(one, control, measure, alpha)
        lines.append(
            Beside(one, _mean(one, measure), compared, _once(one.arm(measure), control.arm(measure), alpha), harm)
        )
    able = [one for one in lines if one.harm is None and one.sums.key not in harmful and one.value is not None]
    is_measured = all(one.people >= 2 for one in sums) and any(one.arm(measure).total for one in sums)
    best = max(able, key=lambda one: (one.value or 0.0, one.sums.key == CONTROL), default=lines[0])
    leader = best.sums.key if is_measured else CONTROL
    return Judgement(tuple(lines), leader, is_measured and _is_proved(lines, leader), is_measured)


def _mean(sums: VariantSums, measure: Measure) -> float | None:
    return sums.arm(measure).mean if sums.people else None


def _is_proved(lines: Sequence[Beside], leader: str) -> bool:
    told = [one for one in lines if one.always is not None]
    if leader == CONTROL:
        return all(one.always and one.always.high is not None and one.always.high < 0 for one in told)
    return any(
        one.sums.key == leader and one.always and one.always.low is not None and one.always.low > 0 for one in told
    )


def _harm(one: VariantSums, control: VariantSums, measure: Measure, alpha: float) -> Guardrail | None:
    """Tell the first guardrail a variant has broken."""
    each = alpha / len(Guardrail)
    for rail, mine, usual in (
        (Guardrail.COMPLAINED, one.complained, control.complained),
        (Guardrail.UNSUBSCRIBED, one.unsubscribed, control.unsubscribed),
    ):
        low = lift(Arm(one.people, mine, mine), Arm(control.people, usual, usual), alpha=each).low
        if low is not None and low > 0:
            return rail
    if measure is not Measure.PROFIT:
        high = lift(one.arm(Measure.PROFIT), control.arm(Measure.PROFIT), alpha=each).high
        if high is not None and high < 0 and one.bought + control.bought:
            return Guardrail.PROFIT
    return None


def _once(one: Arm, other: Arm, alpha: float) -> tuple[float, float] | None:
    """Return the interval of one read: difference of means, variance pooled within both."""
    n, m = one.people, other.people
    if min(n, m) < 2:
        return None
    squares = sum(arm.squares - arm.total**2 / arm.people for arm in (one, other))
    if squares <= 0:
        return None
    wide = float(student.ppf(1 - alpha / 2, n + m - 2)) * math.sqrt(squares / (n + m - 2) * (1 / n + 1 / m))
    difference = one.mean - other.mean
    return difference - wide, difference + wide

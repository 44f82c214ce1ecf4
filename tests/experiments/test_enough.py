"""From how many people in either group a difference is told: where the 95 % interval holds what it says."""

from __future__ import annotations

import numpy as np
import pytest

from liquor_app.experiments.contrasts import Outcome, Split, Sums, effect
from liquor_app.experiments.enough import LEAST_COMPARED, few_words, is_enough
from liquor_app.experiments.power import detectable, people_for, share_for
from liquor_app.experiments.statistics import Arm, lift

RUNS = 4_000
RATE = 0.05
"""One of twenty buys in a week: the rarest that a campaign of the sample has."""


def group(rng: np.random.Generator, people: int, rate: float) -> Sums:
    bought = rng.random(people) < rate
    profit = bought * rng.lognormal(3.0, 1.0, people) * 0.28 - 0.02
    return Sums(
        people, people, float(bought.sum()), profit=float(profit.sum()), profit_square=float((profit**2).sum()),
        expected=people * rate, expected_square=people * rate**2, expected_bought=float(rate * bought.sum()),
        expected_profit=float(rate * profit.sum()),
    )  # fmt: skip


def coverage(held: int, outcome: Outcome) -> float:
    """How often the final read's interval holds that nothing was changed, of campaigns in which somebody bought."""
    rng, inside, told = np.random.default_rng(held), 0, 0
    for _ in range(RUNS):
        one, other = group(rng, 9 * held, RATE), group(rng, held, RATE)
        n, m = one.people, other.people
        if not one.bought + other.bought:
            continue
        # the read as it is made, without the rule
        total = [side.of(outcome)[0] for side in (one, other)]
        squares = sum(side.of(outcome)[1] - side.of(outcome)[0] ** 2 / side.people for side in (one, other))
        wide = _T[held] * np.sqrt(squares / (n + m - 2) * (1 / n + 1 / m))
        told += 1
        inside += abs(total[0] / n - total[1] / m) <= wide
    return inside / told


_T = {2: 2.1009, 5: 2.0106, LEAST_COMPARED: 1.9679}
"""97.5 % of Student's t with 18, 48 and 298 degrees of freedom."""


def test_from_so_many_on_the_interval_holds_and_of_fewer_it_does_not() -> None:
    """A read of two held out was told as 86.7 buyers of a hundred."""
    error = 2 * np.sqrt(0.95 * 0.05 / RUNS)
    assert coverage(LEAST_COMPARED, Outcome.BOUGHT) >= 0.94 - error
    assert coverage(LEAST_COMPARED, Outcome.PROFIT) >= 0.935 - error
    assert coverage(2, Outcome.BOUGHT) < 0.9
    assert coverage(5, Outcome.PROFIT) < 0.92


@pytest.mark.parametrize(
    ("written", "held", "words"),
    [(270, 2, "Too few held out to say"), (270, 29, "Too few held out to say"), (12, 29, "Too few held out to say"),
     (29, 270, "Too few written to, to say"), (30, 30, ""), (270, 30, "")],
)  # fmt: skip
def test_one_rule_for_every_reading(written: int, held: int, words: str) -> None:
    rng = np.random.default_rng(1)
    one, other = group(rng, written, 0.5), group(rng, held, 0.4)
    enough = words == ""
    assert few_words(written, held) == words
    assert is_enough(written, held) is enough
    read = lift(Arm(written, one.bought, one.bought), Arm(held, other.bought, other.bought))
    assert (read.low is not None, read.is_told) == (enough, enough)
    if not enough:
        assert read.verdict == words
    told = effect(Outcome.BOUGHT, [Split(one, other, (one, other))])
    assert [span is not None for span in (told.always, told.total, told.final, told.final_total)] == [enough] * 4
    assert (detectable(written + held, held / (written + held), 0.1) is not None) is enough


def test_small_campaigns_count_together() -> None:
    """A small shop never holds thirty out of one campaign; of eight campaigns it has."""
    rng = np.random.default_rng(2)
    each = [Split(group(rng, 40, 0.3), group(rng, 5, 0.3), None) for _ in range(6)]
    assert effect(Outcome.BOUGHT, each).always is not None
    assert effect(Outcome.BOUGHT, each[:5]).always is None, "twenty-five held out"
    nobody = Split(group(rng, 400, 0.3), group(rng, 1, 0.3), None)
    assert effect(Outcome.BOUGHT, [*each[:5], nobody]).always is None, "who cannot be compared counts for nothing"


def test_what_is_asked_for_holds_out_enough() -> None:
    assert people_for(0.5, 0.1, 0.2) == 300, "thirty of three hundred; the effect alone would take 51"
    assert share_for(0.3, 100, 0.2) == pytest.approx(0.3)
    assert share_for(0.5, 50, 0.2) is None, "thirty are more than half of fifty"

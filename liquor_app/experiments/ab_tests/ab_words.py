"""What is said of a test: why a variant won, and what was learned. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from liquor_app.experiments.ab_tests.compare import Beside, Judgement
from liquor_app.experiments.ab_tests.models import Measure
from liquor_app.experiments.ab_tests.variants import CONTROL, Variant
from liquor_app.ui.words import NONE, figure, percent, show_money

NOBODY = "Nothing was measured by then, so the rest gets what was planned."
BY_HAND = "{who} chose it."


def listed_variants(variants: Sequence[Variant]) -> str:
    """ "A as planned, B “Still here”"."""
    return ", ".join(f"{one.key} “{one.words}”" if one.key != CONTROL else f"{one.key} as planned" for one in variants)


def value_words(measure: Measure, value: float | None) -> str:
    """Say what a variant brought a person; a dash where nobody's turn has come."""
    if value is None:
        return NONE
    return show_money(value, cents=True) if measure is Measure.PROFIT else percent(value, 1)


def difference_words(measure: Measure, value: float) -> str:
    """ "+1.2 points" of a rate, "+$0.31" of money, a person."""
    if measure is Measure.PROFIT:
        return f"{'+' if value > 0 else ''}{show_money(value, cents=True)}"
    return f"{figure(value * 100, 1, sign=True)} points"


def interval_words(measure: Measure, low: float | None, high: float | None) -> str:
    """ "−0.4 to +2.8 points"; "" where there is none."""
    if low is None or high is None:
        return ""
    return f"{difference_words(measure, low)} to {difference_words(measure, high)}"


def why_words(judged: Judgement, measure: Measure) -> str:
    """Tell why the leader takes the rest, and how sure that is."""
    if not judged.is_measured:
        return NOBODY
    leader = next(one for one in judged.variants if one.sums.key == judged.leader)
    if judged.leader == CONTROL:
        best = "no variant does better than what was planned"
        sure = "and each does worse, for certain" if judged.is_proved else "though that is not proved"
        return f"By then {best} ({measure.label.lower()}, {value_words(measure, leader.value)} a person), {sure}."
    told = _beside(leader, measure)
    sure = "It is proved" if judged.is_proved else "It leads, but that is not proved"
    return f"{sure}: {measure.label.lower()} {value_words(measure, leader.value)} a person, {told}."


def _beside(one: Beside, measure: Measure) -> str:
    assert one.always is not None
    told = f"{difference_words(measure, one.always.difference)} beside A"
    wide = interval_words(measure, one.always.low, one.always.high)
    return f"{told} (95 % interval {wide})" if wide else f"{told}; the interval is not known yet"

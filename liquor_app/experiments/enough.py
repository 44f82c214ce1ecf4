"""When two groups are enough to tell what was changed: one rule for page, API, report and Learning page. Pure."""

from __future__ import annotations

LEAST_COMPARED = 30
"""People in either group below which a difference, and an interval about it, are not told at all.

Measured (20,000 campaigns in which nothing is changed, one of twenty buys, nine times as many written to;
`tests/experiments/test_enough.py` makes fewer): the final read's 95 % interval holds it in 88, 95, 96, 95, 96 and 96
of a hundred with 2, 5, 10, 20, 30 and 50 held out, that of the profit in 90, 91, 92, 93, 94 and 95. With two held out
it is ±42 buyers of a hundred wide besides: no figure anybody should look at. Several campaigns' people count together.
"""
TOO_FEW = "Too few to say"


def is_enough(one: int, other: int) -> bool:
    """Tell whether so many people in either group can be compared."""
    return min(one, other) >= LEAST_COMPARED


def few_words(one: int, other: int, *, what: str = "held out") -> str:
    """ "Too few held out to say"; empty where there are enough. `what` the second group was."""
    if is_enough(one, other):
        return ""
    return f"Too few {what} to say" if other < LEAST_COMPARED else "Too few written to, to say"

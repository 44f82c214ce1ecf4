"""How small an effect a campaign could detect, and what share to hold out for a wanted one. Pure.

Two means of n (1 − h) and n h people differ detectably, at level α and with power 1 − β, from

    effect = (z_{1−α/2} + z_{1−β}) · √( v / (n h (1 − h)) )

with v the variance of an outcome a person after CUPED, p (1 − p) (1 − R²) (Deng et al. 2013). This is for the one final
read; the interval that may be looked at every day is wider and needs more people.
"""

from __future__ import annotations

import math

from liquor_app.experiments.enough import LEAST_COMPARED, is_enough

Z_ALPHA, Z_POWER = 1.959964, 0.841621
"""Level 5 %, two-sided; power 80 %."""
MOST_HELD = 0.5
TINY = 1e-9


def detectable(people: int, share: float, rate: float, explained: float = 0.0) -> float | None:
    """Return the smallest detectable effect as a share (0.012 is 1.2 points); None where nobody is compared, or too few
    for anything to be told (`enough`).

    Args:
        people: in both groups; a person counts once, whatever they are sent.
        share: of them held out.
        rate: who buys within the window.
        explained: R² of what the churn model expects.
    """
    if not 0 < share < 1 or not is_enough(*_groups(people, share)):
        return None
    variance = max(rate * (1.0 - rate), 1e-6) * (1.0 - explained)
    return (Z_ALPHA + Z_POWER) * math.sqrt(variance / (people * share * (1.0 - share)))


def people_for(effect: float, share: float, rate: float, explained: float = 0.0) -> int | None:
    """Return how many people it takes to detect an effect with this share of them held out; None where none is."""
    if effect <= 0 or not 0 < share < 1:
        return None
    variance = max(rate * (1.0 - rate), 1e-6) * (1.0 - explained)
    needed = variance * ((Z_ALPHA + Z_POWER) / effect) ** 2 / (share * (1.0 - share))
    return max(math.ceil(needed), math.ceil(LEAST_COMPARED / min(share, 1.0 - share) - TINY))


def share_for(effect: float, people: int, rate: float, explained: float = 0.0) -> float | None:
    """Return the share to hold out so that an effect would be detected; None if not even half would do."""
    if people < 2 or effect <= 0:
        return None
    variance = max(rate * (1.0 - rate), 1e-6) * (1.0 - explained)
    needed = variance * ((Z_ALPHA + Z_POWER) / effect) ** 2 / people
    if needed > MOST_HELD * (1 - MOST_HELD):
        return None
    share = max((1.0 - math.sqrt(1.0 - 4.0 * needed)) / 2.0, LEAST_COMPARED / people)
    return share if share <= MOST_HELD else None


def _groups(people: int, share: float) -> tuple[int, int]:
    """Return how many are written to, and held out."""
    held = round(people * share)
    return people - held, held

"""Rows that nobody can be singled out of (Sweeney 2002, k-anonymity): each is alike, in every column, with K - 1 others
at least. What is not yet so loses columns step by step (local recoding). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

K = 5
"""Rows that must be alike: as many as offices of statistics ask of a cell at least."""

Class = tuple[str, ...]


def settle(classes: Mapping[Class, int], steps: Sequence[Sequence[int]], k: int = K) -> dict[Class, Class]:
    """Return for each class of rows as which it is told; none for one that stays away.

    Args:
        classes: every class there is, and how many rows it has.
        steps: places of columns to empty, one step after the other, each beside those before.
    """
    told: dict[Class, Class] = {}
    left, emptied = dict(classes), set[int]()
    for step in ((), *steps):
        emptied |= set(step)
        shown = {one: tuple("" if place in emptied else cell for place, cell in enumerate(one)) for one in left}
        many = Counter[Class]()
        for one, count in left.items():
            many[shown[one]] += count
        told |= {one: shown[one] for one in left if many[shown[one]] >= k}
        left = {one: count for one, count in left.items() if one not in told}
    return told


def smallest(rows: Sequence[Class]) -> int:
    """Return how many rows the smallest class has; 0 for no rows."""
    return min(Counter(rows).values(), default=0)


def band(value: float, bounds: Sequence[int]) -> str:
    """Return a value's band: "50-99" of 50 and 100, "100+" above the last."""
    below = 0
    for bound in bounds:
        if value < bound:
            return f"{below}-{bound - 1}" if bound - 1 > below else str(below)
        below = bound
    return f"{below}+"

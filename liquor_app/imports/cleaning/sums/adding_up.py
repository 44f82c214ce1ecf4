"""What lies between two sums of the same rows: which columns are in the one and off it in the other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from liquor_app.imports.cleaning.orders.discount_columns import CENTS, NEARLY_ALL

MOST_LOOKED_AT = 100
"""Rows that are added up: a column that is in a sum is in it on any of them."""
MOST_PARTS = 9
"""Columns of one kind that are tried in every choice of them."""


def between(
    apart: Sequence[Decimal],
    more: Mapping[str, Sequence[Decimal]],
    less: Mapping[str, Sequence[Decimal]],
    below: Sequence[bool] = (),
) -> tuple[frozenset[str], frozenset[str]] | None:
    """Return the columns by which sums are apart: those of `more` added, those of `less` taken off whatever their sign.
    All of `more` before a choice of them, then the fewest. None where no choice explains nearly all rows.

    Args:
        apart: by how much one sum is more than the other, a row each.
        more, less: column → what it holds, a row each.
        below: whether a row's sums are below zero, as a return's: what was added to them is further below, what was
            taken off is nearer to nothing, whatever sign it is written with.
    """
    rows = range(min(len(apart), MOST_LOOKED_AT))
    most_wrong = int(len(rows) * (1 - NEARLY_ALL))
    for added, taken in _choices(_moving(more, len(rows)), _moving(less, len(rows))):
        wrong = 0
        for row in rows:
            is_back = bool(below) and below[row]
            told = sum((abs(more[one][row]) if is_back else more[one][row] for one in added), Decimal(0)) - sum(
                (abs(less[one][row]) for one in taken), Decimal(0)
            )
            wrong += abs((-apart[row] if is_back else apart[row]) - told) > CENTS
            if wrong > most_wrong:
                break
        else:
            return (frozenset(added), frozenset(taken)) if rows else None
    return None


def _moving(parts: Mapping[str, Sequence[Decimal]], rows: int) -> list[str]:
    return [one for one, sums in parts.items() if any(sums[:rows])][:MOST_PARTS]


def _choices(more: Sequence[str], less: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    yield from ((tuple(more), off) for many in range(len(less) + 1) for off in combinations(less, many))
    for many in range(len(more) + len(less)):
        for taken in range(min(many, len(less)) + 1):
            for off in combinations(less, taken):
                yield from ((added, off) for added in combinations(more, many - taken))

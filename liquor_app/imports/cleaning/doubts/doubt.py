"""What is asked of a file before it is imported by hand: columns that are left out, and may matter. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.orders.status_words import Says

DOUBTS = "doubts"
"""Where a checkpoint holds what nobody answered, in words."""
CHANGES_NOTHING, ROW_KINDS = "changes_nothing", "row_kinds"
"""Options: columns somebody says change nothing; column → value → what its rows are."""
SALE, GIVEN_BACK, NO_SALE = "sale", "given_back", "no_sale"
KINDS = {SALE: Says.COUNTS, GIVEN_BACK: Says.RETURN, NO_SALE: Says.UNPAID}
"""What rows with a value may be."""
OF_SUMS, OF_KINDS, OF_NOES, OF_STORES = "sums", "kinds", "noes", "stores"
MOST_OF_NAME, MOST_OF_VALUE, MOST_ANSWERS = 60, 40, 200


@dataclass(frozen=True, slots=True)
class Doubt:
    """A column that is left out: what it may hold (`OF_SUMS`, `OF_KINDS` …), in words what hangs on it, and of
    kinds each of its values."""

    column: str
    what: str
    words: str
    values: tuple[str, ...] = ()


def settled(options: Mapping[str, Any]) -> frozenset[str]:
    """Return the columns somebody answered for."""
    return frozenset({*(options.get(CHANGES_NOTHING) or ()), *(options.get(ROW_KINDS) or {})})


def told_kinds(options: Mapping[str, Any], column: str) -> Mapping[str, Says]:
    """Return what somebody says of the values of a column, small letters → what their rows are; empty if nothing."""
    said = (options.get(ROW_KINDS) or {}).get(column, {})
    return {value.strip().casefold(): KINDS[kind] for value, kind in said.items() if kind in KINDS}


def check_answers(options: Mapping[str, Any]) -> None:
    """Check, or raise Invalid: answers in another shape than a list of columns, or column → value → kind."""
    nothing, kinds = options.get(CHANGES_NOTHING, []), options.get(ROW_KINDS, {})
    if not isinstance(nothing, list) or not all(isinstance(one, str) for one in nothing):
        raise Invalid(f"{CHANGES_NOTHING} must be a list of columns", field=CHANGES_NOTHING)
    is_shaped = isinstance(kinds, dict) and all(
        isinstance(said, dict) and all(kind in KINDS for kind in said.values()) for said in kinds.values()
    )
    if not is_shaped:
        raise Invalid(f"{ROW_KINDS} must be column → value → {', '.join(KINDS)}", field=ROW_KINDS)
    if len(nothing) + sum(map(len, kinds.values())) > MOST_ANSWERS:
        raise Invalid(f"at most {MOST_ANSWERS} answers are taken", field=CHANGES_NOTHING)

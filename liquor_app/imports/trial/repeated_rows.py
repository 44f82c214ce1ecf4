"""Rows of a file that name again what stood further up: a product by its SKU or UPC, a customer by their number. Pure.

Of a product the later row counts, as a till's later word does; of a customer that is the policy's: where the file
overwrites, the later one; else the first stands, and the later ones fill what it left blank.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from liquor_app.catalog.product_write import CALLED, NewProduct
from liquor_app.imports.cleaning.row_notes import REPEATED_FIRST, REPEATED_LATER
from liquor_app.imports.merge_rows import Outcome, Policy

MOST_KEYS = 200_000
"""Keys that are held to be met again; of a longer file the rest is not told."""
MOST_TOLD = 3
CENT = Decimal("0.01")


Keys = Iterable[tuple[str, str | None]]


class RepeatedRows:
    """Notes the keys of a file's rows while it is read."""

    def __init__(self, policy: Policy) -> None:
        self.code = REPEATED_LATER if policy is Policy.OVERWRITE else REPEATED_FIRST
        self._stands = "the later row" if policy is Policy.OVERWRITE else "the first row"
        self._first: dict[tuple[str, str], int] = {}

    def see(self, keys: Keys, number: int) -> str:
        """Return "SKU twice in the file, rows 2 and 6" where a row repeats a key (label, value); "" where none."""
        told = ""
        for label, value in keys:
            if not value:
                continue
            first = self._first.get((label, value))
            if first is not None:
                told = told or f"{label} twice in the file, rows {first} and {number}"
            elif len(self._first) < MOST_KEYS:
                self._first[label, value] = number
        return told

    def reason(self, told: str) -> str:
        return f"{told}: {self._stands} stands." if told else ""


def product_keys(row: NewProduct) -> list[tuple[str, str | None]]:
    """Return what a product is known by: its SKU, else its UPC."""
    return [("SKU", row.sku.lower())] if row.sku else [("UPC", row.upc)]


Values = dict[str, str]


def _values(row: NewProduct) -> Values:
    told = {name: getattr(row, name) for name in CALLED}
    return {
        name: str(value.quantize(CENT)) if isinstance(value, Decimal) else str(value)
        for name, value in told.items()
        if value is not None
    }


def fold_repeated(
    rows: list[NewProduct], known: Values, policy: Policy, outcome: Outcome
) -> list[tuple[Outcome, Values, Values]]:
    """Return what each row of one product makes of it, in their order: its outcome, the fields before and after.

    Args:
        known: the product before the first of them; {} of a new one.
        outcome: what became of it by all of them together.
    """
    told, state = [], dict(known)
    for place, row in enumerate(rows):
        said = _values(row)
        after = dict(state) if policy is Policy.KEEP and known else state | said
        becomes = outcome if place == 0 else Outcome.UPDATED if after != state else Outcome.UNCHANGED
        told.append((becomes, state, after))
        state = after
    return told

"""What a row of a file of purchases comes to, as far as its cells tell before it is understood. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from liquor_app.imports.cleaning.amounts import read_amount


def by_many(price: Decimal, many: Decimal | None) -> Decimal:
    """Return a price by how many; less than none at less than nothing was given back: two signs say it once."""
    return price if many is None else (abs(price) if many < 0 else price) * many


class RowWorth:
    """`RowWorth(at, decimal)(cells)` is what a row comes to: its sign matters, and whether several are even.

    Args:
        at: field → position of its cell.
        decimal: the file's decimal mark.
    """

    def __init__(self, at: Mapping[str, int], decimal: str) -> None:
        self._at, self._decimal = at, decimal

    def __call__(self, cells: Sequence[str]) -> Decimal:
        """Return the row's amount, else its price by how many; a count below zero makes it less than nothing."""
        amount, price, many = (self.number(cells, field) for field in ("amount", "unit_price", "quantity"))
        if amount is None:
            return by_many(price or Decimal(0), many)
        return -amount if many is not None and many < 0 < amount else amount

    def number(self, cells: Sequence[str], field: str) -> Decimal | None:
        """Return the number a field's cell holds; None where it holds none."""
        place = self._at.get(field, len(cells))
        cell = cells[place].strip() if place < len(cells) else ""
        found = read_amount(cell, self._decimal) if cell else None
        return found.value if found else None

"""Sums that came back, or were taken off, told of whole orders on several of their rows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from liquor_app.imports.cleaning.orders.money_names import REFUNDED, number_of
from liquor_app.imports.readers.row_reader import Record

_MOST_ROWS = 1_000


class GivenBack:
    """What was given back, or taken off, as rows pass: told of a whole order on several of its rows, or on one it does
    not fit, it cannot be taken off the rows' own sums.

    Args:
        at: field → position of its column.
        field: whose column it is.
    """

    def __init__(self, at: Mapping[str, int], field: str = REFUNDED) -> None:
        self._at, self._field = at, field
        self._order, self._run = "", list[tuple[Decimal, Decimal | None]]()
        self.is_of_orders = False

    def see(self, record: Record) -> None:
        """The next row of the file."""
        if "order_id" not in self._at:
            return
        cells = record.cells
        order = cells[self._at["order_id"]].strip()
        if order != self._order or not order:
            self.end()
            self._order = order
        back = abs(number_of(cells[self._at[self._field]]) or Decimal(0))
        paid = number_of(cells[self._at["amount"]]) if "amount" in self._at else self._worth(cells)
        if len(self._run) < _MOST_ROWS:
            self._run.append((back, paid))

    def _worth(self, cells: Sequence[str]) -> Decimal | None:
        price = number_of(cells[self._at["unit_price"]]) if "unit_price" in self._at else None
        many = number_of(cells[self._at["quantity"]]) if "quantity" in self._at else None
        return None if price is None else price * (1 if many is None else many)

    def end(self) -> None:
        """The order is over."""
        run, self._run = self._run, []
        backs = [back for back, _ in run if back]
        if len(run) > 1 and backs:
            repeats = len(backs) == len(run) and len(set(backs)) == 1
            self.is_of_orders |= repeats or any(paid is not None and back > abs(paid) for back, paid in run)

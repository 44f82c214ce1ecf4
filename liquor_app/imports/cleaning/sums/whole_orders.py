"""What the rows of whole orders come to, by their sums: whether a total is a row's or its order's, and what was taken
off the orders alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.orders.discount_columns import CENTS
from liquor_app.imports.cleaning.orders.money_names import OF_A_LINE, OF_AN_ORDER, number_of
from liquor_app.imports.cleaning.sums.adding_up import between

MOST_WHOLE = 20
"""Orders of which the last may be cut short where the first rows of a file end."""
Rows = Sequence[Sequence[str]]
Worth = Callable[[Sequence[str]], Decimal | None]


class WholeOrders:
    """The orders of a file's first rows.

    Args:
        order: the column that numbers them; None where none does, and there are none to look at.
        rows: the cells of the first rows.
    """

    def __init__(self, columns: Sequence[str], order: str | None, rows: Rows) -> None:
        self._at = {one: place for place, one in reversed(list(enumerate(columns)))}
        orders: dict[str, list[Sequence[str]]] = {}
        for cells in rows if order is not None else ():
            if number := cells[self._at[order or ""]].strip():
                orders.setdefault(number, []).append(cells)
        self.orders: list[Rows] = list(orders.values())
        self.several = [rows for rows in self.orders if len(rows) > 1]

    def sum_of(self, rows: Rows, column: str) -> Decimal:
        """Return what a column's rows come to."""
        return sum((self._number(cells, column) or Decimal(0) for cells in rows), Decimal(0))

    def once(self, rows: Rows, column: str) -> Decimal:
        """Return what a column says of an order: the same on each row is said once."""
        place = self._at[column]
        filled = [self._number(cells, column) or Decimal(0) for cells in rows if cells[place].strip()]
        repeats = len(filled) == len(rows) and len(set(filled)) == 1
        return filled[0] if repeats else sum(filled, Decimal(0))

    def alike(self, column: str) -> list[bool]:
        """Tell of each order of several rows whether a column that is called one of orders says the same on each."""
        is_called_so = OF_AN_ORDER.search(column_words(column)) is not None
        return [is_called_so and len({cells[self._at[column]] for cells in rows}) == 1 for rows in self.several]

    def alike_beside(
        self, wholes: Sequence[str], worth: Worth, beside: Sequence[str], offs: Sequence[str]
    ) -> list[str]:
        """Return which discounts stand alike on each row of the orders whose total does, though their rows come to
        different sums: such are said of the order, whatever else its total holds. None where a total is what the rows
        come to, each less its own.

        Args:
            worth, beside, offs: as for `are_beside_prices`.
        """
        told = [rows for rows in self.several if len({worth(cells) for cells in rows}) > 1]

        def is_said_once(column: str) -> bool:
            every = [{self._number(cells, column) for cells in rows} for rows in told]
            return all(len(one) == 1 for one in every) and any(one - {None, Decimal(0)} for one in every)

        def is_of_lines(whole: str) -> bool:
            goods = [sum((worth(cells) or Decimal(0) for cells in rows), Decimal(0)) for rows in told]
            apart, more, _, below = self._parts(told, whole, beside, (), goods)
            less = {one: [self.sum_of(rows, one) for rows in told] for one in offs}
            return between(apart, more, less, below) is not None

        said = [whole for whole in wholes if is_said_once(whole)]
        return [one for one in offs if is_said_once(one)] if said and not any(map(is_of_lines, said)) else []

    def are_beside_prices(self, column: str, worth: Worth, beside: Sequence[str], offs: Sequence[str]) -> bool:
        """Tell whether a column holds totals of orders where their lines have prices of their own: it is called so, or
        it stands on an order's first row alone, or says on each what all of them come to and none of them can.

        Args:
            worth: what a row comes to by its price.
            beside: columns of taxes and the like, that may be in it.
            offs: columns that may be off it.
        """
        words = column_words(column)
        if OF_AN_ORDER.search(words):
            return bool(self.several)
        told = [self._is_order(rows, column, worth, beside, offs) for rows in self.several]
        return not OF_A_LINE.search(words) and True in told and False not in told

    def _is_order(
        self, rows: Rows, column: str, worth: Worth, beside: Sequence[str], offs: Sequence[str]
    ) -> bool | None:
        """Tell whether a total is of the order, or of each row; None where it may be either."""
        values = [worth(cells) for cells in rows]
        priced = [one for one in values if one is not None]
        filled = [number for cells in rows if (number := self._number(cells, column)) is not None]
        if len(priced) < len(rows) or sum(priced) <= 0 or not filled:
            return None
        if len(filled) == 1:
            return True
        if len(filled) < len(rows) or len(set(filled)) > 1:
            return False
        if between(*self._parts([[cells] for cells in rows], column, beside, offs, priced)) is not None:
            return None  # each of alike lines
        whole = self._parts([rows], column, beside, offs, [sum(priced, Decimal(0))])
        apart = max(priced) - min(priced) > CENTS and filled[0] >= max(priced) - CENTS
        return True if apart or between(*whole) is not None else None

    def _parts(
        self, orders: Sequence[Rows], whole: str, beside: Sequence[str], offs: Sequence[str], of: Sequence[Decimal]
    ) -> tuple[list[Decimal], dict[str, list[Decimal]], dict[str, list[Decimal]], list[bool]]:
        """Return by how much a total is more than the goods it is of, the columns that may lie between, and whether the
        goods are below zero."""
        more, less = (
            {one: [self.once(rows, one) for rows in orders] for one in columns if one != whole}
            for columns in (beside, offs)
        )
        apart = [self.once(rows, whole) - goods for rows, goods in zip(orders, of, strict=True)]
        return apart, more, less, [goods < 0 for goods in of]

    def taken_off(
        self, goods: Callable[[Rows], Decimal], whole: str, beside: Sequence[str], offs: Sequence[str]
    ) -> list[str] | None:
        """Return which discounts lie between an order's goods and a total, taxes and the like counted in; None where no
        choice of them explains nearly all. Orders that have no discount tell nothing where others have one.

        Args:
            goods: what the lines of an order come to.
        """
        told = [rows for rows in self.orders if any(self.once(rows, one) for one in offs)] or self.orders
        if not told:
            return None
        found = between(*self._parts(told, whole, beside, offs, [goods(rows) for rows in told]))
        return None if found is None else [one for one in offs if one in found[1]]

    def below(self, goods: Callable[[Rows], Decimal], whole: str, beside: Sequence[str]) -> list[str] | None:
        """Return which columns beside the goods are in a total that is what was paid: each order names one, none more
        than its lines come to with those, and some less. None of any other, or where no order tells what is in it.

        Args:
            goods: what the lines of an order come to.
        """
        orders = self.orders[:-1] if len(self.orders) > MOST_WHOLE else self.orders  # the last may go on
        totals = [self._one_total(rows, whole) for rows in orders]
        known = [one for one in totals if one is not None]
        if len(known) < len(totals):
            return None
        more = {one: [self.once(rows, one) for rows in orders] for one in beside}
        moving = [one for one, sums in more.items() if any(sums)]
        made = [goods(rows) for rows in orders]
        best: tuple[int, list[str]] | None = None
        for chosen in (moving, []) if moving else ([],):
            apart = [
                of + sum((more[one][nth] for one in chosen), Decimal(0)) - known[nth] for nth, of in enumerate(made)
            ]
            if any(off < -CENTS or off > max(of, CENTS) for off, of in zip(apart, made, strict=True)):
                continue
            fits = sum(
                off <= CENTS and (not moving or any(more[one][nth] for one in moving)) for nth, off in enumerate(apart)
            )
            if any(off > CENTS for off in apart) and (fits or not moving) and (best is None or fits > best[0]):
                best = fits, chosen
        return None if best is None else best[1]

    def _one_total(self, rows: Rows, whole: str) -> Decimal | None:
        said = {self._number(cells, whole) for cells in rows if cells[self._at[whole]].strip()}
        return said.pop() if len(said) == 1 else None

    def _number(self, cells: Sequence[str], column: str) -> Decimal | None:
        return number_of(cells[self._at[column]])

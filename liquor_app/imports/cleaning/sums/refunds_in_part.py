"""Rows that are called refunded though their sum says that only a part came back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from liquor_app.imports.cleaning.orders.discount_columns import CENTS
from liquor_app.imports.cleaning.orders.money_names import REFUNDED, given_back, number_of
from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.cleaning.orders.status_words import Says

Row = tuple[int, Sequence[str], Decimal, Says | None]
"""Its place among its order's, its cells, what it comes to, and what its words say."""

WITH_TAX = Decimal("1.3")
"""What came back may hold its tax: of each row's own it is no more than this."""


class InPart:
    """`InPart(columns, at, worth).rows(order)` are the places of an order's rows that count though they are called
    refunded: “Refunded”, with 30.00 of 80.00 given back, leaves 50.00 that was paid.

    Where nothing says how much came back, or all of it did, the word holds; so it does where rows of the refund itself
    come to another sum.

    Args:
        at: field → position of its column.
    """

    def __init__(self, columns: Sequence[str], at: Mapping[str, int], worth: RowWorth) -> None:
        self._worth, self._told = worth, REFUNDED in at
        self._amount = at.get("amount")
        self._backs = [
            place for place, one in enumerate(columns) if given_back(one) and not self._told and place != self._amount
        ]  # fmt: skip

    def rows(self, order: Sequence[Row]) -> set[int]:
        called = [one for one in order if one[3] is Says.REFUNDED and one[2] >= 0]
        below = [one for one in order if one[2] < 0]
        if not called or any(one[3] is not Says.RETURN for one in below):
            return set()
        if not self._told:
            return {at for at, cells, worth, _ in called if self._is_less_back(cells, worth)}
        backs = [self._back(cells) for _, cells, _, _ in called]
        sold = sum((worth for _, _, worth, _ in called), Decimal(0))
        # said of the whole order on each of its rows, it came back once
        each = len(backs) > 1 and len(set(backs)) == 1
        is_of_order = each and sum(backs, Decimal(0)) > sold * WITH_TAX
        whole = not is_of_order and all(back >= one[2] - CENTS for back, one in zip(backs, called, strict=True))
        back = backs[0] if each else sum(backs, Decimal(0))
        if below and abs(sum((one[2] for one in below), back)) > CENTS:
            return set()  # else its own rows say the same once more
        return set() if whole or not 0 < back < sold - CENTS else {at for at, *_ in called}

    def is_said_again(self, order: Sequence[Row]) -> bool:
        """Tell whether rows of the refund itself say what its order's rows say is taken off them: it came back once."""
        if not self._told:
            return False
        below = sum((worth for _, _, worth, says in order if says is Says.RETURN and worth < 0), Decimal(0))
        back = sum((self._back(cells) for _, cells, worth, _ in order if worth > 0), Decimal(0)) if below else below
        return bool(below) and abs(below + back) <= CENTS

    def _back(self, cells: Sequence[str]) -> Decimal:
        return abs(self._worth.number(cells, REFUNDED) or Decimal(0))

    def _is_less_back(self, cells: Sequence[str], worth: Decimal) -> bool:
        """Tell whether a row's amount is what is left after a refund: another of its sums is as much more."""
        backs = [abs(number_of(cells[place]) or Decimal(0)) for place in self._backs]
        wholes = [number_of(cell) for place, cell in enumerate(cells) if place != self._amount]
        return worth > 0 and any(
            whole is not None and back and abs(whole - back - worth) <= CENTS for back in backs for whole in wholes
        )

"""Discounts of whole orders, written once or on each of their rows: taken off the rows one after the other. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from liquor_app.imports.cleaning.amounts import read_amount
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.orders.discount_columns import offs_of, order_offs_of
from liquor_app.imports.cleaning.orders.money_names import REFUNDED
from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.readers.row_reader import Record

MOST_ROWS = 1_000
MOST_ORDERS = 200_000
"""Orders whose discount was taken off and whose rows may lie elsewhere in the file."""


class OrderDiscounts:
    """The rows of a file with each order's discount on as many of them as it takes, at most what each came to.

    A column that says the same on each of an order's rows says it once; one with several sums adds up.

    Args:
        at: field → position of its column; with `order_id` and a discount of orders.
        decimal: the file's decimal mark.
        places: of what is taken off, if not the discounts of orders.
    """

    def __init__(
        self, records: Iterable[Record], at: Mapping[str, int], decimal: str, places: Sequence[int] = ()
    ) -> None:
        self._records, self._decimal = records, decimal
        self._order, self._places = at["order_id"], [*places] or [place for _, place in order_offs_of(at)]
        self._offs = [place for _, place in offs_of(at)] if "amount" not in at else []
        self._worth = RowWorth(at, decimal)
        self._done: set[str] = set()

    def __iter__(self) -> Iterator[Record]:
        run, now = list[Record](), ""
        for record in self._records:
            order = now if record.problem else record.cells[self._order].strip()
            if run and (order != now or not order or len(run) >= MOST_ROWS):
                yield from self._spread(run, now)
                run = []
            now = order
            run.append(record)
        yield from self._spread(run, now)

    def _spread(self, run: Sequence[Record], order: str) -> Iterator[Record]:
        rows = [one for one in run if not one.problem and not one.left_out]
        told = [self._told(rows, place) for place in self._places] if order not in self._done else []
        left = sum(told, Decimal(0))
        if order and left and len(self._done) < MOST_ORDERS:
            self._done.add(order)
        most = sum((self._comes_to(one) for one in rows), Decimal(0))
        for nth, record in enumerate(run):
            if (
                record.problem
                or record.left_out
                or (not left and not any(record.cells[at].strip() for at in self._places))
            ):
                yield record
                continue
            taken = min(left, self._comes_to(record)) if most >= left or nth else left
            left -= taken
            cells = list(record.cells)
            for nth_place, place in enumerate(self._places):
                cells[place] = (str(taken).replace(".", self._decimal) if taken else "") if nth_place == 0 else ""
            yield record._replace(cells=cells, own=record.told)

    def _told(self, rows: Sequence[Record], place: int) -> Decimal:
        sums = [abs(self._number(one.cells[place])) for one in rows if one.cells[place].strip()]
        repeats = len(sums) > 1 and len(sums) == len(rows) and len(set(sums)) == 1
        return sums[0] if repeats else sum(sums, Decimal(0))

    def _comes_to(self, record: Record) -> Decimal:
        off = sum((abs(self._number(record.cells[place])) for place in self._offs), Decimal(0))
        return max(self._worth(record.cells) - off, Decimal(0))

    def _number(self, cell: str) -> Decimal:
        read = read_amount(cell.strip(), self._decimal) if cell.strip() else None
        return read.value if read else Decimal(0)


def order_refunds_of(columns: Sequence[str], at: Mapping[str, int]) -> list[int]:
    """Return the place of the column of what was given back, where it is called one of whole orders ("Order Refund
    Amount"); none of any other."""
    place, many = at.get(REFUNDED, len(columns)), len(columns)
    is_one = place < many and at.get("order_id", many) < many and _OF_ORDERS.match(column_words(columns[place]))
    return [place] if is_one else []


_OF_ORDERS = re.compile(
    r"(?:order|cart|invoice|receipt|transaction|ticket)s? (?:total )?(?:refund|return|amount refund)"
)

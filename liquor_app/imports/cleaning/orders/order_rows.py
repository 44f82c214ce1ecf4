"""Rows of an order as they follow each other: what one of them does not say stands on its neighbours. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from liquor_app.imports.readers.row_reader import Record

MOST_WAITING = 1_000
"""Rows held back until a neighbour tells; more are taken as they are."""
_CELLS = re.compile(r"[,;\t|]")


@dataclass(frozen=True, slots=True)
class Places:
    """Positions of columns.

    Attributes:
        order: the position of the order's number.
        who: those of what names a customer; empty where a tool's profile knows which rows name one.
        store: that of the store, if any: a row of another store is not of the customer before, whatever its number.
        when: those of day and hour: a report that names a customer on an order's first row alone dates it there too.
        product: that of what was sold: a row that says it, and neither number, day nor customer, is of the order above.
    """

    order: int
    who: Sequence[int]
    store: int | None = None
    when: Sequence[int] = ()
    product: int | None = None


class OrderRows:
    """The rows of a file of purchases, as many as it has and in its order.

    A row that cannot be read is told which order it belongs to: that of a row before or behind it whose number stands
    in it, or that of both. A row without a customer has that of the other rows of its order.
    """

    def __init__(self, records: Iterable[Record], places: Places) -> None:
        self._records = iter(records)
        self._order, self._who, self._store = places.order, tuple(places.who), places.store
        self._when, self._product = tuple(places.when), places.product
        self._now, self._named, self._here, self._dated = "", list[str](), "", list[str]()
        self._waiting: list[tuple[Record, str]] = []

    def __iter__(self) -> Iterator[Record]:
        place, who = self._order, self._who
        for record in self._records:
            cells = record.cells
            if record.left_out and not self._waiting:
                yield record
                continue
            if not (record.problem or self._waiting) and (not who or cells[who[0]].strip() or _is_named(cells, who)):
                # almost every row: it is read, names its customer, and nothing waits for it
                if cells[place] != self._now and (order := cells[place].strip()) != self._now:
                    self._now, self._named = order, list[str]()
                if not self._named:
                    self._take_name(cells)
                yield record
                continue
            if record.problem:
                self._waiting.append((record, self._now))
            else:
                yield from self._readable(record)
            if len(self._waiting) > MOST_WAITING:
                yield from self._let_go("")
        yield from self._let_go("")

    def _readable(self, record: Record) -> Iterator[Record]:
        record = self._of_order_above(record)
        order = record.cells[self._order].strip()
        is_named = _is_named(record.cells, self._who)
        if order != self._now:
            yield from self._let_go(order)
            self._now, self._named = order, []
        if is_named and not self._named:
            self._take_name(record.cells)
        if order and self._who and not is_named:
            if not self._named:
                self._waiting.append((record, order))
                return
            record = self._with_buyer(record)
        if self._waiting:
            yield from self._let_go(order)
        yield record

    def _of_order_above(self, record: Record) -> Record:
        cells, product = record.cells, self._product
        if product is None or not self._named or cells[self._order].strip() or not cells[product].strip():
            return record
        if not self._when or any(cells[place].strip() for place in self._when) or _is_named(cells, self._who):
            return record
        named = list(cells)
        named[self._order] = self._now
        return record._replace(cells=named, own=record.told)

    def _let_go(self, following: str) -> Iterator[Record]:
        """Yield what waits, before a row of the order `following`."""
        for record, before in self._waiting:
            if record.problem:
                yield record._replace(order=record.order or _order_of(record, before, following))
            else:
                yield self._with_buyer(record) if self._named and before == self._now else record
        self._waiting = []

    def _take_name(self, cells: Sequence[str]) -> None:
        self._named, self._here = [cells[one] for one in self._who], self._store_of(cells)
        self._dated = [cells[one] for one in self._when]

    def _store_of(self, cells: Sequence[str]) -> str:
        return "" if self._store is None else " ".join(cells[self._store].split()).casefold()

    def _with_buyer(self, record: Record) -> Record:
        if self._here and self._store_of(record.cells) not in ("", self._here):
            return record
        cells = list(record.cells)
        for place, cell in zip(self._who, self._named, strict=True):
            cells[place] = cell
        if not any(cells[place].strip() for place in self._when):
            for place, cell in zip(self._when, self._dated, strict=True):
                cells[place] = cell
        return record._replace(cells=cells, own=record.told)


def _is_named(cells: Sequence[str], who: Sequence[int]) -> bool:
    return any(cells[one].strip() for one in who)


def _order_of(record: Record, before: str, following: str) -> str:
    cells = {cell.strip(" \"'") for part in record.cells for cell in (part, *_CELLS.split(part))}
    for order in (before, following):
        if order and order in cells:
            return order
    return before if before == following else ""

"""Receipt numbers that begin anew in each store, or at each register: number and place are the order's. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.cells import REMEMBERED, Rejected, clean_label
from liquor_app.imports.cleaning.column_names import REGISTERS
from liquor_app.imports.cleaning.orders.order_shape import tells_whole_orders
from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.cleaning.person_cells import clean_order_id
from liquor_app.imports.readers.dialect import REGISTER, STORE, Dialect
from liquor_app.imports.readers.row_reader import Record

BETWEEN = " · "
BESIDE = " / "
WHO = ("email", "external_id", "customer", "phone")
_OF_LINES = frozenset({"product", "sku", "quantity", "unit_price"})
_HOUR = re.compile(r"(?<!\s)(?:T|\s++)(\d{1,2}(?::\d\d.*+|\s*+[ap]\.?m\b.*+))$", re.IGNORECASE)
MOST_NUMBERS = 2
"""Numbers that are named as evidence."""
LONGEST_SERIAL = 15
"""Letters of a number counted at a till; longer ones are drawn, and nobody draws one twice."""
MOST_WATCHED = 100_000
"""Numbers that are remembered to be met again, ~200 bytes each."""


class NumbersBeginAnew(Exception):
    """A file taken for one series of receipts shows that each store, or each register, numbers them anew: it begins
    anew, by these."""

    def __init__(self, numbering: str = STORE) -> None:
        super().__init__(numbering)
        self.numbering = numbering


def of_store(order: str, store: str) -> str:
    """Return the number of an order of a store, however the store is spelled: `1001 · NORTH`."""
    return f"{order}{BETWEEN}{' '.join(store.split()).upper()}"


@lru_cache(maxsize=REMEMBERED)
def _label(cell: str) -> str:
    try:
        return clean_label(cell, "store") or ""
    except Rejected:
        return ""


def places_of_numbering(at: Mapping[str, int], columns: int, numbering: str) -> list[int]:
    """Return the positions of the columns that tell one series of receipts from another; none where the file numbers
    none, or has one series."""
    if at.get("order_id", columns) >= columns:
        return []
    fields = {STORE: ("store",), REGISTER: ("store", "register")}.get(numbering, ())
    return [at[one] for one in fields if at.get(one, columns) < columns]


def by_store(records: Iterable[Record], order: int, places: Sequence[int]) -> Iterator[Record]:
    """Yield the rows of a file; the number of each is that of its order in its store, or at its register. A row that
    names no store is of the one before where it has its number.

    Args:
        places: positions of the columns that name the store, and the register.
    """
    now, here = "", [""] * len(places)
    for record in records:
        if record.problem:
            yield record
            continue
        cells = record.cells
        try:
            number = clean_order_id(cells[order]) or ""
        except Rejected:
            number = ""
        told = [_label(cells[place]) for place in places]
        both = list(zip(told, here, strict=True))
        goes_on = number == now and all(not one or one.upper() == other.upper() for one, other in both)
        here = [one or other for one, other in both] if goes_on else told
        now = number
        if not (number and any(here)):
            yield record
            continue
        named = list(cells)
        named[order] = of_store(number, BESIDE.join(filter(None, here)))
        yield record._replace(cells=named, own=record.told)


def with_numbering(
    dialect: Dialect, sample: Sequence[Record], at: Mapping[str, int], columns: Sequence[str], *, before: str
) -> Dialect:
    """Return how a file is written, with how it numbers its receipts: by what its first rows show, or as the files
    before it did.

    Args:
        at: field → position of its column.
        before: how an import before, of the same columns, numbered; "" for one series.
    """
    series = Series(columns, at, dialect.decimal)
    for record in sample:
        series.see(record)
    numbering = series.numbering or before
    if not numbering or not places_of_numbering(at, len(columns), numbering):
        return dialect
    if before == REGISTER:
        numbering = before
    return replace(dialect, numbering=numbering, numbering_evidence=series.words or "As in the files before")


class _Sale(NamedTuple):
    """What of a sale tells it from another: where it was, and, as hashes, to whom, on which day, at which hour."""

    store: str
    register: str
    buyer: int
    day: int
    hour: int | None


class Series:
    """Sales of a file, to see whether one number was sold twice: in two stores or at two registers.

    To two customers, or on two days, these are two orders. To one customer on one day they are two unless the rows are
    lines of one order: a till rings up an order at one register, but a store's name beside a line may say where that
    one was fetched from. Where two lines are of one hour, and no register is named, they are one order's.

    Args:
        columns: the file's.
        at: field → position of its column.
        decimal: the file's decimal mark.
        most: numbers that are remembered.
    """

    def __init__(self, columns: Sequence[str], at: Mapping[str, int], decimal: str, most: int = MOST_WATCHED) -> None:
        self._order, self._store, self._register = at.get("order_id"), at.get("store"), at.get("register")
        self._who = [at[field] for field in WHO if field in at]
        self._day, self._clock, self._many = at.get("occurred_at"), at.get("time_of_day"), at.get("quantity")
        self._is_priced = "amount" in at or "unit_price" in at
        self._worth = RowWorth(at, decimal)
        self._names_register = self._store is not None and plain_register(columns[self._store])
        self._are_lines = not _OF_LINES.isdisjoint(at) and not tells_whole_orders(columns, at)
        self._sold: dict[str, _Sale] = {}
        self._most = most
        self._stores: dict[str, set[str]] = {}
        self._registers: dict[str, set[str]] = {}

    @property
    def is_looking(self) -> bool:
        """Whether a file can show anything."""
        return self._order is not None and not (self._store is None and self._register is None)

    @property
    def numbering(self) -> str:
        """How the file numbers its receipts, by what was seen; "" where nothing tells."""
        return REGISTER if self._registers else STORE if self._stores else ""

    @property
    def words(self) -> str:
        """What shows it."""
        found = self._registers or self._stores
        if not found:
            return ""
        places = {one for told in found.values() for one in told}
        named = " and ".join(one[:30] for one in list(found)[:MOST_NUMBERS])
        what, verb = ("Numbers", "were") if len(found) > 1 else ("Number", "was")
        where = "at {} registers" if self._registers or self._names_register else "in {} stores"
        return f"{what} {named} {verb} sold anew {where.format(len(places))}"

    def see(self, record: Record) -> None:
        """Look at a row."""
        if self._order is None or record.problem or record.left_out:
            return
        cells = record.cells
        number = cells[self._order].strip()
        known = self._sold.get(number)
        if not number or (known is None and len(self._sold) >= self._most):
            return
        store, register = self._label(cells, self._store), self._label(cells, self._register)
        if known is not None and (known.store, known.register) == (store, register):
            return
        if not (store or register) or not self._is_sale(cells):
            return
        sale = self._sale(cells, store, register)
        if sale is None:
            return
        if known is None:
            self._sold[number] = sale
        elif store and known.store and store != known.store and self._are_two(number, known, sale):
            self._stores.setdefault(number, set()).update((known.store, store))
        elif register and known.register and register != known.register and len(number) <= LONGEST_SERIAL:
            self._registers.setdefault(number, set()).update((known.register, register))

    def _are_two(self, number: str, one: _Sale, other: _Sale) -> bool:
        if (one.buyer, one.day) != (other.buyer, other.day):
            return True
        if len(number) > LONGEST_SERIAL:
            return False
        is_at_two = one.register and other.register and one.register != other.register
        return bool(
            self._names_register or is_at_two or not self._are_lines or one.hour is None or one.hour != other.hour
        )

    def _is_sale(self, cells: Sequence[str]) -> bool:
        if not self._is_priced and self._many is not None:
            return (self._worth.number(cells, "quantity") or 0) > 0
        return self._worth(cells) > 0

    def _sale(self, cells: Sequence[str], store: str, register: str) -> _Sale | None:
        buyer = tuple(cells[place].strip().casefold() for place in self._who)
        if not any(buyer):
            return None
        when = cells[self._day].strip() if self._day is not None else ""
        clock = cells[self._clock].strip() if self._clock is not None else ""
        hour = found[1] if (found := _HOUR.search(when)) else clock
        return _Sale(store, register, hash(buyer), hash(_HOUR.sub("", when)), hash(hour) if hour else None)

    @staticmethod
    def _label(cells: Sequence[str], place: int | None) -> str:
        return "" if place is None else _label(cells[place]).casefold()


def plain_register(column: str) -> bool:
    """Tell whether a column names a register by its name."""
    return column_words(column) in REGISTERS


def watched(records: Iterable[Record], series: Series, numbering: str) -> Iterator[Record]:
    """Yield the rows of a file that is taken for one series of receipts, or one in each store.

    Raises:
        NumbersBeginAnew: it is not.
    """
    for record in records:
        series.see(record)
        if series.numbering not in ("", numbering):
            raise NumbersBeginAnew(series.numbering)
        yield record

"""A file's rows in chunks, read and cleaned in a thread one chunk ahead of the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.column_names import IDENTITY
from liquor_app.imports.cleaning.doubts.doubtful_kinds import LaterWords
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.line_rows import Line, LineReader
from liquor_app.imports.cleaning.orders.discount_columns import ORDER_TOTAL, order_offs_of
from liquor_app.imports.cleaning.orders.no_goods import leave_out_no_goods
from liquor_app.imports.cleaning.orders.order_discounts import OrderDiscounts, order_refunds_of
from liquor_app.imports.cleaning.orders.order_rows import OrderRows, Places
from liquor_app.imports.cleaning.orders.order_shape import Watch, tells_whole_orders
from liquor_app.imports.cleaning.orders.order_totals import OrderTotals
from liquor_app.imports.cleaning.orders.refunds_of import refunds_of
from liquor_app.imports.cleaning.orders.status_rows import StatusRows, check_status
from liquor_app.imports.cleaning.orders.store_numbers import Series, by_store, watched
from liquor_app.imports.cleaning.orders.total_rows import is_sum, leave_out_footers, leave_out_totals
from liquor_app.imports.cleaning.person_cells import clean_order_id
from liquor_app.imports.cleaning.person_rows import Person, PersonReader
from liquor_app.imports.cleaning.products.product_cells import CleanProduct, clean_product
from liquor_app.imports.cleaning.receipts.buyer_cells import OF_NOBODY
from liquor_app.imports.cleaning.row_notes import SHARED
from liquor_app.imports.cleaning.sale_rows import MADE, SaleRows
from liquor_app.imports.cleaning.sums.differing_totals import one_total_each
from liquor_app.imports.cleaning.sums.payment_rows import leave_out_payments
from liquor_app.imports.cleaning.sums.repeated_orders import once_each
from liquor_app.imports.cleaning.sums.totals_below import TotalsBelow
from liquor_app.imports.profiles.tool_profile import NOBODY, Make, is_reversal
from liquor_app.imports.readers.formats import READING
from liquor_app.imports.readers.row_reader import Record, Table
from liquor_app.imports.rejects import LINE, Reject, unmended
from liquor_app.imports.trial.file_totals import FileTotals
from liquor_app.ui.words import figure

CHUNK_ROWS = 5_000
CHUNK_CHARACTERS = 8_000_000
"""A chunk ends with whichever comes first, so that rows of a megabyte cost no more memory than short ones."""

Clean = Callable[[int, list[str]], Any]


def _reader(
    clean: Callable[[int, list[str], dict[str, int], Setting], Any],
) -> Callable[[dict[str, int], Setting], Clean]:
    return lambda at, how: lambda number, cells: clean(number, cells, at, how)


READERS: dict[str, Callable[[dict[str, int], Setting], Clean]] = {
    "customers": PersonReader,
    "purchases": LineReader,
    "products": _reader(clean_product),
}
"""What makes something of a file's rows; made once a file."""

OF_ORDER = frozenset({*IDENTITY["purchases"], "order_id", "occurred_at", "time_of_day", "store", "register"})
"""Fields by which lines are one order, with its number or without."""
LINES_A_ROW = 128
"""More than a row may pack; its first line has its number, the others numbers of their own below zero."""
LAST_PACKED = 16_000_000
"""The last row whose lines' numbers the database holds."""


def _line_number(row: int, nth: int) -> int:
    return row if nth == 0 else -(row * LINES_A_ROW + nth)


def take_rows(table: Table, following: Iterator[Record]) -> list[Record]:
    """The next rows of a file, as many as a chunk holds: by their number and by their length."""
    rows: list[Record] = []
    start = table.taken
    while len(rows) < CHUNK_ROWS and table.taken - start < CHUNK_CHARACTERS:
        if (record := next(following, None)) is None:
            break
        rows.append(record)
    return rows


@dataclass(frozen=True, slots=True)
class Reversal:
    """A row that says its order was voided or refunded in full, the order's number ("" where the file numbers none),
    and who bought it and when, as far as the row says both."""

    record: Record
    order_id: str
    line: Line | None


@dataclass(slots=True)
class Chunk:
    """Rows understood, each with the record it came from, and rows refused.

    Attributes:
        partial: of refused lines without an order's number, by their place in `rejects`, who bought and when: enough to
            know the order by.
        left_out: rows that are no lines of purchases, or nobody, by `LEFT_OUT`, with the word that says so, if any.
        reversals: of these, the first of each order that was voided or refunded in full.
        read: records taken from the file, blank ones left out.
        share: how much of the file is read now, 0 to 1.
    """

    records: list[Record] = field(default_factory=list)
    rows: list[Person | Line | CleanProduct] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    partial: list[tuple[int, Line]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    reversals: list[Reversal] = field(default_factory=list)
    read: int = 0
    share: float = 1.0


class Chunks:
    """The chunks of a table from a record on; `ahead` is being read while the one before is written. A file of
    purchases is watched from its first record on; what a column of statuses leaves out is not."""

    def __init__(
        self, table: Table, kind: str, at: dict[str, int], how: Setting,
        *, made: Sequence[Make] = (), sales: SaleRows | None = None, statuses: StatusRows | None = None, skip: int,
        limit: int | None,
        own: FileTotals | None = None, pays: bool = False, later: LaterWords | None = None,
        series: Series | None = None,
    ):  # fmt: skip
        self._table = table
        self._sales = sales
        self._is_sales = kind == "purchases"
        told = statuses.places if statuses else ()
        self._watch = Watch(table.columns, at, told) if kind == "purchases" and sales is None else None
        self._records: Iterator[Record] = unmended(table, table.columns) if LINE in table.columns else iter(table)
        if kind == "customers":
            reach = [at[one] for one in ("email", "phone") if at.get(one, len(table.columns)) < len(table.columns)]
            self._records = leave_out_footers(self._records, reach)
        if self._is_sales and sales is None:
            if (day := at.get("occurred_at", len(table.columns))) < len(table.columns):
                self._records = leave_out_totals(self._records, day)
            self._records = iter(refunds_of(once_each(self._records, table.columns, at), at, how.decimal))
        if series is not None and series.is_looking:
            self._records = watched(self._records, series, how.numbering)
        if how.by_store:
            self._records = by_store(self._records, at["order_id"], how.numbered_by)
        if kind == "purchases" and (order := at.get("order_id", len(table.columns))) < len(table.columns):
            who = [] if sales else [at[field] for field in IDENTITY[kind] if at.get(field, order) != order]
            there = [place for place in who if place < len(table.columns)]
            store = None if sales or how.by_store else at.get("store")
            when = [
                at[one]
                for one in ("occurred_at", "time_of_day")
                if at.get(one, len(table.columns)) < len(table.columns)
            ]
            product = None if sales else at.get("product")
            places = Places(order, there, store, when, product)
            self._records = iter(OrderRows(self._records, places))
            if pays:
                self._records = leave_out_payments(self._records, at)
            if sales is None and tells_whole_orders(table.columns, at):
                self._records = iter(OrderTotals(self._records, table.columns, at, how.decimal))
            if sales is None and ORDER_TOTAL in at:
                self._records = iter(TotalsBelow(self._records, at, how.decimal))
            if sales is None and order_offs_of(at):
                self._records = iter(OrderDiscounts(self._records, at, how.decimal))
            if sales is None and (backs := order_refunds_of(table.columns, at)):
                self._records = iter(OrderDiscounts(self._records, at, how.decimal, backs))
        if statuses and told:
            self._records = statuses.rows(self._records)
        if self._is_sales and sales is not None:
            self._records = iter(sales.in_part(self._records))
        if self._is_sales and sales is None:
            self._records = iter(one_total_each(self._records, table.columns, at, how.decimal))
        if self._is_sales and (product := at.get("product", len(table.columns))) < len(table.columns):
            self._records = iter(leave_out_no_goods(self._records, product))
        self._clean = READERS[kind](at, how)
        self._at, self._how, self._made = at, how, made
        self._skip, self._left, self._own = skip, limit, own
        self.later = later or None
        """What looks for words in columns that are left out."""
        self._ahead: asyncio.Task[Chunk] | None = None
        self._order_readers: dict[int, LineReader] = {}
        """How many cells a refused row has → what reads whose order it is of: made once, not for each."""
        self.known_as: dict[str, str] = {}
        """Order's number with its store → the one it is known by; see `store_orders`."""

    async def next(self) -> Chunk:
        """Return the next chunk; one with nothing read is the end.

        Raises:
            Invalid: rows of purchases that are no lines; see `order_shape`.
        """
        ahead = self._ahead or asyncio.create_task(READING.run(self._read))
        chunk = await ahead
        self._ahead = asyncio.create_task(READING.run(self._read)) if chunk.read else None
        return chunk

    async def aclose(self) -> None:
        if self._ahead is not None:
            with suppress(Exception):
                await self._ahead
        self._table.close()

    def _read(self) -> Chunk:
        for _ in range(self._skip):
            if (record := next(self._records, None)) is None:
                break
            if self._watch:
                self._watch.see(record)
            if self._own and is_sum(record.left_out):
                self._own.see_sum()
            elif self._own and not record.problem:
                self._own.see(record)
            if self.later and not (record.problem or record.left_out):
                self.later.see(record.cells)
            if self._sales and not record.problem:
                self._sales.line(record.cells, in_part=record.in_part)
        self._skip = 0
        chunk, start = Chunk(), self._table.taken
        clean, made = self._clean, self._made
        most = CHUNK_ROWS if self._left is None else min(CHUNK_ROWS, self._left)
        while chunk.read < most and self._table.taken - start < CHUNK_CHARACTERS:
            record = next(self._records, None)
            if record is None:
                if self._watch:
                    self._watch.finish()
                break
            chunk.read += 1
            if self._watch:
                self._watch.see(record)
            try:
                if record.problem:
                    raise Rejected("unreadable_row", "", record.problem)
                if self._own and record.left_out and is_sum(record.left_out):
                    self._own.see_sum()
                elif self._own:
                    self._own.see(record)
                if self.later and not record.left_out:
                    self.later.see(record.cells)
                if record.left_out:
                    if self._sales:  # what stands on an order's first row is known on its others
                        self._sales.line(record.cells, in_part=record.in_part)
                    self._leave_out(chunk, record, record.left_out)
                    continue
                if record.doubt:
                    check_status(record)
                if self._sales is None:  # a row is a line
                    cells = record.cells + [make(record.cells) for make in made] if made else record.cells
                    row = clean(record.number, cells)
                    if record.voids or record.shared or record.note:
                        more = (*((SHARED,) if record.shared else ()), *((record.note,) if record.note else ()))
                        row = row._replace(voids=record.voids, notes=(*row.notes, *more))
                    chunk.rows.append(row)
                    chunk.records.append(record)
                    continue
                lines = self._sales.lines(record.cells, in_part=record.in_part)
                if isinstance(lines, str):
                    self._leave_out(chunk, record, lines)
                    continue
                if len(lines) > 1 and record.number > LAST_PACKED:
                    raise Rejected("too_far_down", "", f"Packed orders are read up to row {figure(LAST_PACKED)}.")
                rows = [clean(_line_number(record.number, nth), cells) for nth, cells in enumerate(lines)]
            except Rejected as why:
                if why.code in OF_NOBODY and self._is_sales:
                    self._leave_out(chunk, record, NOBODY)
                    continue
                reject = Reject(record, why.bare(), self.order_of(record))
                if self._is_sales and not (record.problem or reject.order_id) and (line := self._partial(record)):
                    chunk.partial.append((len(chunk.rejects), line))
                chunk.rejects.append(reject)
            else:
                chunk.records += [record] * len(rows)
                chunk.rows += rows
        if self._left is not None:
            self._left -= chunk.read
        chunk.share = self._table.read_share
        return chunk

    def _leave_out(self, chunk: Chunk, record: Record, why: str) -> None:
        chunk.left_out[why] += 1
        if self._own:
            self._own.leave_out()
        if not (self._is_sales and is_reversal(why)):
            return
        order = self.order_of(record)
        if order and chunk.reversals and chunk.reversals[-1].order_id == order:
            return
        line = self._partial(record)
        if order or line:
            chunk.reversals.append(Reversal(record, order, line))

    def _partial(self, record: Record) -> Line | None:
        """Return a line without what was paid and for what; None if it says nothing of who bought and when."""
        sums = [""] * len(MADE) if self._sales else []
        cells = [*record.cells, *sums, *(make(record.cells) for make in self._made)]
        reader = self._order_readers.get(len(cells))
        if reader is None:
            at = {field: place for field, place in self._at.items() if field in OF_ORDER and place < len(cells)}
            reader = self._order_readers[len(cells)] = LineReader({**at, "amount": len(cells)}, self._how)
        for amount in ("0", "-1"):  # of what is given back the row need not say who bought it
            with suppress(Rejected):
                return reader(record.number, [*cells, amount])
        return None

    def order_of(self, record: Record) -> str:
        """Return the order a refused line names; empty if it names none."""
        position = self._at.get("order_id", len(record.cells))
        if record.problem and not record.order and len(record.cells) == 1:
            return ""
        cell = record.order or (record.cells[position] if position < len(record.cells) else "")
        try:
            order = clean_order_id(cell) or ""
            return self.known_as.get(order, order)
        except Rejected:
            return ""

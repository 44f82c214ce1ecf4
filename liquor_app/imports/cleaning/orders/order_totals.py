"""What whole orders came to, written once or on each of their rows, where no column says what each line cost: shared
among the lines by their pieces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from liquor_app.core.money import money
from liquor_app.imports.cleaning.amounts import Amount, read_amount
from liquor_app.imports.cleaning.orders.discount_columns import offs_of
from liquor_app.imports.cleaning.orders.money_names import BESIDE, REFUNDED
from liquor_app.imports.cleaning.orders.order_shape import mixed
from liquor_app.imports.readers.row_reader import Record

MOST_ROWS = 1_000


class OrderTotals:
    """The rows of a file with each order's total shared among them.

    A total that stands on one row alone, or the same on all, is shared; an order whose rows say several sums is left as
    it is. A file of both kinds says now the one, now the other, and nobody can tell of alike rows which.

    Args:
        columns: the file's, by name.
        at: field → position of its column; with `order_id` and an `amount` of whole orders.
        decimal: the file's decimal mark.

    Raises:
        Invalid: at its end, of such a file.
    """

    def __init__(self, records: Iterable[Record], columns: Sequence[str], at: Mapping[str, int], decimal: str) -> None:
        self._records, self._columns, self._decimal = records, columns, decimal
        self._has_alike = self._has_several = False
        self._order, self._amount, self._many = at["order_id"], at["amount"], at.get("quantity")
        self._beside = [at[field] for field in (*BESIDE, REFUNDED) if field in at] + [place for _, place in offs_of(at)]

    def __iter__(self) -> Iterator[Record]:
        run, now = list[Record](), ""
        for record in self._records:
            order = now if record.problem else record.cells[self._order].strip()
            if run and (order != now or not order or len(run) >= MOST_ROWS):
                yield from self._shared(run)
                run = []
            now = order
            run.append(record)
        yield from self._shared(run)
        if self._has_alike and self._has_several:
            raise mixed(self._columns, self._columns[self._amount])

    def _shared(self, run: Sequence[Record]) -> Iterator[Record]:
        rows = [nth for nth, one in enumerate(run) if not one.problem and not one.left_out]
        total = self._total([run[nth] for nth in rows])
        if total is None:
            yield from run
            return
        parts = dict(zip(rows, self._parts(total.value, [run[nth] for nth in rows]), strict=True))
        once = [place for place in self._beside if len({run[nth].cells[place].strip() for nth in rows}) == 1]
        for nth, record in enumerate(run):
            if nth not in parts:
                yield record
                continue
            cells = list(record.cells)
            part = str(parts[nth]).replace(".", self._decimal)
            cells[self._amount] = f"{total.currency} {part}".strip()
            for place in once if nth != rows[0] else ():
                cells[place] = ""
            yield record._replace(cells=cells, own=record.told, shared=True)

    def _total(self, rows: Sequence[Record]) -> Amount | None:
        """Return what an order of several rows came to, as one of them says alone or all say alike; else None."""
        said = [one.cells[self._amount].strip() for one in rows if one.cells[self._amount].strip()]
        if len(rows) < 2 or not said:
            return None
        if len(said) > 1:
            is_alike = len(said) == len(rows) and len(set(said)) == 1
            self._has_alike, self._has_several = self._has_alike or is_alike, self._has_several or not is_alike
            if not is_alike:
                return None
        read = read_amount(said[0], self._decimal)
        return read if read and read.currency != "?" else None

    def _parts(self, total: Decimal, rows: Sequence[Record]) -> list[Decimal]:
        pieces = [self._pieces(one) for one in rows]
        whole = sum(pieces, Decimal(0))
        if whole <= 0:
            pieces, whole = [Decimal(1)] * len(rows), Decimal(len(rows))
        parts = [money(total * each / whole) for each in pieces]
        parts[0] += total - sum(parts, Decimal(0))
        return parts

    def _pieces(self, record: Record) -> Decimal:
        cell = "" if self._many is None else record.cells[self._many].strip()
        read = read_amount(cell, self._decimal) if cell else None
        return max(read.value, Decimal(0)) if read else Decimal(1)

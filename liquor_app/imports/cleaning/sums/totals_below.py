"""Orders whose total is less than their lines come to, with no column that says why: the total is what was paid, and
the difference a discount, shared among the lines by what each comes to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from liquor_app.core.money import money
from liquor_app.imports.cleaning.amounts import read_amount
from liquor_app.imports.cleaning.answers.heard_columns import places_of
from liquor_app.imports.cleaning.orders.discount_columns import CENTS, ORDER_TOTAL
from liquor_app.imports.cleaning.orders.money_names import BESIDE
from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.cleaning.row_notes import TOTAL_BELOW
from liquor_app.imports.readers.row_reader import Record

MOST_ROWS = 1_000
NONE = Decimal(0)


class TotalsBelow:
    """The rows of a file, an order's together: the cell of the order's total says what is taken off the row for it,
    and is blank where the lines stand. They do where an order names no total, or two, or one above its lines.

    Args:
        at: field → position of its column; with an `order_total`.
        decimal: the file's decimal mark.
    """

    def __init__(self, records: Iterable[Record], at: Mapping[str, int], decimal: str) -> None:
        self._records, self._decimal = records, decimal
        self._order, self._total, self._worth = at.get("order_id"), at[ORDER_TOTAL], RowWorth(at, decimal)
        self._beside = [place for _, place in places_of(at, BESIDE)]

    def __iter__(self) -> Iterator[Record]:
        run, now = list[Record](), ""
        for record in self._records:
            order = now if record.problem or self._order is None else record.cells[self._order].strip()
            if run and (order != now or not order or len(run) >= MOST_ROWS):
                yield from self._shared(run)
                run = []
            now = order
            run.append(record)
        yield from self._shared(run)

    def _shared(self, run: Sequence[Record]) -> Iterator[Record]:
        rows = [nth for nth, one in enumerate(run) if not one.problem and not one.left_out]
        parts = dict(zip(rows, self._parts([run[nth].cells for nth in rows]), strict=True))
        for nth, record in enumerate(run):
            if nth not in parts:
                yield record
                continue
            cells = list(record.cells)
            cells[self._total] = str(parts[nth]).replace(".", self._decimal) if parts[nth] else ""
            note = record.note or (TOTAL_BELOW if parts[nth] else "")
            yield record._replace(cells=cells, own=record.told, note=note)

    def _parts(self, rows: Sequence[list[str]]) -> list[Decimal]:
        worths = [self._worth(cells) for cells in rows]
        goods, none = sum(worths, NONE), [NONE] * len(rows)
        total = self._once(rows, self._total)
        if total is None or total < 0 or goods <= 0 or min(worths) < 0:
            return none
        off = goods + sum((self._once(rows, one) or NONE for one in self._beside), NONE) - total
        if not CENTS < off <= goods:
            return none
        parts = [money(off * one / goods) for one in worths]
        parts[worths.index(max(worths))] += off - sum(parts, NONE)
        return parts

    def _once(self, rows: Sequence[list[str]], place: int) -> Decimal | None:
        """Return what a column says of an order: on one row, or the same on several; None where it says two things."""
        read = [read_amount(cell, self._decimal) for cells in rows if (cell := cells[place].strip())]
        said = {None if one is None else one.value for one in read}
        return said.pop() if len(said) == 1 else None

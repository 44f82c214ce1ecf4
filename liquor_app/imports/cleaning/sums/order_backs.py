"""What was given back of an order in one sum, where its lines have taken a part of it off already: the rest of it, of
the goods alone, is shared among the lines. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from liquor_app.core.money import money
from liquor_app.imports.cleaning.amounts import read_amount
from liquor_app.imports.cleaning.orders.discount_columns import CENTS
from liquor_app.imports.profiles.tool_profile import OTHER_ROW, OrderBack, plain
from liquor_app.imports.readers.row_reader import Record

MOST_ROWS = 1_000
NONE = Decimal(0)
_NEARLY = Decimal("0.1")
"""Of the shipping, for what came back to be the shipping: with its tax or without."""


class OrderBacks:
    """The rows of a known tool's file, an order's together: the cell of what was given back says each row's part of
    what its lines have not taken off, that of the discount its part of it, that of the tax by how much a rounded price
    is off.

    Args:
        at: a column's plain name → its position.
        order: the position of the order's number; a row that leaves it blank is of the order above.
        worth: what a row's line comes to by itself; None for one that is no line.
    """

    def __init__(
        self, of: OrderBack, at: Mapping[str, int], order: int, worth: Callable[[list[str]], Decimal | None],
        decimal: str,
    ) -> None:  # fmt: skip
        self._order, self._worth, self._decimal = order, worth, decimal
        self._back, self._before, self._off, self._tax, self._shipping, self._total = (
            at.get(plain(one)) for one in (of.column, of.before, of.off, of.tax, of.shipping, of.total)
        )

    def rows(self, records: Iterable[Record]) -> Iterator[Record]:
        run, now = list[Record](), ""
        for record in records:
            order = (now if record.problem else record.cells[self._order].strip()) or now
            if run and (order != now or len(run) >= MOST_ROWS):
                yield from self._shared(run)
                run = []
            now = order
            run.append(self._numbered(record, now))
        yield from self._shared(run)

    def _numbered(self, record: Record, order: str) -> Record:
        if record.problem or record.cells[self._order].strip() or not order:
            return record
        cells = list(record.cells)
        cells[self._order] = order
        return record._replace(cells=cells, own=record.told)

    def _shared(self, run: Sequence[Record]) -> Iterator[Record]:
        counts = [None if one.problem or one.left_out else self._worth(one.cells) for one in run]
        rows = [one.cells for one in run if not one.problem and not one.left_out]
        worths = [NONE if one is None else one for one in counts]
        made = sum(worths, NONE)
        back, rounded = self._rest(rows, made) if rows else (NONE, NONE)
        off = abs(self._once(rows, self._off) or NONE)
        lines = [nth for nth, one in enumerate(counts) if one is not None]
        for nth, record in enumerate(run):
            if record.problem or record.left_out:
                yield record
                continue
            if lines and counts[nth] is None:  # of a further coupon
                yield record._replace(left_out=OTHER_ROW)
                continue
            part = min(back, max(worths[nth], NONE))
            back -= part
            cells = list(record.cells)
            self._write(cells, self._back, part)
            self._write(cells, self._off, money(off * worths[nth] / made) if made > 0 else NONE)
            self._write(cells, self._tax, rounded if lines and nth == lines[-1] else NONE)
            yield record._replace(cells=cells, own=record.told)

    def _rest(self, rows: Sequence[list[str]], made: Decimal) -> tuple[Decimal, Decimal]:
        """Return what came back of the goods beside what the lines tell, and by how much rounded prices are too much.

        Args:
            made: what the lines come to, without what they took off.
        """
        gone, tax, shipping = (self._once(rows, one) or NONE for one in (self._back, self._tax, self._shipping))
        goods, total = self._goods(rows, tax, shipping), self._once(rows, self._total)
        gone = abs(gone)
        if not gone:
            apart = made - goods if goods is not None else NONE
            many = Decimal(len(rows))
            return NONE, apart if abs(apart) <= CENTS * many else NONE
        if goods is None:
            return NONE, NONE
        share = (
            goods / (goods + tax) if tax > 0 and goods > 0 and (total is None or total + CENTS >= goods + tax) else 1
        )
        rest = money(gone * share) - max(goods - made, NONE)
        if shipping and abs(rest - shipping) <= shipping * _NEARLY:
            return NONE, NONE
        return (rest if rest > CENTS else NONE), NONE

    def _goods(self, rows: Sequence[list[str]], tax: Decimal, shipping: Decimal) -> Decimal | None:
        """Return what an order's goods came to before anything was given back."""
        if (before := self._once(rows, self._before)) is not None:
            return before - abs(self._once(rows, self._off) or NONE)
        total = self._once(rows, self._total)
        return None if total is None else total - tax - shipping

    def _once(self, rows: Sequence[list[str]], place: int | None) -> Decimal | None:
        """Return what a column says of an order, on its first row or on each."""
        said = (rows_cell for cells in rows if place is not None and (rows_cell := cells[place].strip()))
        read = read_amount(cell, self._decimal) if (cell := next(said, "")) else None
        return None if read is None else read.value

    def _write(self, cells: list[str], place: int | None, value: Decimal) -> None:
        if place is not None:
            cells[place] = str(value).replace(".", self._decimal) if value else ""

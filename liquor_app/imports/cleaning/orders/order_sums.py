"""Whether a column of amounts holds what lines cost, or what whole orders came to: told by what adds up. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from liquor_app.imports.readers.row_reader import Record

SEVERAL, MANY = 3, 10
"""Orders that are no coincidence; and that are none even where nothing but their number speaks."""
FIRST, SKIP = 1_000, 100
"""Orders of several rows that are added up; of those after them, each hundredth."""
MOST_LINES = 1_000
MOST_WORDS = 4
"""Words a column may hold within an order that tells lines from payments of them."""
MOST_LETTERS = 60
"""Of a cell that is remembered: a till's file has notes of any length, and a thousand rows of them are held at once."""
CENT = Decimal("0.01")
MOST_DIGITS = 15
"""Before the point, of a number that is added up: `9e999999` is no price, and no sum of such fits anywhere."""


@dataclass(frozen=True, slots=True)
class _Row:
    amount: Decimal | None
    value: Decimal | None
    """Price by quantity, where the file tells both."""
    price: bool
    cells: list[str]
    filled: frozenset[int]


class Sums:
    """Orders as they pass, each in rows that follow each other.

    Args:
        at: field → position of its column; `unit_price` and `quantity` wherever the file tells them.
        is_total: whether the column of amounts is called one of whole orders.
        is_orders: whether its name leaves no doubt of that: one order on which it stands twice is enough then.
    """

    def __init__(self, at: Mapping[str, int], *, is_total: bool, is_orders: bool = False) -> None:
        self._at, self._is_total, self._is_orders = at, is_total, is_orders
        self._watched = "amount" in at and "order_id" in at
        self._cell, self._order, self._run, self._rows = "", "", list[list[str]](), 0
        self._runs = self._orders = self._threes = self._valued = 0
        self._found: Counter[str] = Counter()
        self._parted: Counter[int] = Counter()
        self._amounts: set[Decimal | None] = set()

    def see(self, record: Record) -> None:
        """The next row of the file."""
        if not self._watched:
            return
        cell = record.cells[self._at["order_id"]]
        if cell != self._cell:
            self._cell = cell
            if (order := cell.strip()) != self._order:
                self._end()
                self._order = order
        order = self._order
        if order and self._rows < MOST_LINES:
            self._rows += 1
            if self._runs < FIRST or (self._runs + 1) % SKIP == 0:  # else nobody will look at them
                self._run.append([cell[:MOST_LETTERS] for cell in record.cells])

    def are_mixed(self, *, strict: bool) -> bool:
        """Tell whether so many orders do not add up as lines that the amounts are (also) those of whole orders.

        Args:
            strict: whether one order with its amount on one row alone is enough, as at the start of a file.
        """
        self._end()
        found, orders = self._found, self._orders
        pairs = orders - self._threes
        return (
            found["gap"] * 10 > (0 if strict else orders)
            or (self._is_orders and found["constant"] > 0)
            or found["repeated"] * 2 > self._valued
            or (found["same"] * 2 > self._valued and found["same"] >= SEVERAL)
            or (found["constant"] == orders >= (SEVERAL if self._is_total else MANY) and len(self._amounts) >= SEVERAL)
            or (found["summed"] * 2 > self._threes and (found["summed"] >= SEVERAL or found["headed"] > 0))
            or found["doubled"] * 2 > pairs
            or (found["above"] * 2 > orders and found["above"] >= SEVERAL)
            or any(parted * 2 > orders and parted >= SEVERAL for parted in self._parted.values())
        )

    def _end(self) -> None:
        run, self._run = self._run, []
        rows_of_run, self._rows = self._rows, 0
        if rows_of_run < 2:
            return
        self._runs += 1
        if not run:
            return
        every = [self._row(cells) for cells in run]
        if len({row.amount is None for row in every if row.price}) == 2:
            self._found["gap"] += 1
        rows = [row for row in every if row.amount is not None]
        if len(rows) < 2 or max(_of(row) for row in rows) <= 0:
            return
        self._orders += 1
        self._threes += len(rows) > 2
        if len({row.amount for row in rows}) == 1:
            self._repeats(rows)
        else:
            self._valued += all(row.value is not None for row in rows)
            self._parts(rows)
        self._heads(rows)

    def _row(self, cells: list[str]) -> _Row:
        price = cells[self._at["unit_price"]] if "unit_price" in self._at else ""
        quantity = cells[self._at["quantity"]] if "quantity" in self._at else ""
        each = _number(price)
        value = None if each is None else each * (_number(quantity) or 1 if quantity.strip() else 1)
        filled = frozenset(position for position, cell in enumerate(cells) if cell.strip())
        return _Row(_number(cells[self._at["amount"]]), value, bool(price.strip()), cells, filled)

    def _repeats(self, rows: list[_Row]) -> None:
        """The order's total on each of its lines: it is what all of them come to, or has nothing to do with each."""
        values = [row.value for row in rows if row.value is not None]
        amount = _of(rows[0])
        if len(values) < len(rows):
            self._is_constant(amount)
            return
        self._valued += 1
        if all(abs(value - amount) <= CENT for value in values):
            return
        adds_up = abs(sum(values) - amount) <= CENT * len(rows)
        self._is_constant(amount)
        self._found["repeated"] += adds_up
        self._found["same"] += adds_up or max(values) - min(values) > CENT

    def _is_constant(self, amount: Decimal) -> None:
        self._found["constant"] += 1
        if len(self._amounts) < SEVERAL:
            self._amounts.add(amount)

    def _heads(self, rows: list[_Row]) -> None:
        """A row for the whole order beside its lines: it is their sum, or tells less and comes to somewhat more (taxes,
        a tip)."""
        head, *lines = sorted(rows, key=lambda row: (-_of(row), len(row.filled)))
        total = sum(_of(line) for line in lines)
        fewer = all(len(head.filled) < len(line.filled) for line in lines)
        nameless = self._is_nameless(head) and not any(self._is_nameless(line) for line in lines)
        if _of(head) == total and len(lines) > 1:
            self._found["summed"] += 1
            self._found["headed"] += fewer
        elif _of(head) == total:
            self._found["doubled"] += nameless
        elif total < _of(head) <= total * 3 / 2:
            self._found["above"] += nameless

    def _is_nameless(self, row: _Row) -> bool:
        """Tell whether a row names no product, in a file that has them."""
        return "product" in self._at and self._at["product"] not in row.filled

    def _parts(self, rows: list[_Row]) -> None:
        """A column whose words part each order into equal sums: lines and what was paid for them."""
        for position in range(len(rows[0].cells)):
            if position == self._at["amount"]:
                continue
            sums: dict[str, Decimal] = defaultdict(Decimal)
            for row in rows:
                sums[row.cells[position].strip()] += _of(row)
            if 1 < len(sums) <= MOST_WORDS and len(sums) < len(rows) and len(set(sums.values())) == 1:
                self._parted[position] += 1


def _of(row: _Row) -> Decimal:
    return row.amount or Decimal(0)


def _number(cell: str) -> Decimal | None:
    try:
        value = Decimal(cell.strip().lstrip("$€£ ").replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() and value.adjusted() < MOST_DIGITS else None

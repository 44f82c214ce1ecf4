"""What a file itself comes to, counted from its cells as they stand: beside it stands what an import makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from liquor_app.imports.cleaning.amounts import (
    head_currency,
    holds_cents,
    read_amount,
    read_share,
    says_percent,
    without_unit,
)
from liquor_app.imports.cleaning.cells import Rejected, clean_text
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.number_cells import bare_count, bare_price, currency_code, is_own
from liquor_app.imports.cleaning.orders.discount_columns import (
    COUPON,
    DISCOUNT,
    ORDER_TOTAL,
    is_total,
    offs_of,
    order_offs_of,
)
from liquor_app.imports.cleaning.orders.money_names import taken_words
from liquor_app.imports.profiles.tool_profile import Sales, plain
from liquor_app.imports.readers.row_reader import Record

TOTALS = (
    "total", "ordertotal", "grandtotal", "totalamount", "ordertotalamount", "totalcollected", "totalpaid",
    "amountpaid", "transactiontotal", "saletotal", "totalprice",
)  # fmt: skip
"""Names of a column that says what a whole order came to, the likeliest first."""
MOST_WAITING = 1_000_000
"""Characters of cells whose sums wait to be worked out."""
MOST_ORDERS = 200_000
"""Orders that are told apart; of a file with more their number is not said."""


@dataclass(frozen=True)
class Totals:
    """A file by itself (`rows`, `orders`, `money`), and what an import makes of it.

    `money` is summed from `column`, once an order where that holds totals of orders; None where no column tells.
    `left_out` is what of it stands in rows that are no lines of purchases: by a status, by what they are of, or because
    they name nobody. `foreign` are rows in another currency than the shop's, which are in no sum.
    `taken` are the columns revenue is made of (“Total” − “Tax”); empty where a tool's profile makes it.
    `back` is what of `money_made` was given back, `back_beside` what of that stands in columns of its own.
    `orders` is None for people, or for more than `MOST_ORDERS`.
    """

    rows: int
    orders: int | None
    money: Decimal | None
    column: str
    left_out: Decimal = Decimal(0)
    orders_made: int = 0
    money_made: Decimal = Decimal(0)
    taken: str = ""
    foreign: int = 0
    back: Decimal = Decimal(0)
    back_beside: Decimal = Decimal(0)


class FileTotals:
    """Adds up a file of purchases while it is read.

    Args:
        at: field → position of its cell.
        sales: how a known tool's rows become lines.
    """

    def __init__(self, columns: Sequence[str], at: Mapping[str, int], how: Setting, sales: Sales | None) -> None:
        named = {plain(one): position for position, one in reversed(list(enumerate(columns)))}
        own = {field: position for field, position in at.items() if position < len(columns)}
        self._columns, self._decimal, self._shares = columns, how.decimal, how.shares
        self._own, self._currency = how.currency, own.get("currency")
        self._order = named.get(plain(sales.order)) if sales else own.get("order_id")
        line = own.get("amount")
        self._taken = "" if sales else taken_words(own, columns)
        totals = {plain(without_unit(one)): position for position, one in reversed(list(enumerate(columns)))}
        self._total = next((totals[name] for name in TOTALS if name in totals and totals[name] != line), None)
        self._is_told = self._total is not None and self._total == own.get(ORDER_TOTAL)
        self._terms: list[list[int]] = []
        self._offs: list[tuple[str, int]] = []
        if self._total is None and line is not None:
            self._terms = [[line]]
        elif self._total is None and "unit_price" in own:
            self._terms = [[own["unit_price"], *([own["quantity"]] if "quantity" in own else [])]]
            self._offs = [*offs_of(own), *order_offs_of(own)]
            self._is_apart = DISCOUNT in own and not is_total(columns[own[DISCOUNT]])
        elif self._total is None and sales:
            self._terms = [
                [named[plain(one)] for one in term] for term in sales.plus if all(plain(one) in named for one in term)
            ]
        self._rows, self._money, self._is_readable = 0, Decimal(0), self._total is not None or bool(self._terms)
        self._orders: set[str] = set()
        self._summed: dict[str, tuple[str, ...]] = {}
        self._back: set[tuple[str, tuple[str, ...]]] = set()
        """Orders' totals that are refunds."""
        self._open: dict[str, int] = {}
        """Orders whose rows hold a total → how many of these were not left out."""
        self._now, self._by_line, self._left_lines = "", False, Decimal(0)
        self._alike: Counter[tuple[str, ...]] = Counter()
        """Cells of rows that say again what an order's first said: of a file of lines they are lines."""
        self._has_kinds = bool(sales and sales.keeps)
        """Whole orders, their lines and payments stand in rows of their own, each with its total."""
        self._is_full = False
        self._left_out = Decimal(0)
        self._count = own.get("quantity")
        self._cents = {place for place, one in enumerate(columns) if holds_cents(one)}
        self._foreign_heads = {place for place, one in enumerate(columns) if not is_own(head_currency(one), self._own)}
        self._foreign = 0
        places = self._summands()
        told = (*places, *(place for _, place in self._offs), self._currency)
        self._places = list(dict.fromkeys(place for place in told if place is not None))
        self._last: tuple[str, ...] | None = None
        self._waiting: dict[tuple[str, ...], int] = {}
        """Cells a row's sum is made of → rows that hold them: prices are few, so each sum is worked out once."""
        self._waits = 0

    def see(self, record: Record) -> None:
        """Count one row."""
        cells = record.cells
        if self._is_told and self._total is not None:  # what is left of it in the cell is the row's discount
            cells = [*cells[: self._total], record.told[self._total], *cells[self._total + 1 :]]
        self._rows += 1
        order = self._now = cells[self._order].strip() if self._order is not None else ""
        if order and not self._is_full:
            self._orders.add(order)
            self._is_full = len(self._orders) > MOST_ORDERS
        told = self._last = tuple([cells[place] for place in self._places])
        if self._total is not None and order and not self._is_to_be_summed(order, told, cells[self._total]):
            return
        if told in self._waiting:
            self._waiting[told] += 1
            return
        self._waiting[told] = 1
        self._waits += sum(map(len, told))
        if self._waits > MOST_WAITING:
            self._add_up()

    def see_sum(self) -> None:
        """Count a row that sums up others: its money is theirs."""
        self._rows += 1
        self._last = None

    def leave_out(self, came_to: Decimal | None = None) -> None:
        """The row seen last is no line of a purchase; or rows seen before, that came to so much. An order whose total
        stands on its rows is left out once all of them are."""
        if came_to is not None:
            self._left_out += came_to
        elif self._last is not None and self._now in self._open:
            self._open[self._now] -= 1
            self._left_lines += self._worth(self._last)[0]
        elif self._last is not None:
            self._left_out += self._worth(self._last)[0]

    def _is_to_be_summed(self, order: str, told: tuple[str, ...], cell: str) -> bool:
        """Tell whether a row's total counts: an order's once, those of lines each. Of lines they are where an order has
        different ones; a file of lines shows it on its first order of two."""
        if order in self._open:
            self._open[order] += 1
        elif len(self._open) <= MOST_ORDERS:
            self._open[order] = 1
        if not cell.strip():
            return False
        if not self._by_line and _is_less(cell):
            # a refund's: of an order that was sold it is another row's, and no sign that totals are of lines
            if (order, told) in self._back:
                self._alike[told] += len(self._alike) < MOST_ORDERS
                return False
            if len(self._back) <= MOST_ORDERS:
                self._back.add((order, told))
            return True
        if (first := self._summed.get(order)) is None:
            if len(self._summed) <= MOST_ORDERS:
                self._summed[order] = told
            return True
        if not self._by_line and first == told and len(self._alike) < MOST_ORDERS:
            self._alike[told] += 1
        if not self._by_line and first != told and not self._has_kinds:
            self._by_line = True
            for alike, rows in self._alike.items():
                self._waiting[alike] = self._waiting.get(alike, 0) + rows
            self._alike.clear()
        return self._by_line

    def _add_up(self) -> None:
        for told, rows in self._waiting.items():
            money, is_foreign = self._worth(told)
            self._money += rows * money
            self._foreign += rows * is_foreign
        self._waiting, self._waits = {}, 0

    @property
    def columns(self) -> frozenset[str]:
        """The columns the file's own sum is made of, whether they become anything or not."""
        return frozenset(self._columns[place] for place in self._summands())

    def _summands(self) -> list[int]:
        return [self._total] if self._total is not None else [place for term in self._terms for place in term]

    @property
    def own(self) -> dict[str, str]:
        """What a checkpoint keeps of it: the file's own sum, and where it stands; empty where no column tells."""
        found = self.totals(0, Decimal(0))
        return {} if found.money is None else {
            "money": str(found.money), "column": found.column, "taken": found.taken,
        }  # fmt: skip

    def _worth(self, told: tuple[str, ...]) -> tuple[Decimal, bool]:
        """Return what a row comes to by these of its cells, and whether in another currency: then to nothing."""
        cells = dict(zip(self._places, told, strict=True))
        named = cells[self._currency].strip() if self._currency is not None else ""
        is_foreign = bool(named) and not is_own(currency_code(named), self._own)
        money = Decimal(0)
        for places in [[self._total]] if self._total is not None else self._terms:
            value = Decimal(1)
            for number, place in enumerate(places):
                read, is_other = self._read(place, _undressed(cells[place]) or ("0" if number == 0 else "1"))
                is_foreign |= is_other
                value = read if number == 0 else value * read
            money += value
        if self._offs:
            off = self._taken_off(cells, money)
            money = max(money - off, Decimal(0)) if money >= 0 else min(money + off, Decimal(0))
        return (Decimal(0) if is_foreign else money), is_foreign

    def _taken_off(self, cells: Mapping[int, str], money: Decimal) -> Decimal:
        offs = [(name, self._off(name, place, cells[place], money)) for name, place in self._offs]
        coupon = sum((off for name, off in offs if name == COUPON), Decimal(0))
        others = sum((off for name, off in offs if name != COUPON), Decimal(0))
        return others + coupon if self._is_apart else max(others, coupon)

    def _off(self, name: str, place: int, cell: str, money: Decimal) -> Decimal:
        if name in self._shares or says_percent(cell):
            return abs(money) * (read_share(cell, self._decimal) or 0)
        read = read_amount(cell.strip(), self._decimal)
        return abs(read.value) / (100 if place in self._cents else 1) if read else Decimal(0)

    def _read(self, place: int, cell: str) -> tuple[Decimal, bool]:
        """Return what a cell says, and whether in another currency."""
        read = read_amount(bare_count(cell) if place == self._count else bare_price(cell), self._decimal)
        value = read.value if read else Decimal(0)
        is_foreign = place in self._foreign_heads or not is_own(read.currency if read else "", self._own)
        return (value / 100 if place in self._cents else value), is_foreign

    def totals(self, orders_made: int, money_made: Decimal) -> Totals:
        """Return what was counted, beside what an import makes of it."""
        self._add_up()
        places = self._summands()
        orders = None if self._order is None or self._is_full else len(self._orders)
        money = self._money.quantize(Decimal("0.01")) if self._is_readable else None
        column = " × ".join(dict.fromkeys(self._columns[place] for place in places))
        whole = (self._worth(told)[0] for order, told in self._summed.items() if not self._open.get(order, 1))
        left_out = self._left_out + (self._left_lines if self._by_line else sum(whole, Decimal(0)))
        left_out = left_out.quantize(Decimal("0.01"))
        return Totals(
            self._rows, orders, money, column, left_out, orders_made, money_made, self._taken, self._foreign
        )  # fmt: skip


def _undressed(cell: str) -> str:
    """Return what stands in a cell without what spreadsheets put around it, as the rows themselves are read."""
    try:
        return clean_text(cell, "amount") or ""
    except Rejected:
        return ""


def _is_less(cell: str) -> bool:
    """Tell whether an amount is negative, however it is written."""
    written = cell.strip()
    return written[:1] in {"-", "−", "("} or written[-1:] in {"-", "−"}

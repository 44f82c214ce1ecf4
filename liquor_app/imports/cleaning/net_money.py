"""What of a sum is revenue: goods without tax, tips and shipping, less what was given back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import combinations

from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.orders.discount_columns import CENTS, NEARLY_ALL, DiscountColumns
from liquor_app.imports.cleaning.orders.money_names import (
    BESIDE,
    GROSS,
    GROSS_OR_TAXED,
    NET,
    OF_A_LINE,
    OF_AN_ORDER,
    REFUNDED,
    TOTAL,
    WEAK_PRICES,
    beside,
    is_sum_given_back,
    number_of,
    of_goods,
    unitless,
)
from liquor_app.imports.readers.row_reader import Record


class NetMoney:
    """What of a file's columns the revenue of a row is.

    Args:
        found: field → column, by names alone.
        sample: the first rows, whose sums tell what names leave open.
    """

    def __init__(self, found: Mapping[str, str], columns: Sequence[str], sample: Sequence[Record]) -> None:
        self._found, self._columns = found, columns
        self._rows = [one.cells for one in sample if not one.problem]
        self._named = {unitless(one): one for one in reversed(columns)}
        taken = set(found.values())
        self._beside = [
            (field, one) for one in columns
            if one not in taken and (field := beside(one)) is not None and self._holds_sums(one)
        ]  # fmt: skip
        self._offs = DiscountColumns(found, columns, self._cells, self._sums)

    def mapping(self) -> dict[str, str]:
        """Return the fields of a row's sums: `amount` without tax, tips and shipping where the file has it so, else
        `unit_price` by `quantity`, else the total and, in fields of `BESIDE`, what is taken off it; `refunded`, and the
        columns of what was taken off."""
        paid, back = self._paid(), self._back()
        backs = set(back.values())
        amount = paid.get("amount")
        if amount and (net := self._lower(amount, list(backs))):
            # said of the sum it was taken off, it is seen once
            if not net[1] <= backs:
                paid["amount"], back = net[0], {} if net[1] & backs else back
        elif amount and (above := self._above(amount, list(backs))):
            keeps = above[1] <= backs or unitless(above[0]) in GROSS
            paid["amount"], back = (above[0], back) if keeps else (amount, {})
        elif amount and (twin := self._after_discounts(amount)):
            paid["amount"] = twin
        taken, known = self._of_orders(paid)
        return paid | back | self._offs.mapping(taken, without=known)

    def _after_discounts(self, amount: str) -> str | None:
        """Return the column of a line's total beside its subtotal, where it is nowhere above: what was taken off is off
        in it."""
        name = unitless(amount)
        twin = self._named.get(name.removesuffix("subtotal") + "total") if name.endswith("subtotal") else None
        if twin is None or name == "subtotal" or not self._holds_sums(twin) or any(self._orders_of(twin)):
            return None
        rows = self._sums(amount, twin)
        return twin if any(net < whole for whole, net in rows) and all(net <= whole for whole, net in rows) else None

    def _of_orders(self, paid: Mapping[str, str]) -> tuple[list[str], list[str]]:
        """Return the columns of discounts of whole orders that no line's sum has taken off: those by which the lines
        come to their order's total; else those that are called so, beside sums of lines. And those that are called so
        and are off already."""
        amount, named = paid.get("amount"), self._offs.named_of_orders()
        if amount is None:
            return (named if "unit_price" in paid else []), []
        if unitless(amount) in GROSS:
            return named, []
        if amount in self._wholes or any(self._orders_of(amount)):
            return [], []
        for whole in self._wholes:
            if (told := self._taken_off_orders(amount, whole)) is not None:
                return told, [one for one in named if one not in told]
        return (named if OF_A_LINE.search(column_words(amount)) else []), []

    def _taken_off_orders(self, amount: str, whole: str) -> list[str] | None:
        """Return which discounts lie between the lines of orders and their total, taxes and the like counted in; None
        where neither none nor any of them explains nearly all."""
        orders = self._orders()
        if not orders:
            return None
        beside, offs = [column for _, column in self._beside], self._offs.columns
        for many in range(len(offs) + 1):
            for chosen in combinations(offs, many):
                fits = [
                    abs(self._of_order(rows, whole) - self._sum_of(rows, amount)
                        + sum(abs(self._of_order(rows, one)) for one in chosen)
                        - sum(self._of_order(rows, one) for one in more)) <= CENTS
                    for rows in orders for more in (beside,)
                ]  # fmt: skip
                moves = all(any(self._of_order(rows, one) for rows in orders) for one in chosen)
                if moves and sum(fits) >= NEARLY_ALL * len(fits):
                    return list(chosen)
        return None

    @cached_property
    def _wholes(self) -> list[str]:
        """Columns called totals of whole orders, or of whatever was paid, that hold sums."""
        return [
            one for one in self._columns
            if (unitless(one) in TOTAL or OF_AN_ORDER.search(column_words(one))) and self._holds_sums(one)
            and one not in self._offs.columns and any(map(str.strip, self._cells(one)))
            and one not in {column for _, column in self._beside} and not is_sum_given_back(one, self._cells(one))
        ]  # fmt: skip

    def _orders(self) -> list[list[list[str]]]:
        """Return the rows of each order of the sample, where the file numbers them."""
        number = self._found.get("order_id")
        if number is None:
            return []
        place, orders = self._columns.index(number), dict[str, list[list[str]]]()
        for cells in self._rows:
            if order := cells[place].strip():
                orders.setdefault(order, []).append(cells)
        return list(orders.values())

    def _orders_of(self, column: str) -> list[bool]:
        """Tell of each order of several rows whose sums differ whether a column says the same on each."""
        place = self._columns.index(column)
        several = [rows for rows in self._orders() if len(rows) > 1]
        return [len({cells[place] for cells in rows}) == 1 and OF_AN_ORDER.search(column_words(column)) is not None
                for rows in several]  # fmt: skip

    def _of_order(self, rows: Sequence[Sequence[str]], column: str) -> Decimal:
        """Return what a column says of an order: the same on each row is said once."""
        place = self._columns.index(column)
        filled = [number_of(cells[place]) or Decimal(0) for cells in rows if cells[place].strip()]
        repeats = len(filled) == len(rows) and len(set(filled)) == 1
        return filled[0] if repeats else sum(filled, Decimal(0))

    def _sum_of(self, rows: Sequence[Sequence[str]], column: str) -> Decimal:
        place = self._columns.index(column)
        return sum((number_of(cells[place]) or Decimal(0) for cells in rows), Decimal(0))

    def replaced(self) -> set[str]:
        """Fields found by names alone that `mapping` says otherwise, or not at all."""
        return {"amount", "unit_price", *self._offs.replaced()}

    def _lower(self, amount: str, backs: Sequence[str]) -> tuple[str, frozenset[str]] | None:
        """Return the column that holds an amount less what was taken off it, if the file has one, and what was."""
        found = ((one, self._offs.between(amount, one, backs=backs)) for one in self._others(amount))
        return next(((one, off) for one, off in found if off), None)

    def _above(self, amount: str, backs: Sequence[str]) -> tuple[str, frozenset[str]] | None:
        """Return the column of a sum that comes to an amount less what was given back, if the file has one, and what
        lies between."""
        found = ((one, self._offs.between(one, amount, backs=backs)) for one in self._others(amount) if backs)
        return next(((one, off) for one, off in found if off & set(backs)), None)

    def _others(self, amount: str) -> list[str]:
        """Return the columns of sums beside an amount that are nothing else, as far as names tell."""
        found = {column for field, column in self._found.items() if field != "amount"}
        known = {*found, *self._offs.columns, *(one for _, one in self._beside), amount}
        return [
            one for one in self._columns
            if one not in known and any(cell.strip() for cell in self._cells(one)) and self._holds_sums(one)
        ]  # fmt: skip

    def _paid(self) -> dict[str, str]:
        found = {field: self._found[field] for field in ("amount", "unit_price") if field in self._found}
        amount = found.get("amount")
        if amount and self._is_of_orders_beside_prices(amount):
            return {"unit_price": found["unit_price"]}
        if "unit_price" in found and amount is None and self._is_weak_price(found["unit_price"]):
            return {}
        is_whole = amount and (unitless(amount) in TOTAL or (self._is_taxed() and unitless(amount) in GROSS_OR_TAXED))
        net, total = self._first(NET), amount if is_whole else self._first(TOTAL)
        if amount is None and "unit_price" not in found:
            return self._of(net, total)
        if amount is None or unitless(amount) in NET:
            before_discounts = amount and total and self._is_before_discounts(amount, total)
            return self._less(total) if before_discounts and total else found
        if not is_whole and not self._holds_beside(amount, net):
            return found
        if not self._beside:
            return found | ({"amount": net} if net and self._is_never_below(amount, net) else {})
        if net is None and "unit_price" in found and "quantity" in self._found:
            return {"unit_price": found["unit_price"]}
        more = {"unit_price": found["unit_price"]} if "unit_price" in found else {}
        return self._of(net, amount) | more

    def _is_of_orders_beside_prices(self, amount: str) -> bool:
        """Tell whether an amount is called an order's total, where lines have prices and counts of their own."""
        if not {"unit_price", "quantity"} <= self._found.keys() or not OF_AN_ORDER.search(column_words(amount)):
            return False
        return any(len(rows) > 1 for rows in self._orders())

    def _is_weak_price(self, price: str) -> bool:
        """Tell whether a price may be another than was paid: a shelf's, beside sums nobody can name."""
        return unitless(price) in WEAK_PRICES and bool(self._others(price))

    def _of(self, net: str | None, total: str | None) -> dict[str, str]:
        if net and not (total and self._is_before_discounts(net, total)):
            return {"amount": net}
        return self._less(total) if total else {}

    def _less(self, total: str) -> dict[str, str]:
        taken: dict[str, str] = {}
        for field, column in self._beside:
            free = [one for one in (field, "other_tax", *BESIDE) if one not in taken]
            if free:
                taken[free[0]] = column
        return {"amount": total} | taken

    def _back(self) -> dict[str, str]:
        known = set(self._found.values())
        found = [
            one for one in self._columns if one not in known and is_sum_given_back(one, self._cells(one))
        ]  # fmt: skip
        goods = [one for one in found if of_goods(one)]  # of what came back, the tax is no goods either
        return {REFUNDED: (goods or found)[0]} if found else {}

    def _first(self, names: Sequence[str]) -> str | None:
        there = (self._named[name] for name in names if name in self._named)
        return next((one for one in there if self._holds_sums(one)), None)

    def _cells(self, column: str) -> list[str]:
        place = self._columns.index(column)
        return [cells[place] for cells in self._rows]

    def _holds_sums(self, column: str) -> bool:
        return all(number_of(cell) is not None for cell in self._cells(column) if cell.strip())

    def _sums(self, *columns: str) -> list[tuple[Decimal, ...]]:
        places = [self._columns.index(one) for one in columns]
        rows = ([number_of(cells[place]) for place in places] for cells in self._rows)
        return [tuple(one or Decimal(0) for one in row) for row in rows if row[0] is not None]

    def _is_before_discounts(self, net: str, total: str) -> bool:
        """Tell whether the goods' sum is one before what was taken off: the rows' totals say so."""
        return bool(self._offs.between(net, total, *(column for _, column in self._beside)))

    def _is_taxed(self) -> bool:
        return any(field == "tax" for field, _ in self._beside)

    def _is_never_below(self, total: str, net: str) -> bool:
        rows = [whole - goods for whole, goods in self._sums(total, net)]
        return any(apart > 0 for apart in rows) and all(apart >= 0 for apart in rows)

    def _holds_beside(self, amount: str, net: str | None) -> bool:
        """Tell whether an amount comes to the goods and what stands beside them."""
        goods = [net] if net else [self._found[one] for one in ("unit_price", "quantity") if one in self._found]
        if not self._beside or not (net or len(goods) == 2):
            return False
        rows = []
        for whole, *more in self._sums(amount, *goods, *(column for _, column in self._beside), *self._offs.columns):
            of, others = (more[0], more[1:]) if net else (more[0] * more[1], more[2:])
            others, offs = others[: len(self._beside)], others[len(self._beside) :]
            if sum(others):
                apart = whole - of - sum(others)
                rows.append(abs(apart) <= CENTS or abs(apart + sum(map(abs, offs))) <= CENTS)
        return bool(rows) and sum(rows) * 2 > len(rows)

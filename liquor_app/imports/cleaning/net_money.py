"""What of a sum is revenue: goods without tax, tips and shipping, less what was given back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property

from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.answers.heard_columns import free_name
from liquor_app.imports.cleaning.orders.discount_columns import CENTS, NEARLY_ALL, ORDER_TOTAL, DiscountColumns
from liquor_app.imports.cleaning.orders.money_names import (
    BESIDE,
    FINAL,
    GROSS,
    GROSS_OR_TAXED,
    NET,
    OF_A_LINE,
    OF_AN_ORDER,
    REFUNDED,
    TOTAL,
    WEAK_PRICES,
    beside,
    is_of_a_way,
    is_sum_given_back,
    number_of,
    of_goods,
    unitless,
    without_tax_words,
)
from liquor_app.imports.cleaning.sums.adding_up import between
from liquor_app.imports.cleaning.sums.whole_orders import Rows, WholeOrders
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
        # "Shipping (inc tax)" is in a total with tax, "Shipping (ex tax)" in one without
        self._beside_too = [
            one for one in columns
            if one not in taken and beside(one) is None and beside(without_tax_words(one)) and self._holds_sums(one)
        ]  # fmt: skip
        self._orders = WholeOrders(columns, found.get("order_id"), self._rows)

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
        elif amount and (final := self._final(amount)):
            paid["amount"], back = final, {}
        elif amount and unitless(amount) in NET and self._are_rows_of_their_own(list(backs)):
            back = {}  # off the net sum of a row that is nothing but what came back
        elif amount and (above := self._above(amount, list(backs))):
            keeps = above[1] <= backs or unitless(above[0]) in GROSS
            # before what came back it may be a total with tax, or an order's beside its lines' prices
            paid, back = (self._paid(above[0], amount), back) if keeps else (paid, {})
        elif amount and (twin := self._after_discounts(amount)):
            paid["amount"] = twin
        taken, known = self._of_orders(paid)
        paid |= {} if back else self._totals_below(paid)
        return paid | back | self._offs.mapping(taken, without=known)

    def _totals_below(self, paid: Mapping[str, str]) -> dict[str, str]:
        """Return the fields of a total of orders that is what was paid, though their lines come to more and nothing was
        taken off: the total, and what stands beside the goods in it. Of lines with prices; of sums where nothing is."""
        amount, offs = paid.get("amount"), self._offs.columns
        is_told = "order_id" not in self._found or any(any(row) for one in offs for row in self._sums(one))
        if is_told or not (amount or "unit_price" in paid) or {*paid} - {"amount", "unit_price"}:
            return {}
        if amount and (amount in self._wholes or any(self._orders.alike(amount))):
            return {}
        place = self._columns.index(amount) if amount else 0
        worth = (lambda cells: number_of(cells[place])) if amount else self._worth
        beside = [column for _, column in self._beside]
        wholes = [
            one for one in self._wholes if one != amount and unitless(one) not in NET
            and self._orders.are_beside_prices(one, worth, self._may_be_in, offs)
        ]  # fmt: skip
        found = self._orders.below(self._goods(amount), wholes[0], beside) if len(wholes) == 1 else None
        if found is None or (amount and found):
            return {}
        more: dict[str, str] = {}
        for field, column in self._beside:
            if column in found:
                more[next(one for one in (field, "other_tax", *BESIDE, free_name("fees", more)) if one not in more)] = (
                    column
                )
        return {ORDER_TOTAL: wholes[0]} | more

    def _after_discounts(self, amount: str) -> str | None:
        """Return the column of a line's total beside its subtotal, where it is nowhere above: what was taken off is off
        in it."""
        name = unitless(amount)
        twin = self._named.get(name.removesuffix("subtotal") + "total") if name.endswith("subtotal") else None
        if twin is None or name == "subtotal" or not self._holds_sums(twin) or any(self._orders.alike(twin)):
            return None
        rows = self._sums(amount, twin)
        return twin if any(net < whole for whole, net in rows) and all(net <= whole for whole, net in rows) else None

    def _of_orders(self, paid: Mapping[str, str]) -> tuple[list[str], list[str]]:
        """Return the columns of discounts of whole orders that no line's sum has taken off: those by which the lines
        come to their order's total; else those that are called so, beside sums of lines. And those that are called so
        and are off already."""
        amount, named = paid.get("amount"), self._offs.named_of_orders()
        if amount is None and "unit_price" not in paid:
            return [], []
        if amount is None and not self._orders.several:
            return named, []
        if amount and unitless(amount) in GROSS:
            return named, []
        if amount and (amount in self._wholes or any(self._orders.alike(amount))):
            return [], []
        if (told := self._off_orders(amount)) is not None:
            return told, [one for one in named if one not in told]
        return (named if amount is None or OF_A_LINE.search(column_words(amount)) else []), []

    def _are_rows_of_their_own(self, backs: Sequence[str]) -> bool:
        """Tell whether what was given back stands on rows on which nothing was sold, and on no other: their net sum is
        below zero, as the gross one of no row is."""
        gross = next((one for one in self._columns if unitless(one) in GROSS and self._holds_sums(one)), None)
        rows = [row for row in self._sums(*backs, gross) if row[0]] if len(backs) == 1 and gross else []
        return bool(rows) and all(row[1] == 0 for row in rows)

    def _off_orders(self, amount: str | None) -> list[str] | None:
        """Return the discounts by which lines come to some total of theirs; none where they come to it without, None
        where nothing tells. A subtotal that is the lines' own sum tells less than a total below it."""
        goods, none = self._goods(amount), None
        for whole in dict.fromkeys([*self._wholes, *self._others(amount or "")]) if self._offs.columns else ():
            told = self._orders.taken_off(goods, whole, self._may_be_in, self._offs.columns)
            if told:
                return told
            none = told if told is not None and whole in self._wholes else none
        if none is None and amount is None:
            return self._orders.alike_beside(self._wholes, self._worth, self._may_be_in, self._offs.columns) or None
        return none

    def _goods(self, amount: str | None) -> Callable[[Rows], Decimal]:
        """Return what tells what the lines of an order come to: by their sums, else by their prices."""
        if amount is not None:
            return lambda rows: self._orders.sum_of(rows, amount)
        return lambda rows: sum((self._worth(cells) or Decimal(0) for cells in rows), Decimal(0))

    def _worth(self, cells: Sequence[str]) -> Decimal | None:
        """Return a row's price by how many."""
        price, many = (
            number_of(cells[self._columns.index(self._found[one])]) if one in self._found else None
            for one in ("unit_price", "quantity")
        )
        return None if price is None else price * (1 if many is None else many)

    @property
    def _may_be_in(self) -> list[str]:
        """Columns of what stands beside the goods, any of which a total may hold."""
        return [*(column for _, column in self._beside), *self._beside_too]

    @cached_property
    def _wholes(self) -> list[str]:
        """Columns called totals of whole orders, or of whatever was paid, that hold sums."""
        return [
            one for one in self._columns
            if (unitless(one) in TOTAL or OF_AN_ORDER.search(column_words(one))) and self._holds_sums(one)
            and one not in self._offs.columns and any(map(str.strip, self._cells(one)))
            and one not in self._may_be_in and not is_sum_given_back(one, self._cells(one))
        ]  # fmt: skip

    def replaced(self) -> set[str]:
        """Fields found by names alone that `mapping` says otherwise, or not at all."""
        return {"amount", "unit_price", *self._offs.replaced()}

    def _lower(self, amount: str, backs: Sequence[str]) -> tuple[str, frozenset[str]] | None:
        """Return the column that holds an amount less what was taken off it, if the file has one, and what was."""
        others = (one for one in self._others(amount) if one not in backs)
        found = ((one, self._offs.between(amount, one, backs=backs)) for one in others)
        return next(((one, off) for one, off in found if off), None)

    def _above(self, amount: str, backs: Sequence[str]) -> tuple[str, frozenset[str]] | None:
        """Return the column of a sum that comes to an amount less what was given back, if the file has one, and what
        lies between."""
        others = (one for one in self._others(amount) if backs and one not in backs)
        found = ((one, self._offs.between(one, amount, backs=backs)) for one in others)
        return next(((one, off) for one, off in found if off & set(backs)), None)

    def _others(self, amount: str) -> list[str]:
        """Return the columns of sums beside an amount that are nothing else, as far as names tell."""
        found = {column for field, column in self._found.items() if field != "amount"}
        known = {*found, *self._offs.columns, *self._may_be_in, amount}
        return [
            one for one in self._columns
            if one not in known and any(cell.strip() for cell in self._cells(one)) and self._holds_sums(one)
        ]  # fmt: skip

    def _paid(self, instead: str = "", less: str = "") -> dict[str, str]:
        """Return the fields of what was paid.

        Args:
            instead: the column of amounts, if not the one that names tell.
            less: the column of it less what came back.
        """
        found = {field: self._found[field] for field in ("amount", "unit_price") if field in self._found}
        found |= {"amount": instead} if instead else {}
        amount = found.get("amount")
        if amount and not instead and (by_many := self._by_many(amount)):
            return self._paid(by_many)
        if amount and (self._is_of_orders_beside_prices(amount) or self._is_before_what_was_taken_off(amount)):
            return {"unit_price": found["unit_price"]}
        if "unit_price" in found and amount is None and self._is_weak_price(found["unit_price"]):
            return {}
        is_whole = amount and (unitless(amount) in TOTAL or (self._is_taxed() and unitless(amount) in GROSS_OR_TAXED))
        # what was less the sum that came back is no sum of all goods
        nets = [one for one in NET if not instead or self._named.get(one) not in (self._found.get("amount"), less)]
        net, total = self._first(nets), amount if is_whole else self._first(TOTAL)
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
        """Tell whether an amount is an order's total, where lines have prices and counts of their own."""
        if not {"unit_price", "quantity"} <= self._found.keys():
            return False
        return self._orders.are_beside_prices(amount, self._worth, self._may_be_in, self._offs.columns)

    def _by_many(self, amount: str) -> str | None:
        """Return the column that holds an amount by how many on each row, on one of several at least: the amount is
        what one of them costs."""
        if "quantity" not in self._found:
            return None
        for one in self._others(amount):
            rows = [row for row in self._sums(amount, one, self._found["quantity"]) if row[0]]
            several = [row for row in rows if abs(row[2]) != 1]
            if several and all(abs(abs(row[0] * row[2]) - abs(row[1])) <= CENTS for row in rows):
                return one
        return None

    def _is_before_what_was_taken_off(self, amount: str) -> bool:
        """Tell whether an amount is price by quantity on the very rows that something was taken off."""
        if not {"unit_price", "quantity"} <= self._found.keys() or unitless(amount) in GROSS or not self._offs.columns:
            return False
        rows = [
            (whole, self._worth(cells)) for cells, (whole, *offs) in self._with_sums(amount, *self._offs.columns)
            if any(offs)
        ]  # fmt: skip
        same = [worth is not None and abs(whole - worth) <= CENTS for whole, worth in rows]
        return bool(rows) and all(same)

    def _is_weak_price(self, price: str) -> bool:
        """Tell whether a price may be another than was paid: a shelf's, beside sums nobody can name."""
        return unitless(price) in WEAK_PRICES and bool(self._others(price))

    def _of(self, net: str | None, total: str | None) -> dict[str, str]:
        if net and not (total and self._is_before_discounts(net, total)):
            return {"amount": net}
        return self._less(total) if total else {}

    def _less(self, total: str) -> dict[str, str]:
        taken: dict[str, str] = {}
        on_top = self._on_top(total)
        for field, column in self._beside:
            if column in on_top:
                continue
            free = [one for one in (field, "other_tax", *BESIDE) if one not in taken]
            taken[free[0] if free else free_name("fees", taken)] = column
        return {"amount": total} | taken

    def _on_top(self, total: str) -> frozenset[str]:
        """Return the columns beside the goods that are not in a total: with them it comes to another sum, of whatever
        was paid ("Payments Total" with the tip). Rows that nothing was paid of tell nothing."""
        beside = [column for _, column in self._beside]
        for paid in self._others(total) if beside else ():
            rows = [one for one in self._sums(paid, total, *beside) if one[0] and one[1]]
            apart = [one for one in rows if one[0] != one[1]]
            parts = {column: [row[place] for row in apart] for place, column in enumerate(beside, start=2)}
            found = between([row[0] - row[1] for row in apart], parts, {}, [row[1] < 0 for row in apart])
            places = [beside.index(one) + 2 for one in found[0]] if found else []
            told = ((row, sum((row[place] for place in places), Decimal(0))) for row in rows)
            fits = [
                abs(abs(row[0] - row[1]) - abs(more) if row[1] < 0 else row[0] - row[1] - more) <= CENTS
                for row, more in told
            ]
            if found and found[0] and sum(fits) >= NEARLY_ALL * len(fits):
                return found[0]
        return frozenset()

    def _back(self) -> dict[str, str]:
        known = set(self._found.values())
        found = [
            one for one in self._columns if one not in known and is_sum_given_back(one, self._cells(one))
        ]  # fmt: skip
        goods = [one for one in found if of_goods(one)]  # of what came back, the tax is no goods either
        if not found:
            return {}
        first, backs = (goods or found)[0], {REFUNDED: (goods or found)[0]}
        for one in found:
            if one != first and is_of_a_way(one) and self._cells(one) != self._cells(first):
                backs[free_name(REFUNDED, backs)] = one
        return backs

    def _final(self, amount: str) -> str | None:
        """Return the column that holds an amount after what came back of it, by its name and its sums: never more, and
        somewhere less. None where taxes and the like stand in the file, of which nobody can tell what came back."""
        for one in self._others(amount) if not self._beside else ():
            rows = self._sums(amount, one)
            apart = [whole - left for whole, left in rows if whole >= 0]
            if FINAL.fullmatch(column_words(one)) and any(apart) and all(off >= 0 for off in apart):
                return one
        return None

    def _first(self, names: Sequence[str]) -> str | None:
        there = (self._named[name] for name in names if name in self._named)
        return next((one for one in there if self._holds_sums(one)), None)

    def _cells(self, column: str) -> list[str]:
        place = self._columns.index(column)
        return [cells[place] for cells in self._rows]

    def _holds_sums(self, column: str) -> bool:
        return all(number_of(cell) is not None for cell in self._cells(column) if cell.strip())

    def _sums(self, *columns: str) -> list[tuple[Decimal, ...]]:
        return [row for _, row in self._with_sums(*columns)]

    def _with_sums(self, *columns: str) -> list[tuple[list[str], tuple[Decimal, ...]]]:
        """Return the rows whose first column holds a number, and what each of the columns holds."""
        places = [self._columns.index(one) for one in columns]
        rows = ((cells, [number_of(cells[place]) for place in places]) for cells in self._rows)
        return [(cells, tuple(one or Decimal(0) for one in row)) for cells, row in rows if row[0] is not None]

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

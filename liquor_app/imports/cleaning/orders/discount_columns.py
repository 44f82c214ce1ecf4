"""Columns of what was taken off: which of a file's they are, and off which of its sums they were taken. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from decimal import Decimal
from itertools import combinations

from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.answers.heard_columns import field_of, free_name

DISCOUNT, COUPON, OF_ORDER = "discount", "coupon_discount", "order_discount"
"""Fields: what was taken off a line; how much of it by a coupon; what was taken off a whole order, in no line's sum."""
ORDER_TOTAL = "order_total"
"""Field: what a whole order came to, beside lines that come to more. `sums.totals_below` makes a discount of it."""
_OFF = re.compile(
    r"\b(?:discounts?|disc|dscnt|markdowns?|mark downs?|comps?|savings|rebates?|(?:amount|value|dollars|money) off"
    r"|coupons?|vouchers?|promo(?:tion)?s?|promotional|(?:loyalty|rewards?|points) (?:redeemed|applied|used|off))\b"
)
_NO_SUM = re.compile(
    r"\b(?:codes?|names?|types?|reasons?|ids?|titles?|qty|quantity|count|numbers?|no|num|desc|description|notes?|by|for"
    r"|eligible|taxable|before|after|without|excl?|excluding|incl?|including|prices?|date|day|time|group|levels?|tier"
    r"|balance|earned|program|rate|percent|percentage|pct|applied to|sales|total after|limit|max|min|kind|method|status"
    r"|campaigns?|barcode|serial)\b"
)
_TOTAL = re.compile(r"\b(?:totals?|all|overall|combined|sum)\b")
MOST = 5
"""Columns of what was taken off that are told apart; of more, the first."""
CENTS = Decimal("0.02")
_OF_ORDERS = re.compile(r"^(?:order|cart|basket|receipt|invoice|check|transaction|ticket|bill|sale)s?\b")
_CENTS = re.compile(r"[.,]\d\d\b")
NEARLY_ALL = Decimal("0.9")
"""Of the rows, for a sum to be another one less what was taken off it."""


def is_total(column: str) -> bool:
    """Tell whether a column is called what was taken off in all: the others are parts of it."""
    return _TOTAL.search(column_words(column)) is not None


def is_off(column: str) -> bool:
    """Tell whether a column is called a sum of what was taken off."""
    words = column_words(column.replace("%", " percent "))
    return _OFF.search(words) is not None and not _NO_SUM.search(words)


_OF_ONE = re.compile(r"\b(?:per|each|unit)\b")


def is_of_one(column: str) -> bool:
    """Tell whether a column is called what was taken off each piece ("Discount per Unit")."""
    return _OF_ONE.search(column_words(column)) is not None


class DiscountColumns:
    """The columns of a file's discounts.

    Args:
        found: field → column, by names alone.
        cells: the cells of a column in the first rows.
        sums: those cells as sums, a row each.
    """

    def __init__(
        self,
        found: Mapping[str, str],
        columns: Sequence[str],
        cells: Callable[[str], list[str]],
        sums: Callable[..., list[tuple[Decimal, ...]]],
    ) -> None:
        self._found, self._sums = found, sums
        taken = {column for field, column in found.items() if field not in (DISCOUNT, COUPON, "coupon_code")}
        coupon = found.get("coupon_code")
        named = [found[one] for one in (DISCOUNT, COUPON) if one in found]
        more = [
            one for one in columns
            if one not in taken and one not in named and is_off(one) and _is_money(cells(one), sums(one))
            and (one != coupon or COUPON not in found)
        ]  # fmt: skip
        self.columns = [*named, *more][:MOST]
        self._coupon = coupon if coupon in more else None

    def mapping(self, of_orders: Collection[str] = (), without: Collection[str] = ()) -> dict[str, str]:
        """Return field → column: `discount`, `discount.2` for what is taken off besides, `coupon_discount`. A column of
        all that was taken off stands for its parts.

        Args:
            of_orders: those that are of whole orders, and in no line's sum.
            without: those that are off already, and of no line.
        """
        orders: dict[str, str] = {}
        for column in of_orders:
            orders[free_name(OF_ORDER, orders)] = column
        return orders | self._of_lines({*of_orders, *without})

    def named_of_orders(self) -> list[str]:
        """Return the columns that are called discounts of whole orders."""
        return [one for one in self.columns if _OF_ORDERS.search(column_words(one))]

    def _of_lines(self, of_orders: Set[str]) -> dict[str, str]:
        coupon = self._found.get(COUPON, self._coupon)
        coupon = None if coupon in of_orders else coupon
        others = [one for one in self.columns if one != coupon and one not in of_orders]
        whole = [one for one in others if len(self.columns) > 1 and (is_total(one) or self._is_whole(one, others))]
        mapping: dict[str, str] = {}
        for column in whole[:1] or others:
            mapping[free_name(DISCOUNT, mapping)] = column
        return mapping | ({COUPON: coupon} if coupon else {})

    def replaced(self) -> set[str]:
        """Fields found by names alone that `mapping` says otherwise."""
        return {DISCOUNT, COUPON, *(("coupon_code",) if self._coupon else ())}

    def _is_whole(self, column: str, others: Sequence[str]) -> bool:
        rows = [one for one in self._sums(column, *(one for one in others if one != column)) if any(one)]
        several = [one for one in rows if sum(1 for part in one[1:] if part) > 1]
        return len(others) > 2 and bool(several) and all(abs(abs(one[0]) - _all(one[1:])) <= CENTS for one in rows)

    def between(self, whole: str, part: str, *more: str, backs: Sequence[str] = ()) -> frozenset[str]:
        """Return the columns that were taken off one sum where it comes to another: by nearly all rows, one of them at
        least. Empty where none were.

        Args:
            more: columns that are taken off `part` first (tax, a tip).
            backs: columns of what was given back, that may have been taken off too.
        """
        offs = [*self.columns, *backs]
        rows = self._sums(part, whole, *more, *offs)
        for many in range(1, len(offs) + 1):
            for chosen in combinations(range(2 + len(more), 2 + len(more) + len(offs)), many):
                told = [
                    (_less(row[1], [row[place] for place in chosen]), row[0] - sum(row[2 : 2 + len(more)]), row)
                    for row in rows
                ]  # fmt: skip
                same = [row for less, apart, row in told if abs(less - apart) <= CENTS]
                if all(any(row[place] for row in same) for place in chosen) and len(same) >= NEARLY_ALL * len(rows):
                    return frozenset(offs[place - 2 - len(more)] for place in chosen)
        return frozenset()


def _less(whole: Decimal, offs: Sequence[Decimal]) -> Decimal:
    """Return a sum nearer to nothing by what was taken off: of what was given back, as much less came back."""
    return whole - _all(offs) if whole >= 0 else whole + _all(offs)


def _all(sums: Sequence[Decimal]) -> Decimal:
    return sum((abs(one) for one in sums), Decimal(0))


def _is_money(cells: Sequence[str], sums: Sequence[tuple[Decimal, ...]]) -> bool:
    filled = [one for one in cells if one.strip()]
    return bool(filled) and len(sums) == len(filled) and any(_CENTS.search(one) for one in filled)


def offs_of(at: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the names and places of a mapping's columns of what was taken off, a coupon's first."""
    return [(name, place) for field in (COUPON, DISCOUNT) for name, place in at.items() if field_of(name) == field]


def order_offs_of(at: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the names and places of a mapping's columns of what was taken off whole orders."""
    return [(name, place) for name, place in at.items() if field_of(name) == OF_ORDER]


def off_cells_of(at: Mapping[str, int]) -> list[int]:
    """Return the places of the cells that say what is taken off a line for its order."""
    return [place for name, place in at.items() if field_of(name) in (OF_ORDER, ORDER_TOTAL)]


_OF_PERCENT = re.compile(r"percent|pct|\brate\b")


def percentages(mapping: Mapping[str, int], columns: Sequence[str]) -> frozenset[str]:
    """Return the fields of what was taken off whose columns are called percentages ("Discount %")."""
    return frozenset(
        field
        for field, place in offs_of(mapping)
        if place < len(columns) and _OF_PERCENT.search(column_words(columns[place].replace("%", " percent ")))
    )

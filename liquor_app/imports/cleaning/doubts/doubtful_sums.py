"""Columns of sums that are left out and that nothing else explains: each is asked about. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from liquor_app.imports.cleaning.amounts import holds_cents, says_percent
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.answers.heard_columns import field_of
from liquor_app.imports.cleaning.doubts.doubt import MOST_OF_NAME, MOST_OF_VALUE, OF_SUMS, Doubt
from liquor_app.imports.cleaning.orders.discount_columns import CENTS, COUPON, DISCOUNT, OF_ORDER, ORDER_TOTAL
from liquor_app.imports.cleaning.orders.money_names import (
    BESIDE,
    FINAL,
    REFUNDED,
    beside,
    is_gross,
    number_of,
    unitless,
)
from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.cleaning.sums.adding_up import between
from liquor_app.ui.words import listed, show_money

_NO_MONEY = re.compile(
    r"\b(?:ids?|no|num|nr|number|numbers|code|codes|sku|upc|plu|ean|gtin|isbn|barcode|serial|ref|reference|lot|batch"
    r"|qty|quantity|count|counts|units?|pieces?|pcs|cases?|bottles|packs?|ordered|sold|shipped"
    r"|points?|pts|stars|rewards? (?:earned|balance)|earned|balance(?! due)|lifetime|ltv|credit limit|visits?"
    r"|age|year|vintage|proof|abv|volume|ml|size|weight|lbs?|oz|kg|zip|postal|postcode|phone|tel|fax|lat|lng|latitude"
    r"|longitude|register|terminal|till|lane|station|pos|device|drawer|cashier|employee|emp|clerk|staff|user|server"
    r"|operator|associate|salesperson|rep|store|shop|location|branch|outlet|site|warehouse|shift|week|month|day|hour"
    r"|minute|minutes|hours|days|date|time|quarter|row|line number|line no|index|seq|sequence|position|rank"
    r"|score|rating"
    r"|version|percent|percentage|pct|rate|rates|margin|markup|profit|gp|cost|costs|cogs|stock|on hand|inventory|table"
    r"|guests?|covers|party|msrp|srp|rrp|list price|regular price|retail price|original price|compare at|was price"
    r"|tendered|change|change (?:due|given|back)|cash given|exchange rate|items?|item count|priority|level|tier|pin)\b"
)
_TENDER = re.compile(
    r"(?:payment|tender|tendered|cash|cards?|credit cards?|debit cards?|debit|visa|master ?card|amex"
    r"|american express|discover|paypal|apple pay"
    r"|google pay|checks?|cheques?|gift cards?|ebt|venmo|zelle)(?: (?:amounts?|paid|payments?|tender(?:ed)?|sales))?"
)
"""How something was paid, each in a column: together they are what was."""
_MONEY = re.compile(
    r"\b(?:amounts?|amt|totals?|sums?|price|value|fees?|charges?|paid|payments?|due|net|gross|sales?|credit\w*|debit\w*"
    r"|refund\w*|adjust\w*|discount\w*|deposits?|tax(?:es)?|tips?|revenue|dispute\w*|gutschrift|importe|monto|betrag"
    r"|montant)\b"
)
_GOODS = re.compile(r"\b(?:sales|goods|net|gross|subtotal|revenue|refund\w*|return\w*|credit\w*)\b")
"""Of columns that stand beside no goods: they are goods, or what came back of them."""
_LOOKS = re.compile(r"[$€£]|[.,]\d\d\b(?!\d)")
_PARTS = (DISCOUNT, COUPON, OF_ORDER, ORDER_TOTAL, *BESIDE, REFUNDED)
MOST_ROWS, MOST_PARTS, MOST_VALUES = 300, 6, 3
NEARLY = Decimal("0.95")
"""Of the rows by which a column is explained: a slip here and there is no other sum."""


class LeftOutSums:
    """The columns of a file of purchases that hold sums, are left out, and are not what others come to.

    Args:
        at: field → position of its cell.
        rows: the cells of the first rows that count.
    """

    def __init__(
        self, columns: Sequence[str], at: Mapping[str, int], rows: Sequence[Sequence[str]], decimal: str
    ) -> None:
        self._columns, self._rows = columns, list(rows)[:MOST_ROWS]
        own = {field: place for field, place in at.items() if place < len(columns)}
        worth = RowWorth(own, decimal)
        self._price, self._order = own.get("unit_price"), own.get("order_id")
        self._worth = [worth(cells) for cells in self._rows]
        parts = [(field_of(field), place) for field, place in own.items() if field_of(field) in _PARTS]
        self._parts = [place for _, place in sorted(parts, key=lambda one: one[0] in BESIDE)][:MOST_PARTS]
        amount = own.get("amount")
        self._has_total = ORDER_TOTAL in own
        self._is_final = amount is not None and FINAL.fullmatch(column_words(columns[amount])) is not None
        # beside a sum that was paid a discount says what is off already
        said = {DISCOUNT, COUPON} if amount is not None and not is_gross(columns[amount], own) else set[str]()
        if self._has_total:  # it says what was taken off; what stands beside the goods is in no price
            said |= {*BESIDE}
        gone = [place for field, place in parts if field not in said]
        self._gone = [sum((abs(self._number(cells, at)) for at in gone), Decimal(0)) for cells in self._rows]
        self._goods = [
            worth - gone if worth >= 0 else worth + gone
            for worth, gone in zip(self._worth, self._gone, strict=True)
        ]  # fmt: skip
        amount = own.get("amount", self._price)
        self._has_cents = amount is not None and any(_LOOKS.search(cells[amount]) for cells in self._rows)

    def add_up(self, places: Sequence[int]) -> frozenset[int]:
        """Return which of columns left out are a total of the goods with what stands beside them, and what does: the
        goods are counted without. By nearly all rows."""
        if self._has_total:  # what stands beside the goods and is not in it changes nothing
            return frozenset(place for place in places if beside(self._columns[place]))
        held = {
            place: [self._number(cells, place) for cells in self._rows] for place in places if self._is_of_sums(place)
        }
        for whole, sums in held.items():
            more = {
                str(place): one for place, one in held.items()
                if place != whole and any(one) and not _GOODS.search(column_words(self._columns[place]))
            }  # fmt: skip
            for base in (self._goods, self._worth) if more else ():
                apart = [one - goods for one, goods in zip(sums, base, strict=True)]
                found = between(apart, more, {}, [one < 0 for one in base])
                if found and found[0]:
                    return frozenset({whole, *map(int, found[0])})
        return frozenset()

    def doubt(self, place: int) -> Doubt | None:
        """Return what is to be asked of a column; None of one that holds no sums, or such as others come to."""
        if not self._is_of_sums(place):
            return None
        sums = [self._number(cells, place) for cells in self._rows]
        if not any(sums) or self._is_explained(sums):
            return None
        column = self._columns[place][:MOST_OF_NAME]
        values = list(dict.fromkeys(cells[place].strip()[:MOST_OF_VALUE] for cells in self._rows))
        few = listed([one for one in values if number_of(one)][:MOST_VALUES])
        made = sum(self._goods, Decimal(0))
        if (once := self._once_an_order(place)) is not None:
            words = (
                f"“{column}” says what whole orders came to ({few}), and their rows come to something else:"
                f" {show_money(made, cents=True)} are counted, and it says {show_money(once, cents=True)}. If it is"
                " what was paid, match it to what was paid and leave out the prices; or say that it changes nothing"
            )
            return Doubt(self._columns[place], OF_SUMS, f"{words}.")
        less = made - sum(map(abs, sums))
        words = (
            f"“{column}” holds sums ({few}; {show_money(sum(sums), cents=True)} in all) and is left out. Of the first"
            f" rows {show_money(made, cents=True)} are counted; with this taken off it were"
            f" {show_money(less, cents=True)}"
        )
        if all(sums):
            words += f", with this in their place {show_money(sum(sums), cents=True)}"
        return Doubt(self._columns[place], OF_SUMS, f"{words}. Match it to what it is, or say that it changes nothing.")

    def _is_of_sums(self, place: int) -> bool:
        words = column_words(self._columns[place])
        if _NO_MONEY.search(words) or _TENDER.fullmatch(words):
            return False
        filled = [cells[place].strip() for cells in self._rows if cells[place].strip()]
        numbers = [number_of(one) for one in filled if not says_percent(one)]
        told = [one for one in numbers if one is not None]
        if not told or len(told) < NEARLY * len(filled):
            return False
        if holds_cents(self._columns[place]) or _MONEY.search(words) or any(_LOOKS.search(one) for one in filled):
            return True
        most = max(map(abs, self._worth), default=Decimal(0))
        return not self._has_cents and most / 20 <= max(map(abs, told)) <= most * 3

    def _is_explained(self, sums: Sequence[Decimal]) -> bool:
        """Tell whether a column says what other ones come to, on each row or of each order: the sum itself, a price, or
        either with what was taken off it or stands beside the goods."""
        rows = range(len(self._rows))
        parts = [[self._number(cells, at) for cells in self._rows] for at in self._parts]
        bases = [self._worth, self._goods, [Decimal(0)] * len(self._rows)]
        if self._price is not None:
            bases.append([self._number(cells, self._price) for cells in self._rows])
        for base in bases:
            for many in range(len(parts) + 1):
                for chosen in combinations(parts, many):
                    added = [sum((one[row] for one in chosen), Decimal(0)) for row in rows]
                    off = [sum((abs(one[row]) for one in chosen), Decimal(0)) for row in rows]
                    for told in ([base[row] + added[row] for row in rows], [base[row] - off[row] for row in rows]):
                        if any(told) and self._same(sums, told):
                            return True
                    if base in bases[:2] and any(off) and self._same(sums, self._at_least_nothing(sums, base, off)):
                        return True
        if self._is_final and all(whole >= left for whole, left in zip(sums, self._worth, strict=True)):
            return True
        return self._is_of_orders(sums, self._worth) or self._is_of_orders(sums, self._goods)

    @staticmethod
    def _at_least_nothing(sums: Sequence[Decimal], left: Sequence[Decimal], off: Sequence[Decimal]) -> list[Decimal]:
        """Return what sums were before a discount, of what is left of them: one of more than the sum leaves nothing."""
        return [
            one if not rest and 0 < one <= gone else rest + gone
            for one, rest, gone in zip(sums, left, off, strict=True)
        ]  # fmt: skip

    def _once_an_order(self, place: int) -> Decimal | None:
        """Return what a column comes to that says the same on each row of an order, or that each order fills on one of
        its rows alone; None of any other."""
        if self._order is None or beside(self._columns[place]):
            return None
        orders: dict[str, set[Decimal]] = {}
        for cells in self._rows:
            said = orders.setdefault(cells[self._order].strip(), set())
            if cells[place].strip():
                said.add(self._number(cells, place))
        if len(orders) == len(self._rows) or any(len(said) != 1 for said in orders.values()):
            return None
        if any(not cells[place].strip() for cells in self._rows) and {Decimal(0)} in orders.values():
            return None  # a sum of some orders: none of them came to nothing
        return sum((said.pop() for said in orders.values()), Decimal(0))

    def _same(self, sums: Sequence[Decimal], told: Sequence[Decimal]) -> bool:
        fits = [abs(abs(one) - abs(other)) <= CENTS for one, other in zip(sums, told, strict=True)]
        return sum(fits) >= NEARLY * len(fits)

    def _is_of_orders(self, sums: Sequence[Decimal], told: Sequence[Decimal]) -> bool:
        """Tell whether a column says of each order what its rows come to, on one of them or on each."""
        if self._order is None:
            return False
        orders: dict[str, list[int]] = {}
        for row, cells in enumerate(self._rows):
            orders.setdefault(cells[self._order].strip(), []).append(row)
        fits = []
        for rows in orders.values():
            said = {sums[row] for row in rows if self._rows[row]} - {Decimal(0)}
            fits.append(len(said) == 1 and abs(said.pop() - sum((told[row] for row in rows), Decimal(0))) <= CENTS)
        return bool(fits) and sum(fits) >= NEARLY * len(fits)

    def _number(self, cells: Sequence[str], place: int) -> Decimal:
        return number_of(cells[place]) or Decimal(0)


_SUBTOTAL = frozenset({"subtotal", "ordersubtotal", "itemsubtotal", "goodstotal", "itemstotal", "merchandisetotal"})


def before_or_after(
    columns: Sequence[str], at: Mapping[str, int], rows: Sequence[Sequence[str]], decimal: str
) -> Doubt | None:
    """Return what is asked of a file of subtotals and discounts without a total: whether those are off already."""
    own = {field: place for field, place in at.items() if place < len(columns)}
    amount = own.get("amount", len(columns))
    offs = [place for field, place in own.items() if field_of(field) in (DISCOUNT, COUPON)]
    if amount == len(columns) or not offs or unitless(columns[amount]) not in _SUBTOTAL or "unit_price" in own:
        return None
    off = sum((abs(number_of(cells[place]) or Decimal(0)) for cells in rows for place in offs), Decimal(0))
    if not off:
        return None
    worth = RowWorth(own, decimal)
    made = sum((worth(cells) for cells in rows), Decimal(0))
    named = listed([f"“{columns[place][:MOST_OF_NAME]}”" for place in offs])
    words = (
        f"“{columns[amount][:MOST_OF_NAME]}” may be before or after {named}, and no total tells. It is taken as what"
        f" was paid: the first rows come to {show_money(made, cents=True)}; with {named} still to be taken off they"
        f" came to {show_money(made - off, cents=True)}. If so, match {named} to “Order discount”; else say that it"
        " changes nothing."
    )
    return Doubt(columns[offs[0]], OF_SUMS, words)

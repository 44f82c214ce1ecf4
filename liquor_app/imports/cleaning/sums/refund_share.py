"""What of a sum that came back is goods: of one that holds tax, their share of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from liquor_app.core.money import money
from liquor_app.imports.cleaning.amounts import holds_cents, read_amount
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.orders.discount_columns import CENTS, is_total
from liquor_app.imports.cleaning.orders.money_names import (
    OF_AN_ORDER,
    REFUNDED,
    TOTAL,
    beside,
    given_back,
    of_goods,
    unitless,
)
from liquor_app.imports.cleaning.row_notes import BACK_WITH_TAX, MAY_HOLD_TAX

LEAST_SHARE = Decimal("0.7")
"""Of a sum with tax that is goods: where taxes come to more, the columns say something else."""


class RefundShare:
    """`RefundShare(at, how)(cells, back, goods, notes)` is what a sum given back takes off a row's goods.

    A till gives a customer the tax back with the goods. Where a row's total holds its tax and nothing was taken off it
    yet, so does the sum: half of $42.50 is half of $40.00 of goods. Where the file has a tax and no such total, nobody
    can tell, and all of the sum is taken off; a total that is less the sum already says that it is without tax.

    Args:
        at: field → position of its column; with `refunded`.
    """

    def __init__(self, at: Mapping[str, int], how: Setting) -> None:
        self._decimal = how.decimal
        names = dict(enumerate(how.columns))
        known = {place for field, place in at.items() if field in ("quantity", "unit_price", "discount", REFUNDED)}
        of = {
            place: field for place, one in names.items()
            if place not in known and not given_back(one) and (field := beside(one)) is not None
        }  # fmt: skip
        taxes = [place for place, field in of.items() if field == "tax"]
        whole = [place for place in taxes if is_total(names[place])]
        self._taxes = [] if of_goods(how.column(at[REFUNDED])) else (whole[:1] or taxes)
        self._others = [place for place, field in of.items() if field != "tax"]
        totals = {unitless(one): place for place, one in reversed(names.items()) if place not in known}
        called = (
            place for place, one in names.items()
            if OF_AN_ORDER.search(column_words(one)) and "sub" not in column_words(one) and place not in known
        )  # fmt: skip
        self._total = next((totals[one] for one in TOTAL if one in totals), next(called, None))
        self._cents = {place for place, one in names.items() if holds_cents(one)}

    def __call__(self, cells: Sequence[str], back: Decimal, goods: Decimal, notes: list[str]) -> Decimal:
        """Return as the class says.

        Args:
            back: what came back, above zero.
            goods: what the row's goods came to before; a return's own row is left as it is.
            notes: gets the note that says so.
        """
        tax = self._sum(cells, self._taxes) if self._taxes and goods > 0 else Decimal(0)
        if not tax or back == goods or back >= goods + tax:
            return back
        whole = Decimal(0) if self._total is None else self._sum(cells, [self._total])
        if whole and whole < goods + tax - CENTS:
            return back
        of_all = max(goods, whole - tax - self._sum(cells, self._others))  # a line's order may be more than the line
        share = of_all / (of_all + tax)
        is_told = bool(whole) and share >= LEAST_SHARE
        notes.append(BACK_WITH_TAX if is_told else MAY_HOLD_TAX)
        return money(back * share) if is_told else back

    def _sum(self, cells: Sequence[str], places: Sequence[int]) -> Decimal:
        found = ((place, read_amount(cells[place].strip(), self._decimal)) for place in places if cells[place].strip())
        return sum((abs(one.value) / (100 if at in self._cents else 1) for at, one in found if one), Decimal(0))

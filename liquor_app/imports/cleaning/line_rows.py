"""From the cells of a row to a basket's line, or a reason why not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import NamedTuple, TypeVar

from liquor_app.core.money import money
from liquor_app.customers.labels.product_labels import NO_CATEGORY
from liquor_app.imports.cleaning.amounts import head_currency, holds_cents, says_percent
from liquor_app.imports.cleaning.answers.answer_cells import clean_flag
from liquor_app.imports.cleaning.answers.heard_columns import field_of, places_of
from liquor_app.imports.cleaning.cells import MOST_REMEMBERED, REMEMBERED, Rejected, clean_word
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.line_words import WORDS, Words, words_of
from liquor_app.imports.cleaning.moment_cells import When
from liquor_app.imports.cleaning.number_cells import (
    MAX_NUMBER,
    bare_count,
    bare_price,
    check_head,
    clean_cents,
    clean_currency,
    clean_signed,
    is_own,
)
from liquor_app.imports.cleaning.orders.discount_columns import (
    COUPON,
    DISCOUNT,
    OF_ORDER,
    ORDER_TOTAL,
    is_of_one,
    is_total,
    off_cells_of,
    offs_of,
)
from liquor_app.imports.cleaning.orders.money_names import BESIDE, REFUNDED, TAX_RATE, is_gross
from liquor_app.imports.cleaning.orders.row_worth import by_many
from liquor_app.imports.cleaning.orders.taken_off import NONE_OFF, TakenOff, share_of, worth_before
from liquor_app.imports.cleaning.person_cells import clean_order_id
from liquor_app.imports.cleaning.receipts.buyer_cells import NOBODY_NAMED, OF_NOBODY, Buyer, Buyers, cells_at
from liquor_app.imports.cleaning.row_notes import PERCENT, left_out
from liquor_app.imports.cleaning.sums.refund_share import RefundShare
from liquor_app.ui.words import figure

T = TypeVar("T")
_SUMS = frozenset({"amount", "unit_price", DISCOUNT, COUPON, OF_ORDER, ORDER_TOTAL, *BESIDE, REFUNDED})
NOTHING, ONE = Decimal(0), Decimal(1)
CAME_BACK = "came_back"
"""The field a tool's profile makes that says what of a line was given back."""


class Line(NamedTuple):
    """A line of a basket, understood. `order_id` is None where the file numbers no orders. Of what was given back of a
    numbered order the row need not say who bought it: `names_nobody`."""

    number: int
    order_id: str | None
    email_key: str | None
    external_id: str | None
    phone: str | None
    when: When
    store: str | None
    register: str | None
    coupon_code: str | None
    product: str | None
    sku: str | None
    category: str
    brand: str | None
    quantity: Decimal
    amount: Decimal
    discount: Decimal
    coupon_discount: Decimal
    is_alcohol: bool
    notes: tuple[str, ...] = ()
    """What was left out of it, or worked out, by `NOTES`."""
    voids: bool = False
    """Whether it takes a sale back: without one it is none."""
    back: Decimal = NOTHING
    """What of it was given back: `amount` is less by that."""

    @property
    def names_nobody(self) -> bool:
        """Whether it belongs to whoever bought its order."""
        return not (self.email_key or self.external_id or self.phone)


MOST_WORTHS = 4 * REMEMBERED


def _no_amount() -> Rejected:
    return Rejected("no_amount", "amount", "The row does not say what was paid.")


class LineReader:
    """Lines of purchases, understood: `LineReader(at, how)(number, cells)`. A line of a return is one of less than
    nothing; what is taken off has no sign. A cell that cannot be read costs the line only where it says who bought,
    when, or what was paid.

    What can be told of all rows is worked out once a file: which columns there are, and what reads them.

    Args:
        at: field → position of its cell.
    """

    def __init__(self, at: dict[str, int], how: Setting) -> None:
        self._how = how = how.for_times_of(how.column(at["occurred_at"])) if "occurred_at" in at else how
        self._buyer = Buyers(at)
        self._currency, self._order = at.get("currency"), at.get("order_id")
        self._day, self._clock = at.get("occurred_at"), at.get("time_of_day")
        self._quantity, self._amount, self._price = at.get("quantity"), at.get("amount"), at.get("unit_price")
        self._alcohol = at.get("is_alcohol")
        heads = (how.column(place) for place in (self._amount, self._price) if place is not None)
        self._head = next((one for one in heads if not is_own(head_currency(one), how.currency)), "")
        self._offs, self._order_offs = offs_of(at), off_cells_of(at)
        self._of_one = {name for name, place in self._offs if is_of_one(how.column(place))}
        # a coupon stands beside other discounts, but in a sum of all that was taken off
        self._is_apart = DISCOUNT in at and not is_total(how.column(at[DISCOUNT]))
        self._beside = places_of(at, BESIDE) if "amount" in at else []
        self._rate = at.get(TAX_RATE)
        self._refunded, self._backs = at.get(REFUNDED), [place for _, place in places_of(at, (REFUNDED,))]
        self._came_back = at.get(CAME_BACK)
        self._share = RefundShare(at, how) if REFUNDED in at else None
        self._is_gross = self._amount is not None and is_gross(how.column(self._amount), at)
        self._words = words_of(at, how)
        self._tell_words = cells_at([place for _, _, place, _ in self._words])
        self._read_words: dict[str | tuple[str, ...], Words] = {}
        self._cents = [
            place for name, place in at.items() if field_of(name) in _SUMS and holds_cents(how.column(place))
        ]
        beside = (self._offs, self._order_offs, self._beside, self._cents, self._head)
        others = (self._currency, self._rate, self._refunded, self._came_back)
        self._is_plain = self._amount is not None and not any(beside) and all(one is None for one in others)
        """Whether an amount is what was paid, and nothing in its row changes it: so it is in most files."""
        self._whens: dict[str, When] = {}
        self._worths: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
        """Of such a file: cells of quantity and amount → both, where nothing was left out."""

    def __call__(self, number: int, cells: list[str]) -> Line:
        """Return a row as a line.

        Raises:
            Rejected: the customer, the time or the amount is missing, or cannot be understood.
        """
        try:
            buyer = self._buyer(cells)
        except Rejected as why:
            if why.code not in OF_NOBODY or self._order is None or not cells[self._order]:
                raise
            return self._given_back(number, cells, why)
        return self._line(number, cells, buyer)

    def _given_back(self, number: int, cells: list[str], nobody: Rejected) -> Line:
        """Return a row that names nobody as what was given back of its order; a till asks a customer's name once."""
        try:
            line = self._line(number, cells, NOBODY_NAMED)
        except Rejected:
            raise nobody from None
        if line.amount >= 0 or not line.order_id:
            raise nobody
        return line

    def _line(self, number: int, cells: list[str], buyer: Buyer) -> Line:
        if self._is_plain:
            return self._plain_line(number, cells, buyer)
        how, notes = self._how, list[str]()
        if self._cents:
            cells = list(cells)
            for place in self._cents:
                cells[place] = clean_cents(cells[place], how.column(place), how.decimal)
        email_key, external_id, phone = buyer
        if self._head:
            check_head(self._head, how.currency)
        if self._currency is not None:
            clean_currency(cells[self._currency], how.currency)
        when = self._when(cells, notes)
        quantity = None if self._quantity is None else self._many(cells[self._quantity], notes)
        amount = (
            None if self._amount is None else clean_signed(cells[self._amount], "amount", how.decimal, how.currency)
        )
        if self._beside and amount is not None:
            amount = self._goods(cells, amount, notes)
        discount = coupon = NOTHING
        if self._offs or self._amount is None:
            amount, discount, coupon = self._sums(cells, amount, quantity, notes)
        if amount is None:
            raise _no_amount()
        if self._order_offs and amount > 0:
            off = min(
                sum((abs(self._sum(OF_ORDER, cells[place], notes)) for place in self._order_offs), NOTHING), amount
            )
            amount, discount = amount - off, discount + off
        if quantity is not None and quantity < 0 < amount:
            amount = -amount  # a return that tells its worth without a sign
        if self._rate is not None and (share := share_of(cells[self._rate], how.decimal)):
            amount = money(amount / (1 + share))
        came_back = NOTHING if self._came_back is None else self._sum("amount", cells[self._came_back], [])
        if self._refunded is not None and amount >= 0:
            back = sum((abs(self._sum(REFUNDED, cells[place], notes)) for place in self._backs), NOTHING)
            if back and self._share is not None and not self._is_gross:
                back = self._share(cells, back, amount, notes)
            # of what was paid with tax and shipping no more comes back than it was; a row of nothing sold is a return
            came_back = back if self._is_gross or not amount else min(back, amount)
            amount -= came_back
        elif amount < 0 and not came_back:
            came_back = -amount
        if abs(amount) > MAX_NUMBER:
            raise Rejected("bad_amount", "amount", f"amount is larger than {figure(MAX_NUMBER)}.")
        alcohol = None if self._alcohol is None else self._kept("is_alcohol", _is_alcohol, cells[self._alcohol], notes)
        store, register, coupon_code, product, sku, category, brand = self._labels(cells, notes)
        return Line(
            number, None if self._order is None else clean_order_id(cells[self._order]), email_key, external_id, phone,
            when, store, register, coupon_code, product, sku, category or NO_CATEGORY, brand,
            ONE if quantity is None else quantity, amount, discount, coupon, alcohol is not False,
            tuple(dict.fromkeys(notes)) if notes else (), back=came_back,
        )  # fmt: skip

    def _plain_line(self, number: int, cells: list[str], buyer: Buyer) -> Line:
        """As `_line`, where an amount is what was paid (`_is_plain`)."""
        notes = list[str]()
        email_key, external_id, phone = buyer
        when = self._plain_when(cells, notes)
        quantity, amount = self._plain_worth(cells, notes)
        alcohol = None if self._alcohol is None else self._kept("is_alcohol", _is_alcohol, cells[self._alcohol], notes)
        store, register, coupon_code, product, sku, category, brand = self._labels(cells, notes)
        return Line(
            number, None if self._order is None else clean_order_id(cells[self._order]), email_key, external_id, phone,
            when, store, register, coupon_code, product, sku, category or NO_CATEGORY, brand, quantity, amount,
            NOTHING, NOTHING, alcohol is not False, tuple(dict.fromkeys(notes)) if notes else (),
            back=-amount if amount < 0 else NOTHING,
        )  # fmt: skip

    def _plain_when(self, cells: list[str], notes: list[str]) -> When:
        if self._day is None or self._clock is not None:
            return self._when(cells, notes)
        cell = cells[self._day]
        if (found := self._whens.get(cell)) is None:
            if len(self._whens) > REMEMBERED:
                self._whens.clear()
            found = self._whens[cell] = self._when(cells, notes)
        return found

    def _plain_worth(self, cells: list[str], notes: list[str]) -> tuple[Decimal, Decimal]:
        many = "" if self._quantity is None else cells[self._quantity]
        paid = "" if self._amount is None else cells[self._amount]
        if (found := self._worths.get((many, paid))) is not None:
            return found
        noted = len(notes)
        quantity = None if self._quantity is None else self._many(many, notes)
        amount = clean_signed(paid, "amount", self._how.decimal, self._how.currency)
        if amount is None:
            raise _no_amount()
        if quantity is not None and quantity < 0 < amount:
            amount = -amount  # a return that tells its worth without a sign
        found = (ONE if quantity is None else quantity, amount)
        if len(notes) == noted and len(many) + len(paid) <= MOST_REMEMBERED:
            if len(self._worths) > MOST_WORTHS:
                self._worths.clear()
            self._worths[many, paid] = found
        return found

    def _labels(self, cells: list[str], notes: list[str]) -> Words:
        """Return what a line says in words, in the order of `WORDS`. A shop sells the same things again and again, so
        the last few thousand are remembered, but for those that something was left out of."""
        told = self._tell_words(cells)
        if (found := self._read_words.get(told)) is not None:
            return found
        words: list[str | None] = [None] * len(WORDS)
        noted = len(notes)
        for nth, name, place, clean in self._words:
            words[nth] = self._kept(name, clean, cells[place], notes)
        if len(self._read_words) > REMEMBERED:
            self._read_words.clear()
        made = tuple(words)
        if len(notes) == noted and sum(map(len, told)) <= MOST_REMEMBERED:
            self._read_words[told] = made
        return made

    def _when(self, cells: list[str], notes: list[str]) -> When:
        day = "" if self._day is None else cells[self._day]
        try:
            when = self._how.moment(day, "" if self._clock is None else cells[self._clock])
        except Rejected as why:
            if why.field != "time_of_day":
                raise
            notes.append(left_out("time_of_day"))
            when = self._how.moment(day, "")
        if when is None:
            raise Rejected("no_time", "occurred_at", "The row does not say when it was bought.")
        return when

    def _many(self, cell: str, notes: list[str]) -> Decimal | None:
        """Return how many; one that cannot be read costs the line only where its sum is worked out from it."""
        try:
            return clean_signed(bare_count(cell), "quantity", self._how.decimal, self._how.currency)
        except Rejected:
            if self._amount is None:
                raise
            notes.append(left_out("quantity"))
            return None

    def _kept(self, field: str, clean: Callable[[str], T | None], cell: str, notes: list[str]) -> T | None:
        if not cell:
            return None
        try:
            return clean(cell)
        except Rejected:
            notes.append(left_out(field))
            return None

    def _goods(self, cells: list[str], amount: Decimal, notes: list[str]) -> Decimal:
        """Return an amount without what stands beside the goods in it: that of a return is below zero, as its total."""
        for field, place in self._beside:
            value = self._sum(field, cells[place], notes)
            amount -= -abs(value) if amount < 0 else value
        return amount

    def _sum(self, field: str, cell: str, notes: list[str]) -> Decimal:
        clean = partial(clean_signed, field=field, decimal=self._how.decimal, currency=self._how.currency)
        return self._kept(field, clean, cell, notes) or NOTHING

    def _sums(
        self, cells: list[str], amount: Decimal | None, quantity: Decimal | None, notes: list[str]
    ) -> tuple[Decimal | None, Decimal, Decimal]:
        """Return what was paid, what was taken off it, and how much of that by a coupon."""
        offs = {field: self._off(field, cells[place], notes) for field, place in self._offs}
        worth: Decimal | None = None
        # where lines have amounts of their own, one without it is not worked out from a price: that may be an order's
        is_worked_out = self._amount is None
        if is_worked_out or any(off.share is not None for off in offs.values()):
            worth = self._worth(cells, quantity, needed=is_worked_out)
        taken: dict[str, Decimal] = {}
        for field, off in offs.items():
            gross = NOTHING if off.share is None else self._gross(amount or NOTHING, worth, off.share)
            if not gross and off.share:
                notes.remove(PERCENT)
                notes.append(left_out(field_of(field)))
            taken[field] = off.of(gross or NOTHING) * (abs(quantity or ONE) if field in self._of_one else ONE)
        coupon = taken.pop(COUPON, NOTHING)
        others = sum(taken.values(), NOTHING)
        if not is_worked_out:
            worth = amount if self._is_gross else None
        # a coupon takes off at least what it says; whether other discounts hold it matters where they make the sum
        discount = others + coupon if worth is not None and self._is_apart else max(others, coupon)
        if worth is not None:  # before what was taken off it
            amount = max(worth - discount, NOTHING) if worth >= 0 else min(worth + discount, NOTHING)
        return amount, discount, coupon

    def _gross(self, amount: Decimal, worth: Decimal | None, share: Decimal) -> Decimal | None:
        return abs(amount) if self._is_gross else worth_before(amount, worth, share)

    def _off(self, field: str, written: str, notes: list[str]) -> TakenOff:
        """Return what a cell of discounts says, without its sign; nothing, and noted, where that cannot be told."""
        if not written:
            return NONE_OFF
        how = self._how
        name, field = field, field_of(field)
        if name in how.shares or says_percent(written):
            if self._kept(field, partial(clean_word, field=field), written, notes) is None:
                return NONE_OFF
            if share := share_of(written, how.decimal):
                notes.append(PERCENT)
                return TakenOff(share=share)
            notes += [left_out(field)] if share is None else []
            return NONE_OFF
        clean = partial(clean_signed, field=field, decimal=how.decimal, currency=how.currency)
        found = self._kept(field, clean, written, notes)
        return TakenOff(abs(found)) if found else NONE_OFF

    def _worth(self, cells: list[str], quantity: Decimal | None, *, needed: bool) -> Decimal | None:
        """Return a line's price times how many; None where it has no price.

        Raises:
            Rejected: it cannot be read, and nothing else says what was paid.
        """
        if self._price is None:
            return None
        try:
            price = clean_signed(bare_price(cells[self._price]), "unit_price", self._how.decimal, self._how.currency)
        except Rejected:
            if needed:
                raise
            return None
        return None if price is None else money(by_many(price, quantity))


def _is_alcohol(cell: str) -> bool | None:
    return clean_flag(cell, "is_alcohol")

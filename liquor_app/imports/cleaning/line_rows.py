"""From the cells of a row to a basket's line, or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from typing import TypeVar

from liquor_app.core.money import money
from liquor_app.customers.labels.product_labels import NO_CATEGORY
from liquor_app.imports.cleaning.amounts import read_share, says_percent
from liquor_app.imports.cleaning.answers.answer_cells import clean_flag
from liquor_app.imports.cleaning.cell_kinds import written_as_phone
from liquor_app.imports.cleaning.cells import REMEMBERED, Rejected, clean_label, clean_word
from liquor_app.imports.cleaning.moment_cells import When
from liquor_app.imports.cleaning.number_cells import MAX_NUMBER, clean_currency, clean_number, clean_signed
from liquor_app.imports.cleaning.person_cells import clean_code, clean_email, clean_id, clean_order_id, clean_phone
from liquor_app.imports.cleaning.row_notes import PERCENT, left_out
from liquor_app.imports.cleaning.rows import Setting
from liquor_app.ui.words import figure

T = TypeVar("T")
_buyer_email = lru_cache(maxsize=16 * REMEMBERED)(clean_email)
_buyer_id = lru_cache(maxsize=16 * REMEMBERED)(partial(clean_id, field="external_id"))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a basket, understood. `order_id` is None where the file numbers no orders."""

    number: int
    order_id: str | None
    email_key: str | None
    external_id: str | None
    phone: str | None
    when: When
    store: str | None
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


def _buyer(cell: Callable[[str], str]) -> tuple[str | None, str | None, str | None]:
    """Return who bought: e-mail key, external id, phone. One that cannot be read is left out where another can.

    Raises:
        Rejected: none can.
    """
    refused: Rejected | None = None

    def read(clean: Callable[[], str | None]) -> str | None:
        nonlocal refused
        try:
            return clean()
        except Rejected as why:
            refused = refused or why.bare()
            return None

    called: str | None = None
    email_key = read(lambda: _buyer_email(cell("email"))[1])
    external_id = read(lambda: _buyer_id(cell("external_id")))
    if key := cell("customer"):
        if "@" in key:
            email_key = email_key or read(lambda: _buyer_email(key)[1])
        elif written_as_phone(key):
            called = read(lambda: clean_phone(key, "US"))
        else:
            external_id = external_id or read(lambda: _buyer_id(key))
    phone = read(lambda: clean_phone(cell("phone"), "US")) or called
    if not (email_key or external_id or phone):
        raise refused or Rejected("no_customer", "customer", "The row does not say who bought.")
    return email_key, external_id, phone


_UNIT = re.compile(
    r"(?<=\d) ?(?:x|ea|each|pcs?|pieces?|units?|btls?|bottles?|cs|cases?|cans?|pks?|packs?|ct|lbs?|oz|kg|ml|l)\.?$"
    r"|^x ?(?=\d)",
    re.IGNORECASE,
)
"""What tills write beside how many: `2 ea`, `x2`."""


def _many(cell: str) -> str:
    return cell if cell.isdigit() else _UNIT.sub("", cell)


def _sku(cell: str) -> str | None:
    code = clean_code(cell, "sku")
    return code if code and code.strip("0") else None


_WORDS: dict[str, Callable[[str], str | None]] = {
    "store": partial(clean_label, field="store"),
    "coupon_code": partial(clean_word, field="coupon_code"),
    "product": partial(clean_label, field="product"),
    "category": partial(clean_label, field="category"),
    "brand": partial(clean_label, field="brand"),
}


def _words(cell: Callable[[str], str], notes: list[str]) -> list[str | None]:
    """Return a line's words in the order of `_WORDS`; one that cannot be read is left blank."""
    try:
        return [clean(cell(field)) for field, clean in _WORDS.items()]
    except Rejected:
        return [_kept(field, clean, cell, notes) for field, clean in _WORDS.items()]


def _kept(field: str, clean: Callable[[str], T | None], cell: Callable[[str], str], notes: list[str]) -> T | None:
    try:
        return clean(cell(field))
    except Rejected:
        notes.append(left_out(field))
        return None


@dataclass(frozen=True, slots=True)
class _Off:
    """What a cell takes off: a sum, or a share of the line."""

    money: Decimal = Decimal(0)
    share: Decimal | None = None

    def of(self, gross: Decimal) -> Decimal:
        return money(gross * self.share) if self.share is not None else self.money


_NOTHING = _Off()


def _off(field: str, cell: Callable[[str], str], how: Setting, notes: list[str]) -> _Off:
    """Return what a cell of discounts says, without its sign; nothing, and noted, where that cannot be told."""
    if not (written := cell(field)):
        return _NOTHING
    if field in how.shares or says_percent(written):
        if _kept(field, partial(clean_word, field=field), cell, notes) is None:
            return _NOTHING
        if share := _share(written, how):
            notes.append(PERCENT)
            return _Off(share=share)
        notes += [left_out(field)] if share is None else []
        return _NOTHING
    found = _kept(field, partial(clean_signed, field=field, decimal=how.decimal, currency=how.currency), cell, notes)
    return _Off(abs(found)) if found else _NOTHING


def _share(written: str, how: Setting) -> Decimal | None:
    """Return the share a percentage says. A spreadsheet writes 10 % as 0.1; what a 1 alone says nobody knows."""
    share = read_share(written, how.decimal)
    if share is None or says_percent(written) or share > Decimal("0.01"):
        return share
    return share * 100 if share < Decimal("0.01") else None


def _before(amount: Decimal, worth: Decimal | None, share: Decimal) -> Decimal | None:
    """Return what a line cost before a share was taken off: by its price, else by what was paid; None where neither
    tells."""
    if worth:
        return abs(worth)
    return abs(amount) / (1 - share) if share < 1 else None


def clean_line(number: int, cells: list[str], at: dict[str, int], how: Setting) -> Line:
    """Return a line of a purchase, or of a return: one of less than nothing. What is taken off has no sign. A cell that
    cannot be read costs the line only where it says who bought, when, or what was paid.

    Raises:
        Rejected: the customer, the time or the amount is missing, or cannot be understood.
    """

    def cell(field: str) -> str:
        position = at.get(field)
        return "" if position is None else cells[position]

    notes: list[str] = []
    email_key, external_id, phone = _buyer(cell)
    clean_currency(cell("currency"), how.currency)
    when = _when(cell, how, notes)
    quantity = _quantity(cell, at, how, notes)
    amount = clean_signed(cell("amount"), "amount", how.decimal, how.currency)
    by_coupon, by_discount = _off("coupon_discount", cell, how, notes), _off("discount", cell, how, notes)
    worth: Decimal | None = None
    # where lines have amounts of their own, one without it is not worked out from a price: that may be an order's
    is_worked_out = amount is None and "amount" not in at
    if is_worked_out or by_coupon.share is not None or by_discount.share is not None:
        worth = _worth(cell, quantity, how, needed=is_worked_out)
    taken = []
    for field, off in (("coupon_discount", by_coupon), ("discount", by_discount)):
        gross = Decimal(0) if off.share is None else _before(amount or Decimal(0), worth, off.share)
        if not gross and off.share:
            notes.remove(PERCENT)
            notes.append(left_out(field))
        taken.append(off.of(gross or Decimal(0)))
    coupon = taken[0]
    # a coupon takes off at least what it says, also where the file keeps it apart from other discounts
    discount = max(taken)
    if is_worked_out and worth is not None:  # before what was taken off it
        amount = max(worth - discount, Decimal(0)) if worth >= 0 else min(worth + discount, Decimal(0))
    if amount is not None and quantity is not None and quantity < 0 < amount:
        amount = -amount  # a return that tells its worth without a sign
    if amount is not None and abs(amount) > MAX_NUMBER:
        raise Rejected("bad_amount", "amount", f"amount is larger than {figure(MAX_NUMBER)}.")
    if amount is None:
        raise Rejected("no_amount", "amount", "The row does not say what was paid.")
    try:
        alcohol = clean_flag(cell("is_alcohol"), "is_alcohol")
    except Rejected:
        notes.append(left_out("is_alcohol"))
        alcohol = None
    store, coupon_code, product, category, brand = _words(cell, notes)
    return Line(
        number,
        clean_order_id(cell("order_id")),
        email_key,
        external_id,
        phone,
        when,
        store,
        coupon_code,
        product,
        _kept("sku", _sku, cell, notes),  # it says what was sold, and not for what
        category or NO_CATEGORY,
        brand,
        Decimal(1) if quantity is None else quantity,
        amount,
        discount,
        coupon,
        alcohol is not False,
        tuple(dict.fromkeys(notes)),
    )


def _when(cell: Callable[[str], str], how: Setting, notes: list[str]) -> When:
    try:
        when = how.moment(cell("occurred_at"), cell("time_of_day"))
    except Rejected as why:
        if why.field != "time_of_day":
            raise
        notes.append(left_out("time_of_day"))
        when = how.moment(cell("occurred_at"), "")
    if when is None:
        raise Rejected("no_time", "occurred_at", "The row does not say when it was bought.")
    return when


def _quantity(cell: Callable[[str], str], at: dict[str, int], how: Setting, notes: list[str]) -> Decimal | None:
    """Return how many; one that cannot be read costs the line only where its sum is worked out from it."""
    try:
        return clean_signed(_many(cell("quantity")), "quantity", how.decimal, how.currency)
    except Rejected:
        if "amount" not in at:
            raise
        notes.append(left_out("quantity"))
        return None


def _worth(cell: Callable[[str], str], quantity: Decimal | None, how: Setting, *, needed: bool) -> Decimal | None:
    """Return a line's price times how many; None where it has no price.

    Raises:
        Rejected: it cannot be read, and nothing else says what was paid.
    """
    try:
        price = clean_number(cell("unit_price"), "unit_price", how.decimal, how.currency)
    except Rejected:
        if needed:
            raise
        return None
    return None if price is None else money(price * (1 if quantity is None else quantity))

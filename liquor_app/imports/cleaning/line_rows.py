"""From the cells of a row to a basket's line, or a reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial

from liquor_app.core.money import money
from liquor_app.customers.labels.product_labels import NO_CATEGORY
from liquor_app.imports.cleaning.answers.answer_cells import clean_flag
from liquor_app.imports.cleaning.cell_kinds import written_as_phone
from liquor_app.imports.cleaning.cells import REMEMBERED, Rejected, clean_label, clean_word
from liquor_app.imports.cleaning.moment_cells import When
from liquor_app.imports.cleaning.number_cells import MAX_NUMBER, clean_currency, clean_number, clean_signed
from liquor_app.imports.cleaning.person_cells import clean_email, clean_id, clean_order_id, clean_phone
from liquor_app.imports.cleaning.rows import Setting
from liquor_app.ui.words import figure

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
    """Return a SKU; one that cannot be read is left out: it says what was sold, and not for what."""
    try:
        return clean_id(cell, "sku")
    except Rejected:
        return None


def clean_line(number: int, cells: list[str], at: dict[str, int], how: Setting) -> Line:
    """Return a line of a purchase, or of a return: one of less than nothing. What is taken off has no sign.

    Raises:
        Rejected: a cell cannot be understood, or the customer, the time or the amount is missing.
    """

    def cell(field: str) -> str:
        position = at.get(field)
        return "" if position is None else cells[position]

    email_key, external_id, phone = _buyer(cell)
    clean_currency(cell("currency"), how.currency)
    when = how.moment(cell("occurred_at"), cell("time_of_day"))
    if when is None:
        raise Rejected("no_time", "occurred_at", "The row does not say when it was bought.")
    quantity = clean_signed(_many(cell("quantity")), "quantity", how.decimal, how.currency)
    amount = clean_signed(cell("amount"), "amount", how.decimal, how.currency)
    by_coupon = abs(clean_signed(cell("coupon_discount"), "coupon_discount", how.decimal, how.currency) or Decimal(0))
    # a coupon takes off at least what it says, also where the file keeps it apart from other discounts
    discount = max(abs(clean_signed(cell("discount"), "discount", how.decimal, how.currency) or Decimal(0)), by_coupon)
    # where lines have amounts of their own, one without it is not worked out from a price: that may be an order's
    if (
        amount is None
        and "amount" not in at
        and (price := clean_number(cell("unit_price"), "unit_price", how.decimal, how.currency)) is not None
    ):
        worth = money(price * (1 if quantity is None else quantity))  # before what was taken off it
        amount = max(worth - discount, Decimal(0)) if worth >= 0 else min(worth + discount, Decimal(0))
    if amount is not None and quantity is not None and quantity < 0 < amount:
        amount = -amount  # a return that tells its worth without a sign
    if amount is not None and abs(amount) > MAX_NUMBER:
        raise Rejected("bad_amount", "amount", f"amount is larger than {figure(MAX_NUMBER)}.")
    if amount is None:
        raise Rejected("no_amount", "amount", "The row does not say what was paid.")
    alcohol = clean_flag(cell("is_alcohol"), "is_alcohol")
    return Line(
        number,
        clean_order_id(cell("order_id")),
        email_key,
        external_id,
        phone,
        when,
        clean_label(cell("store"), "store"),
        clean_word(cell("coupon_code"), "coupon_code"),
        clean_label(cell("product"), "product"),
        _sku(cell("sku")),
        clean_label(cell("category"), "category") or NO_CATEGORY,
        clean_label(cell("brand"), "brand"),
        Decimal(1) if quantity is None else quantity,
        amount,
        discount,
        by_coupon,
        alcohol is not False,
    )

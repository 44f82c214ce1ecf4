"""A field of a person, an order or a product as a page shows it: stored text through the one formatter. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from liquor_app.customers.addresses import show_phone
from liquor_app.customers.purchase_history import PurchaseFields
from liquor_app.ui.words import NONE, figure, show_full_day, show_moment, show_money

_MONEY = frozenset({"total", "discount", "price", "sale_price", "cost"})
_FIGURES = frozenset({"lines", "stock", "max_contacts_30_days"})
_MOMENT = re.compile(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def place_words(row: PurchaseFields) -> str:
    """Return where something was bought, with the register where that is told apart: "Main / 2"."""
    named = dict.fromkeys(filter(None, (row.store, row.register)))  # a register may stand for the store
    return " / ".join(named) or NONE


def shown_value(field: str, value: str, at: datetime) -> str:
    """Return a stored value in words: "$24.99", "Wed 25 Nov, 17:30 EST", "24 Nov 2026", "+1 617-555-0124".

    Args:
        at: now, by the shop's clock.
    """
    try:
        if field in _MONEY:
            return show_money(Decimal(value), cents=True)
        if field in _FIGURES:
            number = Decimal(value)
            return figure(number, 0 if number == number.to_integral_value() else 2)
        if _MOMENT.match(value):
            return show_moment(datetime.fromisoformat(value), at)
        if _DAY.match(value):
            return show_full_day(date.fromisoformat(value))
    except (InvalidOperation, ValueError):
        return value
    return show_phone(value) if field == "phone" and value else value

"""Money is Decimal, two places, rounded half up."""

from __future__ import annotations

from contextvars import ContextVar
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from liquor_app.core.errors import Invalid

CENT = Decimal("0.01")
MAX_MONEY = Decimal("99999999.99")


def money(value: Decimal | int | str | float) -> Decimal:
    """`value` as money. A float goes through its shortest decimal text, never through its binary value."""
    return Decimal(str(value)).quantize(CENT, rounding=ROUND_HALF_UP)


def parse_money(value: object, field: str) -> Decimal:
    """Return money from what a client sent: a decimal string or number, not negative.

    Raises:
        Invalid: not a number, negative, or out of range.
    """
    try:
        amount = money(str(value).strip().removeprefix("$"))
    except (InvalidOperation, ValueError) as error:
        raise Invalid(f"{field} must be an amount such as 12.50", field=field) from error
    if not amount.is_finite() or amount < 0 or amount > MAX_MONEY:
        raise Invalid(f"{field} must lie between 0 and {MAX_MONEY}", field=field)
    return amount


DEFAULT_CURRENCY = "USD"
"""What a shop that never said tells money in (ISO 4217)."""
_currency: ContextVar[str] = ContextVar("shop_currency", default=DEFAULT_CURRENCY)


def use_currency(code: str) -> None:
    """Tell money in the shop's currency (ISO 4217), in this task and those it starts: called where an event, a request
    or a job comes in."""
    _currency.set(code)


def shop_currency() -> str:
    """Return the currency that this task tells money in."""
    return _currency.get()

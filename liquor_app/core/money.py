"""Money is Decimal, two places, rounded half up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from liquor_app.core.errors import Invalid

CENT = Decimal("0.01")
MAX_MONEY = Decimal("99999999.99")


def money(value: Decimal | int | str | float) -> Decimal:
    """`value` as money. A float goes through its shortest decimal text, never through its binary value."""
    return Decimal(str(value)).quantize(CENT, rounding=ROUND_HALF_UP)


def parse_money(value: object, field: str) -> Decimal:
    """Money from what a client sent: a decimal string or number, not negative.

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


def show_money(value: Decimal | float | int | None, *, cents: bool | None = None) -> str:
    """`$1,234.50`; whole dollars from $1,000 on unless `cents` says otherwise; a true minus; a dash for none."""
    if value is None:
        return "–"
    amount = money(value)
    with_cents = abs(amount) < 1000 if cents is None else cents
    body = f"{abs(amount):,.2f}" if with_cents else f"{abs(amount):,.0f}"
    return f"{'−' if amount < 0 else ''}${body}"

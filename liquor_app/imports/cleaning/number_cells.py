"""Cells that hold numbers and money, in the shop's currency. Pure."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from liquor_app.core.money import money
from liquor_app.imports.cleaning.amounts import head_currency, of_cents, read_amount
from liquor_app.imports.cleaning.cells import REMEMBERED, Rejected, clean_word
from liquor_app.ui.words import figure

MAX_NUMBER = Decimal(1_000_000)
"""No bottle costs more, and a basket's sum stays within its column."""
_ONE = r"ea|each|pcs?|pieces?|units?|btls?|bottles?"
_UNIT = re.compile(
    rf"(?<=\d) ?(?:x|{_ONE}|cs|cases?|cans?|pks?|packs?|ct|lbs?|oz|kg|ml|l)\.?$|^x ?(?=\d)", re.IGNORECASE
)
"""What tills write beside how many: `2 ea`, `x2`."""
_EACH = re.compile(rf"(?<=\d) ?(?:/|per)? ?(?:{_ONE})\.?$", re.IGNORECASE)
"""… and beside the price of one: `20.00 ea`, `19.99/btl`. That of a case is another price."""


def bare_count(cell: str) -> str:
    """Return how many a cell says without its unit."""
    return cell if cell.isdigit() else _UNIT.sub("", cell)


def bare_price(cell: str) -> str:
    """Return a price without the word for one."""
    return cell if cell[-1:].isdigit() else _EACH.sub("", cell)


@lru_cache(maxsize=REMEMBERED)
def clean_cents(cell: str, column: str, decimal: str = ".") -> str:
    """Return a cell of a column of cents as one of the whole currency.

    Raises:
        Rejected: it has cents of its own, so nobody knows which of the two it holds.
    """
    if (whole := of_cents(cell, decimal)) is None:
        said = f"holds cents by its name, and {cell.strip()[:40]!r} is no number of them."
        raise Rejected("bad_cents", "", f"“{column[:60]}” {said}")
    return whole


@lru_cache(maxsize=REMEMBERED)
def clean_number(cell: str, field: str, decimal: str = ".", currency: str = "USD") -> Decimal | None:
    """Return a number that is not negative, as `amounts.read_amount` reads it; money of another currency is none.

    Args:
        decimal: the file's decimal mark.
        currency: ISO 4217, the shop's.
    """
    value = clean_signed(cell, field, decimal, currency)
    if value is not None and value < 0:
        raise Rejected(f"negative_{field}", field, f"{field} is negative; returns are not imported.")
    return value


@lru_cache(maxsize=REMEMBERED)
def clean_signed(cell: str, field: str, decimal: str = ".", currency: str = "USD") -> Decimal | None:
    """Return a number of either sign.

    Raises:
        Rejected: no number, too large, or money of another currency: it is never added as the shop's own.
    """
    text = clean_word(cell, field)
    if text is None:
        return None
    found = read_amount(text, decimal)
    if found is None:
        raise Rejected(f"bad_{field}", field, f"{field} must be a number such as 12.50, not {text[:40]!r}.")
    if not is_own(found.currency, currency):
        raise Rejected("foreign_currency", field, f"{field} is not in {currency}: {text[:40]!r}.")
    if abs(found.value) > MAX_NUMBER:
        raise Rejected(f"bad_{field}", field, f"{field} is larger than {figure(MAX_NUMBER)}.")
    return money(found.value)


def is_own(written: str, currency: str) -> bool:
    """Tell whether what stands beside a sum is the shop's currency: `$` is of any shop whose money is dollars."""
    return written in {"", currency} or (written == "$" and currency.endswith("D"))


def check_head(column: str, currency: str) -> None:
    """Let the sums of a column pass whose name says no currency, or the shop's.

    Raises:
        Rejected: it names another.
    """
    if not is_own(named := head_currency(column), currency):
        reason = f"The column “{column[:60]}” is in {named}, the shop's currency is {currency}."
        raise Rejected("foreign_currency", "currency", reason)


_CURRENCY_NAMES = {
    name: code
    for code, names in {
        "USD": (
            "us dollar", "us dollars", "u s dollar", "u s dollars", "united states dollar", "united states dollars",
            "american dollar", "american dollars", "usd us dollar", "usd $", "us", "dolar", "dolares",
            "dolar estadounidense", "dolares estadounidenses", "dolar americano",
        ),
        "CAD": ("canadian dollar", "canadian dollars", "dolar canadiense"),
        "AUD": ("australian dollar", "australian dollars"),
        "EUR": ("euro", "euros"),
        "GBP": ("british pound", "british pounds", "pound sterling", "pounds sterling", "sterling"),
        "MXN": ("mexican peso", "mexican pesos", "peso mexicano", "pesos mexicanos"),
        "$": ("dollar", "dollars"),
    }.items()
    for name in names
}  # fmt: skip
"""What a column of currencies calls them in words."""


@lru_cache(maxsize=256)
def currency_code(written: str) -> str:
    """Return a currency as `Amount.currency` has it: "USD" of `US Dollar`, `usd` and `US$`; in capitals as it stands if
    we do not know it."""
    plain = unicodedata.normalize("NFKD", written.strip().lower())
    words = " ".join("".join(" " if one in ".()-_" else one for one in plain if not unicodedata.combining(one)).split())
    read = read_amount(f"1 {written.strip()}") if len(written) <= MOST_OF_UNIT else None
    return _CURRENCY_NAMES.get(words) or (read.currency if read and read.currency not in ("", "?") else written.upper())


MOST_OF_UNIT = 4
"""Letters of a currency's sign or code."""


def clean_currency(cell: str, currency: str) -> None:
    """Let a column of currencies pass where it names the shop's.

    Raises:
        Rejected: it names another.
    """
    text = clean_word(cell, "currency")
    if text is not None and not is_own(currency_code(text), currency):
        reason = f"The amount is in {text[:10].upper()}, the shop's currency is {currency}."
        raise Rejected("foreign_currency", "currency", reason)

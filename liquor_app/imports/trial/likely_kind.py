"""What a file seems to hold, where it is not what was said: orders given as customers, and the like. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.cleaning.column_names import IDENTITY, KINDS
from liquor_app.imports.cleaning.orders.customer_totals import totals_of_customers
from liquor_app.imports.profiles.known_tools import recognise
from liquor_app.imports.profiles.tool_profile import plain
from liquor_app.imports.readers.formats import open_table, read_sample
from liquor_app.imports.readers.row_reader import Record

_MARKS: dict[str, tuple[tuple[str, ...], ...]] = {
    "purchases": (("order_id",), ("occurred_at",), ("amount", "unit_price"), IDENTITY["purchases"]),
    "products": (("sku", "upc"), ("name",), ("price", "stock", "cost")),
    "customers": (("email", "phone"), ("name", "first_name"), ("city", "state", "postal_code", "email_consent")),
}
"""Of each of these a field, by the names of columns: a file has them that is of that kind. The surest kind first."""
_OF_ANYTHING = frozenset(map(plain, ("id", "reference", "reference number", "ref", "ref number", "ref no")))
"""Names of a number that need not be an order's."""


def likely_kind(columns: Sequence[str], kind: str, sample: Sequence[Record] = ()) -> str:
    """Return what a file rather holds than `kind`; empty where nothing says so.

    A known tool's export is what the tool calls it. Any other is of another kind where its columns have all that makes
    one, and not all that makes a file of `kind`.
    """
    if recognise(columns, kind) is not None:
        return ""
    for other in KINDS:
        if other != kind and recognise(columns, other) is not None:
            return other
    if _has_all(columns, kind, sample) and kind != "customers":
        return ""
    if kind == "purchases" and totals_of_customers(columns, sample):
        return "customers"
    return next((one for one in _MARKS if one != kind and _has_all(columns, one, sample)), "")


def check_is_of_people(columns: Sequence[str], sample: Sequence[Record]) -> None:
    """Check, or raise Invalid: a list of orders is none of customers. Who says which column is which means it so.

    A column called "ID" or "Reference" may be a customer's: it takes one that is called an order's or a receipt's.
    """
    found = guess_mapping(columns, "purchases", None, sample)
    order = found.get("order_id", "")
    if not order or plain(order) in _OF_ANYTHING or totals_of_customers(columns, sample):
        return
    if _has_all(columns, "purchases", sample):
        told = ", ".join(
            f"“{one}”" for one in (order, found["occurred_at"], found.get("amount") or found["unit_price"])
        )
        raise Invalid(
            f"The file looks like a list of orders: each has a number, a day and a sum ({told}). It holds purchases,"
            " not customers. Import it as purchases; who bought can be made customers there.",
            field="kind",
        )


def check_is_of_products(columns: Sequence[str], sample: Sequence[Record]) -> None:
    """Check, or raise Invalid: what was sold, to whom and when, is no list of what there is to sell."""
    found = guess_mapping(columns, "purchases", None, sample)
    order = found.get("order_id", "")
    if order and plain(order) not in _OF_ANYTHING and _has_all(columns, "purchases", sample):
        raise Invalid(
            f"The file looks like a list of orders: each has a number, a day and a buyer (“{order}”,"
            f" “{found['occurred_at']}”). It holds purchases, not products. Import it as purchases.",
            field="kind",
        )


def likely_kind_of(path: Path, kind: str, sheet: str = "", encoding: str = "") -> str:
    """As `likely_kind`, of a file.

    Raises:
        Invalid: not a file we read.
    """
    with open_table(path, sheet, encoding) as table:
        columns = table.columns
    return likely_kind(columns, kind, read_sample(path, sheet, encoding))


def _has_all(columns: Sequence[str], kind: str, sample: Sequence[Record]) -> bool:
    found = guess_mapping(columns, kind, None, sample)
    return all(any(field in found for field in fields) for fields in _MARKS[kind])

"""From the cells of a row to a product: what the shop sells, for how much, what it costs, how many are left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TypeVar

from liquor_app.catalog.product_write import NewProduct
from liquor_app.catalog.upc_codes import read_upc
from liquor_app.imports.cleaning.amounts import holds_cents
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.answers.heard_columns import field_of
from liquor_app.imports.cleaning.cells import Rejected, clean_label, clean_text, clean_word
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.number_cells import (
    MAX_NUMBER,
    bare_count,
    bare_price,
    check_head,
    clean_cents,
    clean_currency,
    clean_number,
    clean_signed,
)
from liquor_app.imports.cleaning.orders.status_words import is_yes
from liquor_app.imports.cleaning.person_cells import clean_code, unspread
from liquor_app.imports.cleaning.row_notes import (
    COST_ABOVE_PRICE,
    NO_LONGER_SOLD,
    PRICE_OF_ZERO,
    SALE_ABOVE_PRICE,
    STOCK_BELOW_ZERO,
    left_out,
)

T = TypeVar("T")
MONEY = ("price", "sale_price", "cost", "minimum_price")


@dataclass(frozen=True, slots=True)
class CleanProduct:
    """A row of products, understood; `notes` as a person's."""

    product: NewProduct
    notes: tuple[str, ...] = ()


def clean_product(number: int, cells: list[str], at: dict[str, int], how: Setting) -> CleanProduct:
    """Return a row of products, understood. A cell that cannot be read is left blank and noted; it never costs the row.
    A price or a cost of 0.00 is what tills write where they know none.

    Raises:
        Rejected: it names neither a SKU nor a UPC, or its money is of another currency: that is never taken for ours.
    """

    def leaf(category: str) -> str:
        """Return the first of several categories, and of a path its end: "Whiskey" of "Spirits > Whiskey, Gifts"."""
        if how.column(at.get("category", len(how.columns))).strip().lower() != "categories":
            return category
        first = category.replace(";", ",").replace("|", ",").partition(",")[0]
        return first.rpartition(">")[2].strip()

    def cell(field: str) -> str:
        position = at.get(field)
        if position is None:
            return ""
        is_cents = field in MONEY and holds_cents(how.column(position))
        return clean_cents(cells[position], how.column(position), how.decimal) if is_cents else cells[position]

    notes: list[str] = []

    def read(field: str, clean: Callable[[str], T | None], bare: Callable[[str], str] = str) -> T | None:
        try:
            return clean(bare(cell(field)))
        except Rejected as why:
            if why.code == "foreign_currency" and field in MONEY:
                raise
            notes.append(left_out(field_of(field)))
            return None

    clean_currency(cell("currency"), how.currency)
    for field in MONEY:
        check_head(how.column(at[field]) if field in at else "", how.currency)
    sku = read("sku", _clean_sku)
    upc = read("upc", _clean_upc)
    if not (sku or upc):
        raise Rejected(
            "no_product", "sku", "The row names no product: it has neither a SKU nor a UPC that can be read."
        )
    written = {
        field: read(field, partial(clean_number, field=field, decimal=how.decimal, currency=how.currency), bare_price)
        for field in MONEY
    }
    known: dict[str, Decimal | None] = {field: value or None for field, value in written.items()}
    stock = _added(
        read(name, partial(clean_signed, field="stock", decimal=how.decimal, currency=""), bare_count)
        for name in at if name.startswith("stock")
    )  # fmt: skip
    if "active" in at and is_gone(cell("active"), how.column(at["active"])):
        stock = Decimal(0)
        notes.append(NO_LONGER_SOLD)
    notes += _warnings(written["price"], known["cost"], stock)
    notes += [SALE_ABOVE_PRICE] if (known["sale_price"] or 0) > (known["price"] or MAX_NUMBER) else []
    return CleanProduct(
        NewProduct(
            sku, upc, number=number,
            name=read("name", partial(clean_text, field="name")),
            category=read("category", partial(clean_label, field="category"), leaf),
            brand=read("brand", partial(clean_label, field="brand")),
            stock=stock,
            # a column of sale prices with nothing in it says that the sale is over
            ends_sale="sale_price" in at and known["sale_price"] is None and left_out("sale_price") not in notes,
            **known,
        ),
        tuple(notes),
    )  # fmt: skip


_GONE = frozenset({
    "no", "n", "false", "f", "inactive", "not active", "discontinued", "disc", "archived", "disabled", "draft",
    "deleted", "retired", "obsolete", "delisted", "unavailable", "hidden", "not for sale", "end of life",
})  # fmt: skip
_OF_GONE = re.compile(r"\b(?:inactive|discontinued|archived|disabled|deleted|retired|obsolete|delisted|hidden)\b")


def is_gone(cell: str, column: str) -> bool:
    """Tell whether a product is sold no more: a no in "Active", a yes in "Discontinued", or a word that says so."""
    word = column_words(cell)
    if _OF_GONE.search(column_words(column)):
        return is_yes(cell) or word in _GONE - {"no", "n", "false", "f"}
    return word in _GONE or cell.strip() in ("0", "✗", "☐")


def _added(places: Iterable[Decimal | None]) -> Decimal | None:
    """Return what is left in all places; None where none tells."""
    told = [one for one in places if one is not None]
    return sum(told, Decimal(0)) if told else None


def _warnings(price: Decimal | None, cost: Decimal | None, stock: Decimal | None) -> list[str]:
    """Return what of a row should be looked at: never a reason to refuse it."""
    return [
        *([PRICE_OF_ZERO] if price is not None and not price else []),
        *([COST_ABOVE_PRICE] if price and cost and cost > price else []),
        *([STOCK_BELOW_ZERO] if stock is not None and stock < 0 else []),
    ]


def _clean_sku(cell: str) -> str | None:
    text = clean_code(cell, "sku")
    if text is not None and len(text) > 100:
        raise Rejected("bad_sku", "sku", "sku is longer than 100 characters.")
    return text


def _clean_upc(cell: str) -> str | None:
    text = clean_word(cell, "upc")
    if text is None:
        return None
    try:
        return read_upc(unspread(text))
    except ValueError as error:
        raise Rejected("bad_upc", "upc", str(error)) from error

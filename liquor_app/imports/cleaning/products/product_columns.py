"""Columns of a file of products that their names alone do not tell: stock by place, codes by what they hold, and kinds
of products that are no category. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from liquor_app.imports.cleaning.answers.dead_addresses import column_words, mostly
from liquor_app.imports.cleaning.answers.heard_columns import free_name
from liquor_app.imports.cleaning.orders.money_names import number_of
from liquor_app.imports.profiles.tool_profile import plain
from liquor_app.imports.readers.row_reader import Record

_STOCK_OF = re.compile(
    r"^(?:(?:current|available) (?:quantity|qty|stock|inventory)|inventory|in stock|(?:stock|inventory) on hand"
    r"|(?:qty|quantity) on hand|on hand|stock(?: level| qty| quantity)?|available|qoh) (?:at |in |of )?(?P<place>.+)$"
)
"""How tools write what is left in a place: "Current Quantity Main St", "inventory_Main_Outlet", "In stock [Main]"."""
_OF_PLACES = re.compile(
    r"^(?:(?:qty|quantity) (?P<after>.+)"
    r"|(?P<place>.+?) (?:qty on hand|quantity on hand|stock on hand|on hand|qoh|stock|inventory|qty|quantity))$"
)
"""The same where only several columns show that they are of places: "Main Street Stock", "Qty Harbor"."""
_WHOLE = frozenset({
    "total", "all", "overall", "combined", "grand total", "all stores", "all locations", "all outlets", "all sites",
    "company", "whole",
})  # fmt: skip
"""What is called a place and is all of them."""
_OTHER_COUNTS = re.compile(
    r"\b(?:sold|order\w*|reorder|incoming|transit|transfer\w*|committed|allocated|reserved|safety|cases?|packs?|bottles?"
    r"|units?|per|received|returned|shipped|back|backorder\w*|damaged|last|next|avg|average|suggested|days|weeks|old|new"
    r"|previous|opening|closing|count\w*|box|carton|sale|price break|break|discount|purchase\w*|maximum|minimum)\b"
)
"""Counts that are of no place."""
_NO_PLACE = re.compile(
    r"\b(?:value|cost|price|alerts?|min|max|minimum|maximum|status|tracking|tracked|tracker|track|policy|type|reorder|par"
    r"|threshold|warning|date|at|item|management|enabled|adjust\w*|id|uom|unit|account|online|only|for sale)\b"
)
_CODES = frozenset(plain(one) for one in (
    "product code", "item code", "code", "plu", "item number", "item no", "stock code", "lookup code",
    "item lookup code", "scan code", "alternate code",
))  # fmt: skip
"""Columns that hold a bar code as often as a shop's own number."""
_KINDS = frozenset({
    "simple", "variable", "variation", "grouped", "external", "bundle", "composite", "subscription", "variant",
    "simple virtual", "simple downloadable virtual", "physical", "digital", "service", "standard", "regular", "product",
    "item", "inventory", "non inventory", "stock item", "parent", "child", "single", "matrix", "fixed", "fixed price",
    "variable price", "per unit",
})  # fmt: skip
"""What tools call a product's own kind: how it is sold, not what it is."""
_NAMES = frozenset(plain(one) for one in (
    "name", "product name", "item name", "description", "item description", "title", "product", "descr", "descript",
))  # fmt: skip
_UPC_DIGITS = range(11, 15)


def product_columns(found: Mapping[str, str], columns: Sequence[str], sample: Sequence[Record]) -> dict[str, str]:
    """Return field → column of a file of products, mended by what stands in them: `stock` of several places has each of
    them (`stock.2`), which add up.

    Args:
        found: field → column, by names alone.
        sample: the first rows.
    """
    rows = [one.cells for one in sample if not one.problem]

    def filled(column: str) -> list[str]:
        place = columns.index(column)
        return [cell for cells in rows if (cell := cells[place].strip())]

    mapping = dict(found)
    if (kinds := mapping.get("category")) and plain(kinds).endswith("type") and _are_kinds(filled(kinds)):
        del mapping["category"]
    if (name := mapping.get("name")) and _are_codes(filled(name)):
        called = [one for one in columns if plain(one) in _NAMES and one != name and not _are_codes(filled(one))]
        if called:  # "Item" is its number where "Description" says what it is
            mapping |= {"name": called[0]} | ({} if "sku" in mapping else {"sku": name})
    if "upc" not in mapping:
        free = [one for one in columns if plain(one) in _CODES and one not in mapping.values()]
        free += [mapping["sku"]] if plain(mapping.get("sku", "")) in _CODES else []
        if code := next((one for one in free if _are_bar_codes(filled(one))), None):
            mapping = {field: one for field, one in mapping.items() if one != code} | {"upc": code}
    if "stock" not in mapping:
        free = [one for one in columns if one not in mapping.values()]
        for column in _stock_columns(free, filled):
            mapping[free_name("stock", mapping)] = column
    return mapping


def _stock_columns(columns: Sequence[str], filled: Callable[[str], Sequence[str]]) -> list[str]:
    """Return the columns of what is left, place by place; the one that has all of them where there is one."""
    told = [one for one in columns if _is_stock_of_place(one, filled(one))]
    places = {one: place for one in columns if (place := _place_of(one)) and mostly(_numbers(filled(one)))}
    if whole := next((one for one, place in places.items() if place in _WHOLE), None):
        return [whole]
    if told:
        return told
    return list(places) if len(places) > 1 else []


def _place_of(column: str) -> str:
    words = column_words(column)
    if (first := _STOCK_OF.match(words)) is not None:
        place = first["place"]
    elif (found := _OF_PLACES.match(words)) is not None:
        place = found["after"] or found["place"]
    else:
        return ""
    return "" if _NO_PLACE.search(place) or _OTHER_COUNTS.search(place) else place


def _are_codes(cells: Sequence[str]) -> bool:
    return bool(cells) and all(one.isdigit() for one in cells)


def _are_kinds(cells: Sequence[str]) -> bool:
    return bool(cells) and all(column_words(one) in _KINDS for one in cells)


def _are_bar_codes(cells: Sequence[str]) -> bool:
    return bool(cells) and all(one.isdigit() and len(one) in _UPC_DIGITS and _checks(one) for one in cells)


def _checks(code: str) -> bool:
    """Tell whether a bar code's last digit is that of the others (GS1 General Specifications, 7.9)."""
    digits = [int(one) for one in code.zfill(14)]
    return (sum(digits[:-1:2]) * 3 + sum(digits[1:-1:2]) + digits[-1]) % 10 == 0


def _is_stock_of_place(column: str, cells: Sequence[str]) -> bool:
    told = _STOCK_OF.match(column_words(column))
    is_one = told is not None and not _NO_PLACE.search(told["place"])
    return is_one and mostly(_numbers(cells))


def _numbers(cells: Sequence[str]) -> list[bool]:
    return [number_of(one) is not None for one in cells]

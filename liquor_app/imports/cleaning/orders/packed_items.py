"""Whole orders in one cell, as WooCommerce's exports pack them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquor_app.imports.cleaning.cells import squeezed

MAX_ITEMS = 100
_ITEM = re.compile(r"[;\n]\s?(?=(?:name|product_id|item_id|id|sku|quantity):)")
_PART = re.compile(r"\|\s*(?=[a-z][a-z_ ]*:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PackedItem:
    """A line of an order as its cell says it: texts, "" for what it does not say."""

    product: str
    quantity: str
    total: str
    before: str
    """What it came to before discounts."""
    sku: str = ""


def packed_items(cells: Sequence[str]) -> list[PackedItem]:
    """Return the items of an order from the cells that pack them: one each, or several in a cell.

    `name:Gin|product_id:1|sku:G|quantity:1|total:20.00`, several separated by semicolons or lines; or a JSON list of
    such objects. Empty if one of them cannot be told apart, or there are more than `MAX_ITEMS`.
    """
    found: list[PackedItem] = []
    for cell in cells:
        for parts in _parts(cell.strip()):
            item = PackedItem(
                parts.get("name") or parts.get("sku") or "",
                parts.get("quantity") or parts.get("qty") or "",
                parts.get("total") or "",
                parts.get("sub_total") or parts.get("subtotal") or "",
                parts.get("sku") or "",
            )
            if not (item.product and item.total) or len(found) == MAX_ITEMS:
                return []
            found.append(item)
    return found


def _parts(cell: str) -> list[Mapping[str, str]]:
    if not cell:
        return []
    if cell.startswith("["):
        return _of_json(cell)
    told = [dict(_named(part) for part in _PART.split(item)) for item in _ITEM.split(squeezed(cell))]
    return list(told)


def _named(part: str) -> tuple[str, str]:
    name, _, value = part.partition(":")
    return name.strip().lower(), value.strip()


def _of_json(cell: str) -> list[Mapping[str, str]]:
    try:
        told: Any = json.loads(cell)
    except (ValueError, RecursionError):
        return [{}]
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        return [{}]
    return [
        {str(name).lower(): str(value) for name, value in one.items() if isinstance(value, str | int | float)}
        for one in told
    ]

"""A playbook's offers beside the catalogue: each with its own margin, none of what is out of stock. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from liquor_app.actions.offers import Offer, most_discount, read_offers
from liquor_app.catalog.shelf import Shelf
from liquor_app.catalog.stock import StockState


def shelf_offers(
    raw: Sequence[dict[str, Any]], shelf: Shelf, margin_pct: Decimal, *, floors: Sequence[Decimal],
    ceilings: Sequence[Decimal],
) -> tuple[tuple[Offer, ...], tuple[str, ...]]:  # fmt: skip
    """Return the offers that can be made, discounts cut to the guardrails, and why others cannot.

    The margin an offer is held to is that of the product it names, else its category's, else the shop's usual. A stock
    figure that is too old says nothing: the offer is made, and says that it is not known.

    Args:
        margin_pct: the shop's usual.
        floors: no offer may leave less.
        ceilings: no discount may be higher.
    """
    made: list[Offer] = []
    left_out: list[str] = []
    for item in raw:
        code, category = item.get("product"), item.get("category")
        known = shelf.product(code)
        if known is not None and known.stock is StockState.OUT:
            left_out.append(f"{known.name} is out of stock")
            continue
        if shelf.is_out(category):
            left_out.append(f"everything of {category} is out of stock")
            continue
        margin = shelf.margin(code, category)
        most = most_discount(margin.pct if margin else margin_pct, floors, ceilings)
        for offer in read_offers([item], most):
            made.append(
                replace(
                    offer,
                    product=code,
                    product_name=known.name if known else code,
                    margin_pct=margin.pct if margin else None,
                    margin_from=margin.source if margin else "",
                    stock_unknown=bool(code) and (known is None or known.stock is StockState.UNKNOWN),
                )
            )
    return tuple(made), tuple(left_out)

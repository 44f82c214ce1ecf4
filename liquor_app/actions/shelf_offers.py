"""A playbook's offers beside the catalogue: each with its own margin, none of what is out of stock. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from liquor_app.actions.offers import Offer, most_discount, read_offers
from liquor_app.catalog.shelf import Shelf
from liquor_app.catalog.stock import StockState
from liquor_app.compliance.legal_rules import Rules
from liquor_app.compliance.may_offer import lawful_discount, may_offer


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
                    product_category=known.category if known else None,
                    margin_pct=margin.pct if margin else None,
                    margin_from=margin.source if margin else "",
                    price=known.asks if known else None,
                    minimum_price=known.least if known else None,
                    stock_unknown=bool(code) and (known is None or known.stock is StockState.UNKNOWN),
                )
            )
    return tuple(made), tuple(left_out)


def lawful_offers(
    offers: Sequence[Offer], licence: str | None, day: date, rules: Rules
) -> tuple[tuple[Offer, ...], tuple[str, ...]]:
    """Return the offers a licence may make, discounts cut to what its law leaves, and why others are not made. Of a
    licence nobody has named yet every offer stands: a plan with them is not approved."""
    if licence is None:
        return tuple(offers), ()
    made: list[Offer] = []
    forbidden: list[str] = []
    for offer in offers:
        refused = may_offer(offer.facts, licence, day, rules)
        if refused is None:
            made.append(offer)
            continue
        cut = replace(offer, discount_pct=lawful_discount(offer.facts, licence, day, rules))
        if cut.discount_pct >= 1 and may_offer(cut.facts, licence, day, rules) is None:
            made.append(cut)
        else:
            forbidden.append(f"“{offer.name}”: {refused.detail}")
    return tuple(made), tuple(forbidden)

"""What the catalogue says of what offers name: products and categories, their margins, and whether they can be had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.catalog.margins import AISLE_PCT
from liquor_app.catalog.stock import STATE, StockState, fresh_now, fresh_since
from liquor_app.core.bulk import unnest

PRODUCTS_OWN, CATEGORYS_OWN, SHOPS_OWN = "the product's own", "the category's own", "the shop's usual"
"""Where a margin comes from, as reasons say it."""


@dataclass(frozen=True, slots=True)
class Margin:
    """Of the selling price, in per cent; it may be below zero."""

    pct: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class OnShelf:
    """A product an offer names. `margin_pct` None: its price or its cost is not known."""

    name: str
    category: str | None
    margin_pct: Decimal | None
    stock: StockState
    stock_at: datetime | None
    asks: Decimal | None = None
    least: Decimal | None = None
    """What it sells for, and the least the law lets it be sold for."""


@dataclass(frozen=True, slots=True)
class Aisle:
    """A category. `is_out`: every product of it is known to be out of stock."""

    margin_pct: Decimal | None
    is_out: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """By SKU or UPC, and by category, both in lower case."""

    products: Mapping[str, OnShelf] = field(default_factory=dict)
    aisles: Mapping[str, Aisle] = field(default_factory=dict)

    def product(self, code: str | None) -> OnShelf | None:
        return self.products.get(code.lower()) if code else None

    def margin(self, code: str | None, category: str | None) -> Margin | None:
        """Return the product's own margin, else its category's; None where neither is known: the shop's usual holds."""
        known = self.product(code)
        if known is not None and known.margin_pct is not None:
            return Margin(known.margin_pct, PRODUCTS_OWN)
        aisle = self.aisles.get((category or (known.category if known else None) or "").lower())
        return Margin(aisle.margin_pct, CATEGORYS_OWN) if aisle and aisle.margin_pct is not None else None

    def is_out(self, category: str | None) -> bool:
        """Tell whether nothing of a category can be had."""
        aisle = self.aisles.get((category or "").lower())
        return aisle is not None and aisle.is_out

    def to_name(self, *categories: str | None) -> str | None:
        """Return the first category of which there is something left, for words; None if there is none of them."""
        return next((one for one in categories if one and not self.is_out(one)), None)


_CODES = unnest("k", code="text")
_PRODUCTS = f"""
SELECT k.code, t.name, t.category, t.margin_pct, {STATE.format(t="t")} AS stock, t.stock_at, t.sells_at,
       t.minimum_price
  FROM {_CODES}
  JOIN LATERAL (SELECT * FROM products p WHERE lower(p.sku) = k.code
                UNION ALL
                SELECT * FROM products p WHERE p.upc = k.code
                 ORDER BY 1 LIMIT 1) t ON true
"""
# of products whose price and cost are both known: what they leave together, of what they sell for together
_AISLES = f"""
SELECT lower(t.category) AS name,
       {AISLE_PCT} AS margin_pct,
       bool_and({STATE.format(t="t")} = '{StockState.OUT}') AS is_out
  FROM products t WHERE t.category IS NOT NULL GROUP BY 1
"""
_OUT = f"""
SELECT k.code FROM {_CODES}
 WHERE EXISTS (SELECT 1 FROM products t
                WHERE lower(t.sku) = k.code AND {STATE.format(t="t")} = '{StockState.OUT}')
    OR (EXISTS (SELECT 1 FROM products t WHERE t.upc = k.code)
        AND NOT EXISTS (SELECT 1 FROM products t
                         WHERE t.upc = k.code AND {STATE.format(t="t")} <> '{StockState.OUT}'))
"""


async def read_shelf(session: AsyncSession, codes: Iterable[str], stock_hours: int) -> Shelf:
    """Return what is known of the products with these SKUs or UPCs, and of every category. A corridor."""
    fresh = fresh_since(stock_hours)
    wanted = sorted({code.lower() for code in codes})
    products: dict[str, OnShelf] = {}
    if wanted:
        found = await session.execute(text(_PRODUCTS), {**_CODES.bind(code=wanted), "fresh": fresh})
        products = {
            row.code: OnShelf(
                row.name,
                row.category,
                row.margin_pct,
                StockState(row.stock),
                row.stock_at,
                row.sells_at,
                row.minimum_price,
            )
            for row in found
        }
    aisles = await session.execute(text(_AISLES), {"fresh": fresh})
    return Shelf(products, {row.name: Aisle(row.margin_pct, row.is_out) for row in aisles})


async def sold_out(session: AsyncSession, codes: Iterable[str]) -> frozenset[str]:
    """Return those of these SKUs or UPCs, in lower case, that are known to be out of stock. A corridor."""
    wanted = sorted({code.lower() for code in codes})
    if not wanted:
        return frozenset()
    found = await session.execute(text(_OUT), {**_CODES.bind(code=wanted), "fresh": await fresh_now(session)})
    return frozenset(found.scalars())

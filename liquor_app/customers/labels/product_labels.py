"""What the catalogue calls what was sold: category and brand by SKU, UPC or name. Corridors, for `catalog`.

A line keeps what its till said. Where that is no category or no brand, it is the catalogue's when the line is read, so
that a later word of the catalogue reaches all baskets there ever were and rewrites none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest

NO_CATEGORY = "Other"
"""The category of a line whose till names none."""
LABELLED_LINES = f"""(
SELECT l.id, l.purchase_id, l.product, l.sku,
       CASE WHEN l.category = '{NO_CATEGORY}' THEN COALESCE(k.category, l.category) ELSE l.category END AS category,
       COALESCE(l.brand, k.brand) AS brand, l.quantity, l.amount, l.discount, l.coupon_discount, l.is_alcohol
  FROM purchase_lines l LEFT JOIN product_labels k ON k.code = lower(COALESCE(l.sku, l.product)))"""
"""Lines of purchases with the categories and brands the catalogue gives them; stands for `purchase_lines` in a FROM."""

_ROWS = unnest("n", code="text", rank="int", category="text", brand="text")
_WRITE = f"""
INSERT INTO product_labels AS k (code, rank, category, brand)
SELECT DISTINCT ON (code) code, rank, category, brand FROM {_ROWS}
 WHERE category IS NOT NULL OR brand IS NOT NULL ORDER BY code, rank, category, brand
    ON CONFLICT (code) DO UPDATE SET rank = EXCLUDED.rank, category = EXCLUDED.category, brand = EXCLUDED.brand
 WHERE EXCLUDED.rank <= k.rank AND (k.rank, k.category, k.brand) IS DISTINCT FROM
       (EXCLUDED.rank, EXCLUDED.category, EXCLUDED.brand)
"""
_CODES = ("sku", "upc", "name")
"""What a till may write for a product, the surest first: a SKU is one product's, a name may be that of several."""


async def relabel_products(session: AsyncSession, codes: Sequence[str], products: Sequence[Mapping[str, Any]]) -> None:
    """Forget what is called by these codes (lower case), and note it anew from the products that bear them."""
    await session.execute(text("DELETE FROM product_labels WHERE code = ANY(:codes)"), {"codes": list(codes)})
    await label_products(session, products)


async def label_products(session: AsyncSession, products: Sequence[Mapping[str, Any]]) -> None:
    """Note what products (sku, upc, name, category, brand) are called."""
    rows = [
        (str(one[name]).lower(), rank, one["category"], one["brand"])
        for one in products
        for rank, name in enumerate(_CODES)
        if one[name]
    ]
    if rows:
        codes, ranks, categories, brands = zip(*rows, strict=True)
        bound = _ROWS.bind(code=codes, rank=ranks, category=categories, brand=brands)
        await session.execute(text(_WRITE), bound)

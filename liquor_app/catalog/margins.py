"""What products and categories leave of what they sell for, as parts of a statement: for whoever reckons with baskets.

A product is known to a till by its SKU or its UPC. A category leaves what its products leave together, of those whose
price and cost are both known.
"""

from __future__ import annotations

AISLE_PCT = """round(100 * (1 - sum(t.cost) FILTER (WHERE t.margin_pct IS NOT NULL)
                        / NULLIF(sum(t.sells_at) FILTER (WHERE t.margin_pct IS NOT NULL), 0)), 2)"""
"""A category's margin in per cent, over products `t`."""

PRODUCT_MARGINS = """(
SELECT DISTINCT ON (c.code) c.code, c.margin_pct / 100 AS margin FROM (
       SELECT lower(sku) AS code, 1 AS rank, margin_pct, id FROM products
        WHERE sku IS NOT NULL AND margin_pct IS NOT NULL
       UNION ALL SELECT lower(upc), 2, margin_pct, id FROM products WHERE upc IS NOT NULL AND margin_pct IS NOT NULL) c
 ORDER BY c.code, c.rank, c.id)"""
"""By what a till may write for a product, in lower case: code and margin, a share of the price. Stands in a FROM."""

CATEGORY_MARGINS = f"""(
SELECT lower(t.category) AS name, {AISLE_PCT} / 100 AS margin FROM products t
 WHERE t.category IS NOT NULL GROUP BY 1)"""
"""By category in lower case: name and margin, a share of the price. Stands in a FROM."""

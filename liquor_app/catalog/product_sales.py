"""What was sold of a product, by whatever name the till wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now

SALES_DAYS = 90


@dataclass(frozen=True, slots=True)
class ProductSales:
    """Of the last `SALES_DAYS`: how many people bought it, how much of it, for what; returns taken off."""

    buyers: int
    quantity: Decimal
    amount: Decimal
    last_at: datetime | None


_SOLD = """
WITH names AS (SELECT lower(k.written) AS name FROM products t, unnest(ARRAY[t.sku, t.upc, t.name]) AS k(written)
                WHERE t.id = :id AND k.written IS NOT NULL)
SELECT count(DISTINCT p.customer_id) AS buyers, COALESCE(sum(l.quantity), 0) AS quantity,
       COALESCE(sum(l.amount), 0) AS amount, max(p.occurred_at) AS last_at
  FROM (SELECT id FROM purchase_lines WHERE product IS NOT NULL AND lower(product) IN (SELECT name FROM names)
         UNION SELECT id FROM purchase_lines WHERE sku IS NOT NULL AND lower(sku) IN (SELECT name FROM names)) named
  JOIN purchase_lines l USING (id) JOIN purchases p ON p.id = l.purchase_id
 WHERE p.occurred_at > :since
"""


async def product_sales(session: AsyncSession, actor: Actor, product_id: UUID) -> ProductSales:
    """Return what was sold of a product lately."""
    require(actor, Permission.PRODUCTS_READ)
    found = await session.execute(text(_SOLD), {"id": product_id, "since": now() - timedelta(days=SALES_DAYS)})
    return ProductSales(**found.mappings().one())

"""Products: one of them, found by what somebody types, told by a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.catalog.product_write import NewProduct, ProductFields, ProductOutcome, write_products
from liquor_app.catalog.stock import STATE, StockState, fresh_now
from liquor_app.catalog.upc_codes import read_upc
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.organization.settings import GeneralSettings, load_settings

MAX_PRODUCTS = 1_000
"""Of one call; more comes as a file."""
SUGGESTED = 12
BY_API = "API"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow(ProductFields):
    """A product. `sells_at` is what it costs today, `margin_pct` what is left of that after its cost; `stock_state`
    says whether the figure still counts."""

    id: UUID
    name: str
    sells_at: Decimal | None
    margin_pct: Decimal | None
    stock_at: datetime | None
    stock_state: StockState
    source: str
    last_seen_at: datetime
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PutProduct:
    """What became of one of the products that were told: `outcome` is created, updated, unchanged or ambiguous."""

    sku: str | None
    upc: str | None
    outcome: ProductOutcome


_PRODUCT = f"""
SELECT t.id, t.sku, t.upc, t.name, t.category, t.brand, t.price, t.sale_price, t.sells_at, t.cost, t.minimum_price,
       t.margin_pct, t.stock, t.stock_at, {STATE.format(t="t")} AS stock_state, t.source, t.last_seen_at, t.created_at,
       t.updated_at
  FROM products t WHERE t.id = :id
"""
_SUGGESTIONS = """
SELECT sku, upc, name FROM products
 WHERE lower(name || ' ' || coalesce(sku, '') || ' ' || coalesce(upc, '')) LIKE :typed
 ORDER BY name, id LIMIT :n
"""
_CATEGORIES = """
WITH RECURSIVE walk (name) AS (
    (SELECT min(lower(category)) FROM products)
    UNION ALL
    SELECT (SELECT min(lower(p.category)) FROM products p WHERE lower(p.category) > w.name) FROM walk w
     WHERE w.name IS NOT NULL)
SELECT (SELECT p.category FROM products p WHERE lower(p.category) = walk.name LIMIT 1) AS name
  FROM walk WHERE name IS NOT NULL LIMIT 200
"""


async def get_product(session: AsyncSession, actor: Actor, product_id: UUID) -> ProductRow:
    """Return one product.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.PRODUCTS_READ)
    found = await session.execute(text(_PRODUCT), {"id": product_id, "fresh": await fresh_now(session)})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such product.")
    return ProductRow(**{**row, "stock_state": StockState(row["stock_state"])})


async def product_categories(session: AsyncSession, actor: Actor) -> list[str]:
    """Return the categories products have, in alphabetical order; at most 200."""
    require(actor, Permission.PRODUCTS_READ)
    return sorted((await session.execute(text(_CATEGORIES))).scalars(), key=str.lower)


async def suggest_products(session: AsyncSession, actor: Actor, typed: str) -> list[tuple[str, str]]:
    """Return products that what somebody types is part of: (SKU, else UPC; name); a dozen at most."""
    require(actor, Permission.PRODUCTS_READ)
    wanted = typed.strip().lower()[:100]
    if len(wanted) < 2 or "\x00" in wanted:
        return []
    pattern = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found = await session.execute(text(_SUGGESTIONS), {"typed": f"%{pattern}%", "n": SUGGESTED})
    return [(row.sku or row.upc, row.name) for row in found]


async def put_products(
    session: AsyncSession, actor: Actor, products: Sequence[Mapping[str, Any]], *, currency: str | None = None
) -> list[PutProduct]:
    """Add products and change those known by their SKU, else by their UPC; what is not said of one stays as it is.
    Harmless to repeat. `sale_price` None, said, ends a sale.

    Raises:
        Forbidden: the actor may only read.
        Invalid: too many, one without SKU and UPC, a UPC that is none, or money of another currency.
    """
    require(actor, Permission.PRODUCTS_WRITE)
    if not 1 <= len(products) <= MAX_PRODUCTS:
        raise Invalid(f"Send 1 to {MAX_PRODUCTS} products at once; more comes as a file.", field="items")
    own = (await load_settings(session, GeneralSettings)).currency
    if currency and currency.upper() != own:
        raise Invalid(f"The prices are in {currency.upper()[:10]}, the shop's currency is {own}.", field="currency")
    rows = [_new_product(number, one) for number, one in enumerate(products)]
    found = await write_products(session, rows, source=f"{BY_API}: {actor.name}", at=now())
    told = [PutProduct(row.sku, row.upc, found[row.number]) for row in rows]
    counts: dict[str, Any] = {one.value: sum(row.outcome is one for row in told) for one in ProductOutcome}
    await audit(session, actor, "products.told", "product", None, **counts)
    return told


def _new_product(number: int, told: Mapping[str, Any]) -> NewProduct:
    values = dict(told)
    where = f"items.{number}"
    try:
        upc = read_upc(given) if (given := values.pop("upc", None)) else None
    except ValueError as error:
        raise Invalid(f"{where}.{error}", field=f"{where}.upc") from error
    sku = (values.pop("sku", None) or "").strip() or None
    if not (sku or upc):
        raise Invalid(f"{where}: a product needs its SKU or its UPC.", field=f"{where}.sku")
    ends_sale = "sale_price" in values and not values["sale_price"]
    blank = {name: value or None if name != "stock" else value for name, value in values.items()}
    return NewProduct(sku, upc, **blank, number=number, ends_sale=ends_sale)

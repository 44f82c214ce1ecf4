"""The catalogue."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.catalog.service import ProductRow
from liquor_app.catalog.stock import STATE, StockState, fresh_now
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page

PRODUCTS = ListSpec(
    name="products",
    row=ProductRow,
    source="products t",
    select={"stock_state": STATE.format(t="t")},
    order="name",
    permission=Permission.PRODUCTS_READ,
    export_permission=Permission.PRODUCTS_EXPORT,
    sorts=(
        Sort("name"),
        Sort("sells_at", first="-", nulls_last=True),
        Sort("margin_pct", nulls_last=True),
        Sort("stock", nulls_last=True),
    ),
    filters=(
        Filter("category", "lower(t.category) = lower(:category)", Match.EXACT, label="Category"),
        Filter(
            "stock", f"{STATE.format(t='t')} = ANY(:stock)", options=tuple(StockState), label="Stock",
            spoken={"in_stock": "In stock", "out_of_stock": "Out of stock", "unknown": "Not known, or too old"},
        ),
        Filter("with_cost", "(t.cost IS NOT NULL) = :with_cost", Match.FLAG, label="Cost"),
    ),
    search="lower(t.name || ' ' || coalesce(t.sku, '') || ' ' || coalesce(t.upc, '')) LIKE :search",
    export={
        "id": "id", "sku": "SKU", "upc": "UPC", "name": "name", "category": "category", "brand": "brand",
        "price": "price", "sale_price": "sale price", "cost": "cost", "margin_pct": "margin percent", "stock": "stock",
        "stock_at": "stock told", "stock_state": "stock counts as", "last_seen_at": "last seen",
    },
)  # fmt: skip


async def with_fresh(session: AsyncSession, query: ListQuery | None) -> ListQuery:
    """Return a question about products, with the time since when a stock figure counts."""
    return replace(query or ListQuery(), scope={"fresh": await fresh_now(session)})


async def list_products(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[ProductRow]:
    """Return a page of products, by name unless asked otherwise.

    Raises:
        Invalid: see `read_list`.
    """
    require(actor, Permission.PRODUCTS_READ)
    return await read_list(session, actor, PRODUCTS, await with_fresh(session, query))

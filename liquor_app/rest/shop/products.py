"""Routes: what the shop sells."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.schemas import Body, Id, Row
from liquor_app.catalog import service
from liquor_app.catalog.lists import PRODUCTS, list_products, with_fresh
from liquor_app.catalog.product_write import ProductFields, ProductOutcome
from liquor_app.catalog.service import MAX_PRODUCTS
from liquor_app.core.db import transaction
from liquor_app.rest.kit.authentication import CurrentActor
from liquor_app.rest.kit.list_routes import list_routes

router = APIRouter(prefix="/products", tags=["products"])


class ProductIn(Body, ProductFields):
    """A product, known by its SKU, else by its UPC. What is left out stays as it is; `sale_price` null ends a sale."""


class ProductsIn(Body):
    """Up to a thousand products; more comes as a file (`POST /customers/import`, kind products)."""

    items: Annotated[list[ProductIn], Field(min_length=1, max_length=MAX_PRODUCTS)]
    currency: Annotated[str, Field(pattern=r"^[A-Za-z]{3}$")] | None = None


class ProductPut(Row):
    sku: str | None
    upc: str | None
    outcome: ProductOutcome


class ProductsOut(Row):
    """What became of each, in the order they were sent. An ambiguous one names a UPC that several products have: it was
    not written."""

    items: list[ProductPut]


list_routes(router, PRODUCTS, list_products, "What the shop sells, by name.", scoped=with_fresh)


@router.put("", response_model=ProductsOut)
@needs(Permission.PRODUCTS_WRITE)
async def put_products(actor: CurrentActor, body: ProductsIn) -> object:
    """Add products, or change those known; sending the same again changes nothing. None is ever deleted by it."""
    told = [one.model_dump(exclude_unset=True) for one in body.items]
    async with transaction() as session:
        return {"items": await service.put_products(session, actor, told, currency=body.currency)}


@router.get("/{id}", response_model=service.ProductRow)
@needs(Permission.PRODUCTS_READ)
async def get_product(actor: CurrentActor, product_id: Id) -> object:
    """One product."""
    async with transaction() as session:
        return await service.get_product(session, actor, product_id)

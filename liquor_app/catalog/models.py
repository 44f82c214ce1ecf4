"""What the shop sells."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Computed, Index, Numeric, text
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import document, exact, moment, pk, plain_uuid, ref, stamped, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Mention

SELLS_AT = "CASE WHEN sale_price > 0 AND (price IS NULL OR sale_price < price) THEN sale_price ELSE price END"
"""What a bottle costs today: its sale price where there is one below the usual."""


def _computed(precision: int, expression: str) -> Any:
    return Field(
        default=None, sa_column=Column(Numeric(precision, 2), Computed(expression, persisted=True), nullable=True)
    )


def _descending(name: str, column: str) -> Index:
    """Serves the list sorted by `column`, highest first, the unknown last."""
    return Index(name, text(f"{column} DESC NULLS LAST"), text("id DESC"))


class Product(SQLModel, table=True):
    """A product, known by its SKU, else by its UPC. What is not known is NULL: no price, cost or stock is ever guessed.

    `stock_at` is when its stock was last told, `last_seen_at` when a file or a call last named it, `updated_at` when
    anything about it last changed; none of them has an index, so that an hourly file in which nothing changed touches
    none. `sells_at` and `margin_pct` are the database's, so that nobody works them out twice.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("sku IS NOT NULL OR upc IS NOT NULL", name="identified"),
        Index("uq_products_sku", text("lower(sku)"), unique=True, postgresql_where=text("sku IS NOT NULL")),
        Index("uq_products_upc_alone", "upc", unique=True, postgresql_where=text("sku IS NULL")),
        Index("ix_products_upc", "upc", postgresql_where=text("upc IS NOT NULL")),
        Index("ix_products_name_key", text("lower(name)")),
        Index("ix_products_category_key", text("lower(category)")),
        Index("ix_products_name", "name", "id"),
        Index("ix_products_import", "import_id", "id", postgresql_where=text("import_id IS NOT NULL")),
        _descending("ix_products_sells_at", "sells_at"),
        _descending("ix_products_margin", "margin_pct"),
        _descending("ix_products_stock", "stock"),
        Index(
            "ix_products_search",
            text("lower(name || ' ' || coalesce(sku, '') || ' ' || coalesce(upc, '')) gin_trgm_ops"),
            postgresql_using="gin",
        ),
    )

    id: UUID = pk()
    sku: str | None = words(nullable=True)
    upc: str | None = words(nullable=True)
    name: str = words()
    category: str | None = words(nullable=True)
    brand: str | None = words(nullable=True)
    price: Decimal | None = exact(12, nullable=True)
    sale_price: Decimal | None = exact(12, nullable=True)
    cost: Decimal | None = exact(12, nullable=True)
    minimum_price: Decimal | None = exact(12, nullable=True)
    stock: Decimal | None = exact(12, nullable=True)
    stock_at: datetime | None = moment()
    sells_at: Decimal | None = _computed(12, SELLS_AT)
    margin_pct: Decimal | None = _computed(16, f"round(100 * (1 - cost / NULLIF({SELLS_AT}, 0)), 2)")
    source: str = words(default="")
    last_seen_at: datetime = stamped()
    created_at: datetime = stamped()
    updated_at: datetime = stamped()
    import_id: UUID | None = plain_uuid()
    """The import that made it, if one did."""
    seen_by: UUID | None = plain_uuid()
    """The import that listed it last, changed or not; an id that is nobody's where a call did."""
    edited_at: datetime | None = moment()
    """When a call, and no file, last changed it."""
    asked_for_at: datetime | None = moment()
    """When somebody last asked for it, or its bottles were shared out: no undoing takes it away then."""


class ProductImage(SQLModel, table=True):
    """A product as it was before an import changed it, and as the import left it. Kept while it can be undone."""

    __tablename__ = "product_images"
    __table_args__ = (Index("ix_product_images_product_id", "product_id"),)

    import_id: UUID = plain_uuid(primary=True)
    product_id: UUID = ref("products.id", primary=True)
    before: dict[str, Any] = document(empty="{}")
    after: dict[str, Any] = document(empty="{}")


MENTIONS = (
    Mention(
        "products",
        rows="SELECT id, name FROM products WHERE concat_ws(' ', name, sku, upc, category, brand) ~* :named"
        " ORDER BY name",
        link="/products/{id}",
    ),
    named_in("product_images", (), ("before", "after"), key="product_id"),
)
"""Where the shop's own words may name somebody."""

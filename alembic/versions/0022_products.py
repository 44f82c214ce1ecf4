"""What the shop sells, and who bought it found by the product's name.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SELLS_AT = "CASE WHEN sale_price > 0 AND (price IS NULL OR sale_price < price) THEN sale_price ELSE price END"
MARGIN = f"round(100 * (1 - cost / NULLIF({SELLS_AT}, 0)), 2)"
SEARCH = "lower(name || ' ' || coalesce(sku, '') || ' ' || coalesce(upc, '')) gin_trgm_ops"


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("upc", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("price", sa.Numeric(12, 2), nullable=True),
        sa.Column("sale_price", sa.Numeric(12, 2), nullable=True),
        sa.Column("cost", sa.Numeric(12, 2), nullable=True),
        sa.Column("stock", sa.Numeric(12, 2), nullable=True),
        sa.Column("stock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sells_at", sa.Numeric(12, 2), sa.Computed(SELLS_AT, persisted=True), nullable=True),
        sa.Column("margin_pct", sa.Numeric(16, 2), sa.Computed(MARGIN, persisted=True), nullable=True),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("sku IS NOT NULL OR upc IS NOT NULL", name=op.f("ck_products_identified")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
    )
    alone, named = sa.text("sku IS NULL"), sa.text("sku IS NOT NULL")
    op.create_index("uq_products_sku", "products", [sa.text("lower(sku)")], unique=True, postgresql_where=named)
    op.create_index("uq_products_upc_alone", "products", ["upc"], unique=True, postgresql_where=alone)
    op.create_index("ix_products_upc", "products", ["upc"], postgresql_where=sa.text("upc IS NOT NULL"))
    op.create_index("ix_products_name_key", "products", [sa.text("lower(name)")])
    op.create_index("ix_products_category_key", "products", [sa.text("lower(category)")])
    op.create_index("ix_products_name", "products", ["name", "id"])
    for name, column in (("sells_at", "sells_at"), ("margin", "margin_pct"), ("stock", "stock")):
        op.create_index(f"ix_products_{name}", "products", [sa.text(f"{column} DESC NULLS LAST"), sa.text("id DESC")])
    op.create_index("ix_products_last_seen", "products", ["last_seen_at", "id"])
    op.create_index("ix_products_search", "products", [sa.text(SEARCH)], postgresql_using="gin")
    op.create_index("ix_purchase_lines_product", "purchase_lines", [sa.text("lower(product)")],
                    postgresql_where=sa.text("product IS NOT NULL"))  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_purchase_lines_product", "purchase_lines")
    op.drop_table("products")

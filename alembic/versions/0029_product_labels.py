"""Lines of purchases keep their SKU; what the catalogue calls a product is found by it.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

LABEL = """
INSERT INTO product_labels (code, rank, category, brand)
SELECT DISTINCT ON (lower(k.code)) lower(k.code), k.rank, p.category, p.brand
  FROM products p CROSS JOIN LATERAL (VALUES (0, p.sku), (1, p.upc), (2, p.name)) AS k(rank, code)
 WHERE k.code IS NOT NULL AND (p.category IS NOT NULL OR p.brand IS NOT NULL)
 ORDER BY lower(k.code), k.rank, p.category, p.brand
"""


def upgrade() -> None:
    op.add_column("purchase_lines", sa.Column("sku", sa.Text(), nullable=True))
    op.add_column("import_lines", sa.Column("sku", sa.Text(), nullable=True))
    op.create_index(
        "ix_purchase_lines_sku", "purchase_lines", [sa.text("lower(sku)")], postgresql_where=sa.text("sku IS NOT NULL")
    )
    op.create_table(
        "product_labels",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_product_labels")),
    )
    op.execute(LABEL)


def downgrade() -> None:
    op.drop_table("product_labels")
    op.drop_index("ix_purchase_lines_sku", "purchase_lines")
    op.drop_column("import_lines", "sku")
    op.drop_column("purchase_lines", "sku")

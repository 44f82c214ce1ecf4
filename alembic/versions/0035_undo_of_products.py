"""An import of products can be taken back, as those of customers and purchases can.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def _document(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)


def upgrade() -> None:
    op.add_column("products", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.add_column("products", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_products_import", "products", ["import_id", "id"], postgresql_where=sa.text("import_id IS NOT NULL")
    )
    op.create_table(
        "product_images",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        _document("before"),
        _document("after"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_images_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "product_id", name=op.f("pk_product_images")),
    )
    op.create_index("ix_product_images_product_id", "product_images", ["product_id"])


def downgrade() -> None:
    op.drop_table("product_images")
    op.drop_index("ix_products_import", "products")
    op.drop_column("products", "edited_at")
    op.drop_column("products", "import_id")

"""A product that is told again and did not change touches no index.

Revision ID: 0027
Revises: 0026
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_products_last_seen", "products")
    op.execute("ALTER TABLE products SET (fillfactor = 50)")


def downgrade() -> None:
    op.execute("ALTER TABLE products RESET (fillfactor)")
    op.create_index("ix_products_last_seen", "products", ["last_seen_at", "id"])

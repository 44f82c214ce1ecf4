"""A product somebody asked for is kept when the import that made it is taken back.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("asked_for_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE products p SET asked_for_at = now()"
        " WHERE EXISTS (SELECT FROM product_interests w WHERE w.product_id = p.id) OR EXISTS (SELECT FROM allocations a WHERE a.product_id = p.id)"
    )


def downgrade() -> None:
    op.drop_column("products", "asked_for_at")

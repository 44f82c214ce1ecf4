"""The number a second tool gave somebody is kept beside the first, by the import that brought it.

Revision ID: 0106
Revises: 0105
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0106"
down_revision = "0105"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customer_aliases", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.alter_column("customer_aliases", "merge_id", nullable=True)
    op.create_index("ix_customer_aliases_import_id", "customer_aliases", ["import_id"])


def downgrade() -> None:
    op.execute("DELETE FROM customer_aliases WHERE merge_id IS NULL")
    op.drop_index("ix_customer_aliases_import_id", table_name="customer_aliases")
    op.alter_column("customer_aliases", "merge_id", nullable=False)
    op.drop_column("customer_aliases", "import_id")

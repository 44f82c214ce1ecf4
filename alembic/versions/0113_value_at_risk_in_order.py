"""Who is worth keeping most is read from an index.

Revision ID: 0113
Revises: 0112
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0113"
down_revision = "0112"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_customers_value_at_risk",
        "customers",
        [sa.text("value_at_risk DESC NULLS LAST"), sa.text("id DESC")],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_customers_value_at_risk", table_name="customers")

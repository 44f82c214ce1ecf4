"""Profiles that were merged away are found by whom they became, and by their addresses.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

COLUMNS = ("merged_into", "email_key", "phone")


def upgrade() -> None:
    for column in COLUMNS:
        where = sa.text("merged_into IS NOT NULL")
        op.create_index(f"ix_customers_merged_{column}", "customers", [column], postgresql_where=where)


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f"ix_customers_merged_{column}", "customers")

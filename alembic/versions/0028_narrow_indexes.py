"""Indexes of birthdays and coming of age hold those who have one.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

INDEXES = (("ix_customers_of_age", "of_age_on"), ("ix_customers_birthday", "birthday_md"))


def _make(narrow: bool) -> None:
    for name, column in INDEXES:
        op.drop_index(name, "customers")
        rest = f" AND {column} IS NOT NULL" if narrow else ""
        op.create_index(name, "customers", [column], postgresql_where=sa.text(f"deleted_at IS NULL{rest}"))


def upgrade() -> None:
    _make(narrow=True)


def downgrade() -> None:
    _make(narrow=False)

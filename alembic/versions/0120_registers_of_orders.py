"""At which register an order was rung up, where its file or its till says so.

Revision ID: 0120
Revises: 0122
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0120"
down_revision = "0122"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("purchases", "import_lines"):
        op.add_column(table, sa.Column("register", sa.Text()))


def downgrade() -> None:
    for table in ("import_lines", "purchases"):
        op.drop_column(table, "register")

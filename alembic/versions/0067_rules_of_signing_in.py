"""Rules of signing in that a shop has turned on.

Revision ID: 0067
Revises: 0066
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_rules",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("access_rules")

"""Where a session of tokens was opened and renewed from, so that its owner knows it again; and answers that are given
again as they were sent, with their fields in their order.

Revision ID: 0112
Revises: 0107
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0112"
down_revision = "0107"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("ip", sa.Text(), nullable=True))
    op.add_column("refresh_tokens", sa.Column("user_agent", sa.Text(), nullable=True))
    op.execute("ALTER TABLE idempotency_keys ALTER COLUMN response TYPE json USING response::json")


def downgrade() -> None:
    op.execute("ALTER TABLE idempotency_keys ALTER COLUMN response TYPE jsonb USING response::jsonb")
    op.drop_column("refresh_tokens", "user_agent")
    op.drop_column("refresh_tokens", "ip")

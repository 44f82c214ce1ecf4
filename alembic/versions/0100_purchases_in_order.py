"""The shop's purchases in order of their moment down to the id, as their list reads them.

Revision ID: 0100
Revises: 0099
"""

from __future__ import annotations

from alembic import op

revision = "0100"
down_revision = "0099"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_purchases_recent", "purchases", ["occurred_at", "id"])
    op.drop_index("ix_purchases_occurred", "purchases")


def downgrade() -> None:
    op.create_index("ix_purchases_occurred", "purchases", ["occurred_at"])
    op.drop_index("ix_purchases_recent", "purchases")

"""What API keys may ask a minute and a month, and what they asked.

Revision ID: 0068
Revises: 0067
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("per_minute", sa.Integer()))
    op.add_column("api_keys", sa.Column("per_month", sa.Integer()))
    op.create_table(
        "api_key_months",
        sa.Column(
            "key_id", sa.Uuid(), sa.ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True, nullable=False
        ),
        sa.Column(
            "month", sa.DateTime(timezone=True), server_default=sa.text("now()"), primary_key=True, nullable=False
        ),
        sa.Column("requests", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("api_key_months")
    op.drop_column("api_keys", "per_month")
    op.drop_column("api_keys", "per_minute")

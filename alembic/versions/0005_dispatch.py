"""Circuits that remember, warm-up of senders, and the unknown found quickly.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _lease_index(where: str) -> None:
    op.drop_index("ix_sends_lease", table_name="sends")
    op.create_index("ix_sends_lease", "sends", ["lease_until"], unique=False, postgresql_where=sa.text(where))


def upgrade() -> None:
    op.add_column("channels", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("channels", sa.Column("warmup_from", sa.Date(), nullable=True))
    op.add_column("channels", sa.Column("warmup_first_day", sa.Integer(), server_default="200", nullable=False))
    op.add_column("channels", sa.Column("warmup_growth_pct", sa.Integer(), server_default="50", nullable=False))
    op.create_table(
        "sender_days",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("provider", "sender", "day", name=op.f("pk_sender_days")),
    )
    _lease_index("status IN ('claimed', 'sending', 'unknown')")


def downgrade() -> None:
    _lease_index("status IN ('claimed', 'sending')")
    op.drop_table("sender_days")
    for column in ("warmup_growth_pct", "warmup_first_day", "warmup_from", "failures"):
        op.drop_column("channels", column)

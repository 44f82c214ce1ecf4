"""Days of messages by the segment and offer they were chosen for.

Revision ID: 0105
Revises: 0102
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0105"
down_revision = "0102"
branch_labels = None
depends_on = None

COUNTS = ("sends", "delivered", "opens", "clicks", "bounces", "complaints", "unsubscribes", "conversions")


def upgrade() -> None:
    op.create_table(
        "daily_offers",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("segment_slug", sa.Text(), nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("discount_pct", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in COUNTS),
        sa.Column("revenue", sa.Numeric(14, 2), server_default="0", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("day", "segment_slug", "offer", "discount_pct", name=op.f("pk_daily_offers")),
    )


def downgrade() -> None:
    op.drop_table("daily_offers")

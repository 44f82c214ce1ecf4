"""Who went from which RFM segment to which, by month.

Revision ID: 0088
Revises: 0087
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rfm_moves",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("now", sa.Text(), nullable=False),
        sa.Column("customers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("month", "was", "now", name=op.f("pk_rfm_moves")),
    )


def downgrade() -> None:
    op.drop_table("rfm_moves")

"""What people of the sample did in a played week: simulated, and kept apart.

Revision ID: 0052
Revises: 0059
"""

import sqlalchemy as sa

from alembic import op

revision = "0052"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "played_outcomes",
        sa.Column("campaign_id", sa.Uuid(), sa.ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("baseline", sa.Double(), nullable=False),
        sa.Column("is_sent", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clicked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bought_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total", sa.Numeric(12, 2), server_default="0", nullable=False),
        sa.CheckConstraint("arm IN ('agent', 'random', 'holdout')", name="arm"),
    )
    op.create_index("ix_played_outcomes_customer", "played_outcomes", ["customer_id"])


def downgrade() -> None:
    op.drop_table("played_outcomes")

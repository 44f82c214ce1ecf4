"""Cohorts by the month of the first purchase, and what they did since.

Revision ID: 0073
Revises: 0072
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cohorts",
        sa.Column("cohort", sa.Date(), nullable=False),
        sa.Column("customers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("scored", sa.Integer(), server_default="0", nullable=False),
        sa.Column("expected_spend", sa.Numeric(12, 2), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("cohort", name=op.f("pk_cohorts")),
    )
    op.create_table(
        "cohort_months",
        sa.Column("cohort", sa.Date(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("buyers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("orders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("revenue", sa.Numeric(14, 2), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("cohort", "month", name=op.f("pk_cohort_months")),
    )


def downgrade() -> None:
    op.drop_table("cohort_months")
    op.drop_table("cohorts")

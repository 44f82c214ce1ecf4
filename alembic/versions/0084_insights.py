"""Customers' and goods' months, and messages by weekday and hour.

Revision ID: 0084
Revises: 0083
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def _exact(name: str) -> sa.Column[sa.Numeric]:
    return sa.Column(name, sa.Numeric(14, 2), server_default="0", nullable=False)


def upgrade() -> None:
    op.create_table(
        "base_months",
        sa.Column("month", sa.Date(), nullable=False),
        *map(_whole, ("first_time", "back", "again", "lapsed")),
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_base_months")),
    )
    op.create_table(
        "goods_months",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        _whole("buyers"),
        *map(_exact, ("quantity", "revenue")),
        sa.PrimaryKeyConstraint("kind", "month", "name", name=op.f("pk_goods_months")),
    )
    op.create_table(
        "send_hours",
        sa.Column("channel", sa.Text(), nullable=False),
        *map(_whole, ("weekday", "hour", "sends", "opens", "clicks", "conversions")),
        sa.PrimaryKeyConstraint("channel", "weekday", "hour", name=op.f("pk_send_hours")),
    )


def downgrade() -> None:
    op.drop_table("send_hours")
    op.drop_table("goods_months")
    op.drop_table("base_months")

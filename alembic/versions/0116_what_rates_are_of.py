"""What rates are of: sent where the thing was measured, by campaign and channel.

Days by segment and offer are counted anew by the clock (`uncounted_offers`); hours in the night, until when their rates
are of everything that was sent.

Revision ID: 0116
Revises: 0113
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0116"
down_revision = "0113"
branch_labels = None
depends_on = None

_OF = ("of_opens", "of_clicks", "of_orders")


def upgrade() -> None:
    op.execute("DELETE FROM daily_offers")
    op.drop_constraint("pk_daily_offers", "daily_offers")
    op.add_column("daily_offers", sa.Column("campaign_id", sa.Uuid(), nullable=False))
    op.add_column("daily_offers", sa.Column("channel", sa.Text(), nullable=False))
    op.create_primary_key(
        "pk_daily_offers", "daily_offers", ["day", "campaign_id", "channel", "segment_slug", "offer", "discount_pct"]
    )
    for name in _OF:
        op.add_column("send_hours", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE send_hours SET of_opens = sends, of_clicks = sends, of_orders = sends")


def downgrade() -> None:
    for name in _OF:
        op.drop_column("send_hours", name)
    op.execute("DELETE FROM daily_offers")
    op.drop_constraint("pk_daily_offers", "daily_offers")
    op.drop_column("daily_offers", "channel")
    op.drop_column("daily_offers", "campaign_id")
    op.create_primary_key("pk_daily_offers", "daily_offers", ["day", "segment_slug", "offer", "discount_pct"])

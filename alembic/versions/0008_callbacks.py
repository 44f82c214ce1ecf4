"""Callbacks tried again, days to be counted again, and short links for texts.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN = sa.text("processed_at IS NULL")
LINK_CAMPAIGN = "fk_tracked_links_campaign_id"


def _open_index(column: str) -> None:
    op.drop_index("ix_webhook_receipts_open", table_name="webhook_receipts", postgresql_where=OPEN)
    op.create_index("ix_webhook_receipts_open", "webhook_receipts", [column], unique=False, postgresql_where=OPEN)


def _link_campaign(ondelete: str) -> None:
    op.drop_constraint(LINK_CAMPAIGN, "tracked_links", type_="foreignkey")
    op.create_foreign_key(LINK_CAMPAIGN, "tracked_links", "campaigns", ["campaign_id"], ["id"], ondelete=ondelete)


def upgrade() -> None:
    op.add_column("webhook_receipts", sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column(
        "webhook_receipts",
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    _open_index("due_at")
    _link_campaign("SET NULL")
    op.create_table(
        "short_links",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("send_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.SmallInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["tracked_links.id"], name=op.f("fk_short_links_link_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_short_links")),
    )
    op.create_table(
        "recounts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("sent_hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recounts")),
    )


def downgrade() -> None:
    op.drop_table("recounts")
    op.drop_table("short_links")
    _link_campaign("CASCADE")
    _open_index("received_at")
    op.drop_column("webhook_receipts", "due_at")
    op.drop_column("webhook_receipts", "tries")

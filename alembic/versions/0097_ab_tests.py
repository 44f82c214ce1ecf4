"""A/B tests of campaigns' messages, and which variant a message is.

Revision ID: 0097
Revises: 0091
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0097"
down_revision = "0091"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sends", sa.Column("variant", sa.Text(), nullable=True))
    op.create_table(
        "ab_tests",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hypothesis", sa.Text(), server_default="", nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("variants", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("decide_on", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("harmful", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("winner", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("reading", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("learned", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("topic IN ('subject', 'words', 'hour')", name=op.f("ck_ab_tests_topic")),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_ab_tests_channel")),
        sa.CheckConstraint("measure IN ('clicked', 'bought', 'profit')", name=op.f("ck_ab_tests_measure")),
        sa.CheckConstraint("status IN ('open', 'decided', 'stopped')", name=op.f("ck_ab_tests_status")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_ab_tests_campaign_id_campaigns"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_tests")),
        sa.UniqueConstraint("campaign_id", name=op.f("uq_ab_tests_campaign_id")),
    )
    op.create_index("ix_ab_tests_created_at", "ab_tests", ["created_at", "id"])


def downgrade() -> None:
    op.drop_table("ab_tests")
    op.drop_column("sends", "variant")

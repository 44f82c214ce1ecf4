"""Guidance with versions, plans that can be chosen between, edits that can be undone, triggers.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guidance_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "document", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_by_name", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_guidance_versions_created_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_guidance_versions")),
    )
    op.create_table(
        "plan_choices",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("scheduled_date", sa.Date(), nullable=False),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.Column("skip_detail", sa.Text(), nullable=True),
        sa.Column("content", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_choices_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "action_id", name=op.f("pk_plan_choices")),
    )
    op.create_table(
        "plan_edits",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("batch", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_plan_edits_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_edits")),
    )
    op.create_index("ix_plan_edits_campaign", "plan_edits", ["campaign_id", "id"])
    op.create_index("ix_plan_edits_plan", "plan_edits", ["plan_id", "id"])
    op.create_index("ix_plan_edits_batch", "plan_edits", ["batch"])
    op.create_table(
        "trigger_firings",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("occasion_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_trigger_firings_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_trigger_firings_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "customer_id", name=op.f("pk_trigger_firings")),
    )
    op.create_index("ix_trigger_firings_customer", "trigger_firings", ["customer_id"])
    op.add_column("plans", sa.Column("guidance_version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("plans", sa.Column("engine_record", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("campaigns", sa.Column("is_autopilot", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("campaigns", sa.Column("trigger", postgresql.JSONB(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("campaigns", "trigger")
    op.drop_column("campaigns", "is_autopilot")
    op.drop_column("plans", "engine_record")
    op.drop_column("plans", "guidance_version")
    op.drop_table("trigger_firings")
    op.drop_table("plan_edits")
    op.drop_table("plan_choices")
    op.drop_table("guidance_versions")

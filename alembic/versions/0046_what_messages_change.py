"""What messages change, as learned from held-out groups; and what was decided for whom, with which chance, on what.

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uplift_models",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), primary_key=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("people", sa.Integer(), server_default="0", nullable=False),
        sa.Column("controls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("params", JSONB(none_as_null=True), server_default="{}", nullable=False),
        sa.UniqueConstraint("version"),
    )
    op.add_column("actions", sa.Column("arm", sa.Text(), nullable=True))
    op.create_check_constraint("arm", "actions", "arm IN ('agent', 'random', 'holdout')")
    op.add_column("actions", sa.Column("propensity", sa.Double(), nullable=True))
    op.add_column("actions", sa.Column("policy", sa.Text(), nullable=True))
    op.add_column("actions", sa.Column("decision", JSONB(none_as_null=True), nullable=True))
    op.create_index(
        "ix_actions_learning", "actions", ["scheduled_date", "id"], postgresql_where=sa.text("arm IS NOT NULL")
    )
    op.add_column("plan_choices", sa.Column("drawn", JSONB(none_as_null=True), nullable=True))
    op.create_table(
        "decision_counts",
        sa.Column("plan_id", sa.Uuid(), primary_key=True),
        sa.Column("campaign_id", sa.Uuid(), sa.ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
        sa.Column("segment_slug", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), primary_key=True),
        sa.Column("people", sa.Integer(), server_default="0", nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
    )
    # who joins a campaign that runs now is the agent's as well
    op.execute(_RENAME.format(new="agent", old="contacted"))


_RENAME = """
UPDATE experiment_arms m SET name = '{new}' FROM experiments e
 WHERE e.id = m.experiment_id AND e.kind = 'holdout' AND m.name = '{old}'
"""


def downgrade() -> None:
    op.execute(_RENAME.format(new="contacted", old="agent"))
    op.drop_table("decision_counts")
    op.drop_column("plan_choices", "drawn")
    op.drop_index("ix_actions_learning", "actions")
    for column in ("decision", "policy", "propensity", "arm"):
        op.drop_column("actions", column)
    op.drop_table("uplift_models")

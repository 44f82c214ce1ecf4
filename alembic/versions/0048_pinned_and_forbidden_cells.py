"""Cells a marketer pinned or forbade; the arm of those for whom chance has nothing to draw from.

Revision ID: 0048
Revises: 0052
"""

import sqlalchemy as sa

from alembic import op

revision = "0048"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cell_rules",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("effect", "segment_slug", "offer", "channel")),
        sa.Column("due", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint("effect IN ('pin', 'forbid')", name="effect"),
    )
    op.create_index(
        "ix_cell_rules_standing", "cell_rules", ["created_at"], postgresql_where=sa.text("undone_at IS NULL")
    )
    _arms("'agent', 'random', 'fixed', 'holdout'")


def downgrade() -> None:
    op.execute("UPDATE actions SET arm = 'agent' WHERE arm = 'fixed'")
    _arms("'agent', 'random', 'holdout'")
    op.drop_table("cell_rules")


def _arms(allowed: str) -> None:
    op.drop_constraint("arm", "actions", type_="check")
    op.create_check_constraint("arm", "actions", f"arm IN ({allowed})")

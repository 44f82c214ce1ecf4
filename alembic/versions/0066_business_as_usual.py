"""Business as usual is an arm.

Revision ID: 0066
Revises: 0065
"""

from __future__ import annotations

from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _arms("'agent', 'random', 'usual', 'fixed', 'holdout'")


def downgrade() -> None:
    op.execute("UPDATE actions SET arm = 'fixed' WHERE arm = 'usual'")
    op.execute("DELETE FROM played_outcomes WHERE arm = 'usual'")
    _arms("'agent', 'random', 'fixed', 'holdout'")


def _arms(allowed: str) -> None:
    for table in ("actions", "played_outcomes"):
        op.drop_constraint("arm", table, type_="check")
        op.create_check_constraint("arm", table, f"arm IN ({allowed})")

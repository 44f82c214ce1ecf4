"""A played week has every arm a plan draws."""

from __future__ import annotations

from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _arms("'agent', 'random', 'fixed', 'holdout'")


def downgrade() -> None:
    op.execute("DELETE FROM played_outcomes WHERE arm = 'fixed'")
    _arms("'agent', 'random', 'holdout'")


def _arms(names: str) -> None:
    op.drop_constraint("arm", "played_outcomes", type_="check")
    op.create_check_constraint("arm", "played_outcomes", f"arm IN ({names})")

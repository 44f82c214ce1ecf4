"""An A/B test may be of an offer or of a channel.

Revision ID: 0108
Revises: 0106
"""

from __future__ import annotations

from alembic import op

revision = "0108"
down_revision = "0106"
branch_labels = None
depends_on = None

_NAME = "ck_ab_tests_topic"


def upgrade() -> None:
    op.drop_constraint(op.f(_NAME), "ab_tests", type_="check")
    op.create_check_constraint(op.f(_NAME), "ab_tests", "topic IN ('subject', 'words', 'hour', 'offer', 'channel')")


def downgrade() -> None:
    op.execute("DELETE FROM ab_tests WHERE topic IN ('offer', 'channel')")
    op.drop_constraint(op.f(_NAME), "ab_tests", type_="check")
    op.create_check_constraint(op.f(_NAME), "ab_tests", "topic IN ('subject', 'words', 'hour')")

"""Since when a segment's rule is counted: whoever it held at first is no growth.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("segments", sa.Column("counted_since", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE segments s SET counted_since = COALESCE((SELECT min(h.at) FROM segment_changes h WHERE h.segment_id = s.id), s.last_computed_at)"
    )


def downgrade() -> None:
    op.drop_column("segments", "counted_since")

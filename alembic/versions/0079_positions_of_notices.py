"""Notices have a position in the order in which they could be seen; how far somebody looked is one.

Revision ID: 0079
Revises: 0078
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notifications", sa.Column("position", sa.Integer()))
    op.execute(
        "UPDATE notifications n SET position = w.position FROM"
        " (SELECT id, row_number() OVER (ORDER BY id) AS position FROM notifications) w WHERE n.id = w.id"
    )
    op.create_index("uq_notifications_position", "notifications", ["position"], unique=True)
    op.add_column("notices_seen", sa.Column("position", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE notices_seen s SET position = COALESCE("
        "(SELECT max(n.position) FROM notifications n WHERE n.created_at <= s.until), 0)"
    )
    op.drop_column("notices_seen", "until")


def downgrade() -> None:
    op.add_column("notices_seen", sa.Column("until", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE notices_seen s SET until = COALESCE("
        "(SELECT max(n.created_at) FROM notifications n WHERE n.position <= s.position), '-infinity')"
    )
    op.alter_column("notices_seen", "until", nullable=False)
    op.drop_column("notices_seen", "position")
    op.drop_index("uq_notifications_position", "notifications")
    op.drop_column("notifications", "position")

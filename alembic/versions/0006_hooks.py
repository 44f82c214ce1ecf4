"""Tracking that a brand or a customer can turn off, and what a customer wants: a pause, fewer messages.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FLAGS = (("brands", "track_clicks", "true"), ("brands", "track_opens", "true"), ("customers", "no_tracking", "false"))


def upgrade() -> None:
    for table, name, default in FLAGS:
        op.add_column(table, sa.Column(name, sa.Boolean(), server_default=sa.text(default), nullable=False))
    op.add_column("customers", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("customers", sa.Column("max_contacts_30_days", sa.SmallInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("customers", "max_contacts_30_days")
    op.drop_column("customers", "paused_until")
    for table, name, _ in reversed(FLAGS):
        op.drop_column(table, name)

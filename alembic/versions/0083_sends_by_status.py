"""Messages of one status, the latest first: those that are over stood in no index.

Revision ID: 0083
Revises: 0082
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

_OVER = "status IN ('sent', 'delivered', 'bounced', 'complained', 'skipped', 'failed', 'cancelled', 'unknown')"


def upgrade() -> None:
    op.create_index("ix_sends_status", "sends", ["status", "created_at", "id"], postgresql_where=sa.text(_OVER))


def downgrade() -> None:
    op.drop_index("ix_sends_status", "sends")

"""The audit log says which fields changed, and where from.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_log", sa.Column("ip", sa.Text(), nullable=True))
    op.add_column("audit_log", sa.Column("via", sa.Text(), server_default="", nullable=False))
    op.add_column("audit_log", sa.Column("fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))


def downgrade() -> None:
    for name in ("fields", "via", "ip"):
        op.drop_column("audit_log", name)

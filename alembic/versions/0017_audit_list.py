"""The audit log is read as a list: its index reaches down to the id.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_audit_log_at", "audit_log")
    op.create_index("ix_audit_log_at", "audit_log", ["at", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_log_at", "audit_log")
    op.create_index("ix_audit_log_at", "audit_log", ["at"])

"""What only the owner of the tables may do runs as the owner: the audit log's two functions, and new partitions.

So an account that owns nothing can be given them. Their search path is fixed: nobody's temporary table stands for ours.

Revision ID: 0087
Revises: 0086
"""

from __future__ import annotations

from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None

FUNCTIONS = (
    "audit_log_forget(timestamptz, int)", "audit_log_scrub(uuid[], text, text)", "ensure_partitions(date, date)",
)  # fmt: skip


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} SECURITY DEFINER SET search_path = public, pg_temp")
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO PUBLIC")
        op.execute(f"ALTER FUNCTION {function} SECURITY INVOKER RESET search_path")

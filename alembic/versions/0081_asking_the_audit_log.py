"""The audit log is found by whom, what it is about, what was done, what came of it and from where, however long it is.

Revision ID: 0081
Revises: 0079
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0081"
down_revision = "0079"
branch_labels = None
depends_on = None

_OUTCOME = (
    "(CASE WHEN action LIKE '%.refused' OR action LIKE '%.locked' OR action LIKE '%.reused' THEN 'refused'"
    " WHEN action LIKE '%\\_failed' THEN 'failed' ELSE 'done' END)"
)
_SEARCH = "lower(actor_name || ' ' || action || ' ' || entity || ' ' || via) gin_trgm_ops"
_BY = {"subject": "entity_id", "actor": "actor_id", "ip": "ip"}


def upgrade() -> None:
    op.drop_index("ix_audit_log_entity", "audit_log")
    op.create_index("ix_audit_log_entity", "audit_log", ["entity", "at", "id"])
    for name, column in _BY.items():
        op.create_index(
            f"ix_audit_log_{name}", "audit_log", [column, "at", "id"], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )
    op.create_index("ix_audit_log_action", "audit_log", ["action", "at", "id"])
    op.create_index("ix_audit_log_via", "audit_log", ["via", "at", "id"])
    op.create_index("ix_audit_log_outcome", "audit_log", [sa.text(_OUTCOME), "at", "id"])
    op.create_index("ix_audit_log_search", "audit_log", [sa.text(_SEARCH)], postgresql_using="gin")


def downgrade() -> None:
    for name in ("search", "outcome", "via", "action", *_BY, "entity"):
        op.drop_index(f"ix_audit_log_{name}", "audit_log")
    op.create_index("ix_audit_log_entity", "audit_log", ["entity", "entity_id", "at"])

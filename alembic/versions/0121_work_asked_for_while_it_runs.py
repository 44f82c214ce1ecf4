"""Work of the same key that waits is joined; what runs is not: another waits for its end.

Revision ID: 0121
Revises: 0114
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0121"
down_revision = "0114"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("uq_jobs_dedupe_open", table_name="jobs")
    for status in ("queued", "running"):
        op.create_index(
            f"uq_jobs_dedupe_{status}", "jobs", ["name", "dedupe_key"], unique=True,
            postgresql_where=sa.text(f"dedupe_key IS NOT NULL AND status = '{status}'"),
        )  # fmt: skip


def downgrade() -> None:
    for status in ("running", "queued"):
        op.drop_index(f"uq_jobs_dedupe_{status}", table_name="jobs")
    # of two with one key the one that waits gives way
    op.execute(
        "DELETE FROM jobs q USING jobs r WHERE q.status = 'queued' AND r.status = 'running' AND q.name = r.name"
        " AND q.dedupe_key = r.dedupe_key"
    )
    op.create_index(
        "uq_jobs_dedupe_open", "jobs", ["name", "dedupe_key"], unique=True,
        postgresql_where=sa.text("dedupe_key IS NOT NULL AND status IN ('queued', 'running')"),
    )  # fmt: skip

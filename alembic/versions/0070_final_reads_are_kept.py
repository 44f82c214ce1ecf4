"""The one final read of a campaign is kept as it was read.

Revision ID: 0070
Revises: 0069
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

_KEYS = ["campaign_id", "arm", "segment_slug", "playbook", "offer_name", "discount_pct", "is_final"]
_DROP_UNIQUE = """
DO $$ DECLARE was text; BEGIN
    SELECT conname INTO STRICT was FROM pg_constraint WHERE conrelid = 'outcome_sums'::regclass AND contype = 'u';
    EXECUTE format('ALTER TABLE outcome_sums DROP CONSTRAINT %I', was);
END $$
"""
"""Its name is one the server cut."""


def upgrade() -> None:
    op.add_column("outcome_sums", sa.Column("is_kept", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(_DROP_UNIQUE)
    op.create_unique_constraint(None, "outcome_sums", [*_KEYS, "is_kept"])


def downgrade() -> None:
    op.execute("DELETE FROM outcome_sums WHERE is_kept")
    op.execute(_DROP_UNIQUE)
    op.drop_column("outcome_sums", "is_kept")
    op.create_unique_constraint(None, "outcome_sums", _KEYS)

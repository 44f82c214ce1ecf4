"""Which key a key was made with: it is revoked with it. For those there are, the audit log says so.

Revision ID: 0099
Revises: 0092
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0099"
down_revision = "0092"
branch_labels = None
depends_on = None

_OF_BEFORE = """
UPDATE api_keys k SET made_with = m.id
  FROM audit_log a JOIN api_keys m ON m.id = a.actor_id
 WHERE a.action = 'api_key.created' AND a.actor_kind = 'api_key' AND a.entity_id = k.id
"""


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("made_with", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_api_keys_made_with_api_keys"), "api_keys", "api_keys", ["made_with"], ["id"], ondelete="SET NULL"
    )
    op.execute(_OF_BEFORE)


def downgrade() -> None:
    op.drop_column("api_keys", "made_with")

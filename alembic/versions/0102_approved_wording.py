"""What a campaign's messages were approved to be made of: those under way keep the templates in use now.

Revision ID: 0102
Revises: 0101
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0102"
down_revision = "0101"
branch_labels = None
depends_on = None

_OF_NOW = """
UPDATE campaigns SET approved_wording = jsonb_build_object('templates', COALESCE((
    SELECT jsonb_object_agg(concat(c.channel, ':', c.category), c.version) FROM (
        SELECT DISTINCT ON (t.channel, t.category) t.channel, t.category, t.current_version_id AS version
          FROM message_templates t WHERE t.is_active AND t.current_version_id IS NOT NULL
         ORDER BY t.channel, t.category, t.updated_at DESC, t.id) c), '{}'))
 WHERE status IN ('scheduled', 'active', 'paused') AND NOT is_history
"""


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("approved_wording", JSONB(), nullable=True))
    op.execute(_OF_NOW)


def downgrade() -> None:
    op.drop_column("campaigns", "approved_wording")

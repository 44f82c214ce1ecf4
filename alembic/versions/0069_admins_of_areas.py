"""Keys of admins that may write in an area are its admins: what only admins may do has a word of its own since.

Revision ID: 0069
Revises: 0068
"""

from __future__ import annotations

from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

# chr(58): a colon, which would begin a parameter
_RENAMED = """
UPDATE api_keys SET areas = ARRAY(
    SELECT CASE WHEN split_part(area, chr(58), 1)
                     IN ('allocations', 'campaigns', 'customers', 'imports', 'settings', 'webhooks')
                 AND split_part(area, chr(58), 2) = '{old}'
                THEN split_part(area, chr(58), 1) || chr(58) || '{new}' ELSE area END
      FROM unnest(areas) WITH ORDINALITY AS one(area, place) ORDER BY place)
 WHERE role = 'admin'
"""


def upgrade() -> None:
    op.execute(_RENAMED.format(old="write", new="admin"))


def downgrade() -> None:
    op.execute(_RENAMED.format(old="admin", new="write"))

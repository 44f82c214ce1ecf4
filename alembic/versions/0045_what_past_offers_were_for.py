"""What a past campaign's offers were for, and until when they held, where that is not told action by action.

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("offer_categories", ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("campaigns", sa.Column("offers_end_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("campaigns", "offers_end_on")
    op.drop_column("campaigns", "offer_categories")

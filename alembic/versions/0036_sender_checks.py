"""What the last look at each sending domain's SPF, DKIM and DMARC found.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sender_checks",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("selectors", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("envelope", sa.Text(), server_default="", nullable=False),
        sa.Column("verdict", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("findings", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("domain", "provider", name="pk_sender_checks"),
    )


def downgrade() -> None:
    op.drop_table("sender_checks")

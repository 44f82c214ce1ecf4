"""What many messages say alike is kept once: stencils, and each message's own values.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stencils",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("html", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("text", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("links", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stencils")),
    )
    op.add_column("sends", sa.Column("stencil_id", sa.Uuid(), nullable=True))
    op.add_column("sends", sa.Column("body_values", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    # What a stencil says cannot be told without it.
    op.drop_column("sends", "body_values")
    op.drop_column("sends", "stencil_id")
    op.drop_table("stencils")

"""Lines that wait say whether they void a sale.

Revision ID: 0078
Revises: 0073
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0078"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_lines", sa.Column("is_void", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    op.drop_column("import_lines", "is_void")

"""Dates of birth in refused rows are sealed.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_rejects", sa.Column("birth_cells_encrypted", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("import_rejects", "birth_cells_encrypted")

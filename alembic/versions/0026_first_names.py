"""Given names where a file tells them apart.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("first_name", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("customers", "first_name")

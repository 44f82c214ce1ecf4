"""A brand is sold under a licence, and its state's law binds what is offered.

Nothing is filled in: the state is proposed from the postal address where it is asked, and somebody confirms it.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("minimum_price", sa.Numeric(12, 2), nullable=True))
    op.add_column("brands", sa.Column("licence_state", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("brands", "licence_state")
    op.drop_column("products", "minimum_price")

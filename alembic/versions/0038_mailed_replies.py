"""Replies come by e-mail, too.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("replies", sa.Column("medium", sa.Text(), server_default="sms", nullable=False))
    op.create_check_constraint(op.f("ck_replies_medium"), "replies", "medium IN ('email', 'sms')")


def downgrade() -> None:
    op.execute("DELETE FROM replies WHERE medium = 'email'")
    op.drop_constraint(op.f("ck_replies_medium"), "replies", type_="check")
    op.drop_column("replies", "medium")

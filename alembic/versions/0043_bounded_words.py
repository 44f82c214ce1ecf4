"""How a reply was proved, how often a no was said again, and addresses that were turned away as too young.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("replies", sa.Column("proof", sa.Text(), server_default="not_told", nullable=False))
    op.create_check_constraint(
        op.f("ck_replies_proof"), "replies", "proof IN ('answer', 'passed', 'failed', 'not_told')"
    )
    op.add_column("replies", sa.Column("holds", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("suppressions", sa.Column("repeats", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE suppressions SET repeats = 1 WHERE repeated_at IS NOT NULL")
    op.create_table(
        "sign_up_refusals",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_sign_up_refusals")),
    )
    op.create_index("ix_sign_up_refusals_at", "sign_up_refusals", ["refused_at"])


def downgrade() -> None:
    op.drop_table("sign_up_refusals")
    op.drop_column("suppressions", "repeats")
    op.drop_column("replies", "holds")
    op.drop_constraint(op.f("ck_replies_proof"), "replies", type_="check")
    op.drop_column("replies", "proof")

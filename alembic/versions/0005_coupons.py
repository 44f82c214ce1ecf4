"""What coupons took off: it says more than anything else about who answers an offer.

Revision ID: 0005
Revises: 0001
"""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("purchases", sa.Column("coupon_lines", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column(
        "purchase_lines",
        sa.Column("coupon_discount", sa.Numeric(12, 2), server_default=sa.text("0"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("purchase_lines", "coupon_discount")
    op.drop_column("purchases", "coupon_lines")

"""What coupons took off: it says more than anything else about who answers an offer.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("purchases", sa.Column("coupon_lines", sa.Integer(), server_default=sa.text("0"), nullable=False))
    for table in ("purchase_lines", "import_lines"):
        op.add_column(
            table, sa.Column("coupon_discount", sa.Numeric(12, 2), server_default=sa.text("0"), nullable=False)
        )


def downgrade() -> None:
    for table in ("import_lines", "purchase_lines"):
        op.drop_column(table, "coupon_discount")
    op.drop_column("purchases", "coupon_lines")

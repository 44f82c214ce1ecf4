"""A coupon code is one in any case, as to a till.

Of codes that differ by case alone, those nobody has got are removed. Where two were given away, the later one keeps its
row, for the record of who got it, under a name no till prints: redemptions always were ascribed by letters alone.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "DELETE FROM coupons c USING coupons o WHERE upper(c.code) = upper(o.code) AND c.id <> o.id"
        " AND c.action_id IS NULL AND (o.action_id IS NOT NULL OR o.id < c.id)"
    )
    op.execute(
        "UPDATE coupons c SET code = c.code || '~' || left(CAST(c.id AS text), 13) FROM coupons o"
        " WHERE upper(c.code) = upper(o.code) AND o.id < c.id"
    )
    op.drop_constraint("uq_coupons_code", "coupons")
    op.create_index("uq_coupons_code", "coupons", [sa.text("upper(code)")], unique=True)


def downgrade() -> None:
    op.drop_index("uq_coupons_code", "coupons")
    op.create_unique_constraint("uq_coupons_code", "coupons", ["code"])

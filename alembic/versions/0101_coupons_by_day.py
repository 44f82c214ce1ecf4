"""Coupon codes by the moment they were given: redemption is told of the last ninety days.

Revision ID: 0101
Revises: 0100
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0101"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_coupons_issued", "coupons", ["issued_at"], postgresql_where=sa.text("issued_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_coupons_issued", "coupons")

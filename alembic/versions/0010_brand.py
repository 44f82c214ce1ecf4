"""Coupon pools, the brand's header, and a record of confirmations sent.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupon_pools",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("discount_pct", sa.Numeric(5, 2), server_default="0", nullable=False),
        sa.Column("is_standing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("low_water", sa.Integer(), server_default="0", nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_pools")),
        sa.UniqueConstraint("name", name=op.f("uq_coupon_pools_name")),
    )
    op.create_index(
        "uq_coupon_pools_standing", "coupon_pools", ["discount_pct"], unique=True,
        postgresql_where=sa.text("is_standing"),
    )  # fmt: skip
    op.create_table(
        "campaign_pools",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("discount_pct", sa.Numeric(5, 2), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_pools_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["coupon_pools.id"], name=op.f("fk_campaign_pools_pool_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "discount_pct", name=op.f("pk_campaign_pools")),
    )
    op.create_index("ix_campaign_pools_pool", "campaign_pools", ["pool_id"])
    op.add_column("coupons", sa.Column("pool_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_coupons_pool_id"), "coupons", "coupon_pools", ["pool_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_coupons_pool", "coupons", ["pool_id"], postgresql_where=sa.text("pool_id IS NOT NULL"))
    op.create_index(
        "ix_coupons_free", "coupons", ["pool_id", "id"],
        postgresql_where=sa.text("pool_id IS NOT NULL AND action_id IS NULL"),
    )  # fmt: skip
    op.create_index(
        "uq_coupons_action", "coupons", ["action_id"], unique=True, postgresql_where=sa.text("action_id IS NOT NULL")
    )
    op.add_column("brands", sa.Column("header", sa.Text(), server_default="none", nullable=False))
    op.add_column("brands", sa.Column("logo_alt", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(op.f("ck_brands_header"), "brands", "header IN ('none', 'plain', 'band')")
    op.create_table(
        "service_messages",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("provider_message_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_service_messages_customer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_messages")),
    )
    op.create_index("ix_service_messages_address", "service_messages", ["address_hash", "created_at"])
    op.create_index("ix_service_messages_customer", "service_messages", ["customer_id", "created_at"])


def downgrade() -> None:
    op.drop_table("service_messages")
    op.drop_constraint(op.f("ck_brands_header"), "brands", type_="check")
    op.drop_column("brands", "logo_alt")
    op.drop_column("brands", "header")
    # what a pool still holds was given to nobody, and nobody could give it
    op.execute("DELETE FROM coupons WHERE pool_id IS NOT NULL AND action_id IS NULL")
    for index in ("uq_coupons_action", "ix_coupons_free", "ix_coupons_pool"):
        op.drop_index(index, "coupons")
    op.drop_constraint(op.f("fk_coupons_pool_id"), "coupons", type_="foreignkey")
    op.drop_column("coupons", "pool_id")
    op.drop_table("campaign_pools")
    op.drop_table("coupon_pools")

"""Who asked for a product, and allocations of bottles there are too few of.

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def _moment(name: str, *, default: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not default, server_default=NOW if default else None)


def upgrade() -> None:
    op.create_table(
        "product_interests",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        _moment("out_since"),
        _moment("told_at"),
        _moment("asked_at", default=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name="fk_product_interests_product_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_product_interests_customer_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint("status IN ('waiting', 'told')", name=op.f("ck_product_interests_status")),
        sa.PrimaryKeyConstraint("id", name="pk_product_interests"),
        sa.UniqueConstraint("product_id", "customer_id", name="uq_product_interests_product_id_customer_id"),
    )
    op.create_index("ix_product_interests_asked", "product_interests", ["product_id", "asked_at", "id"])
    op.create_index("ix_product_interests_customer", "product_interests", ["customer_id"])
    op.create_table(
        "allocations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("bottles", sa.Integer(), server_default="0", nullable=False),
        sa.Column("method", sa.Text(), server_default="draw", nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("counsel", sa.Text(), server_default="", nullable=False),
        sa.Column("seed_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("seed_hash", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("list_hash", sa.Text(), nullable=True),
        sa.Column("listed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=True),
        _moment("frozen_at"),
        _moment("drawn_at"),
        sa.Column("created_by_name", sa.Text(), server_default="", nullable=False),
        _moment("created_at", default=True),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_allocations_product_id", ondelete="SET NULL"),
        sa.CheckConstraint("method IN ('draw', 'spend')", name=op.f("ck_allocations_method")),
        sa.CheckConstraint("status IN ('open', 'frozen', 'drawn', 'cancelled')", name=op.f("ck_allocations_status")),
        sa.PrimaryKeyConstraint("id", name="pk_allocations"),
    )
    op.create_index("ix_allocations_created", "allocations", ["created_at", "id"])
    op.create_table(
        "allocation_entries",
        sa.Column("allocation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("spend", sa.Numeric(14, 2), server_default="0", nullable=False),
        sa.Column("ticket", sa.Text(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), server_default="listed", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        _moment("decided_at"),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["allocations.id"], name="fk_allocation_entries_allocation_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_allocation_entries_customer_id", ondelete="SET NULL"
        ),
        sa.CheckConstraint(
            "status IN ('listed', 'left_out', 'offered', 'claimed', 'passed')",
            name=op.f("ck_allocation_entries_status"),
        ),
        sa.PrimaryKeyConstraint("allocation_id", "number", name="pk_allocation_entries"),
        sa.UniqueConstraint("allocation_id", "person", name="uq_allocation_entries_allocation_id_person"),
    )
    op.create_index("ix_allocation_entries_place", "allocation_entries", ["allocation_id", "place"])
    op.create_index("ix_allocation_entries_customer", "allocation_entries", ["customer_id"])


def downgrade() -> None:
    op.drop_table("allocation_entries")
    op.drop_table("allocations")
    op.drop_table("product_interests")

"""Texts people write to us that no rule understands wait for a person, and hold further texts until read.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replies",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("read_by", sa.Text(), server_default="", nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_replies_customer_id", ondelete="SET NULL"),
        sa.CheckConstraint("status IN ('open', 'no', 'read')", name=op.f("ck_replies_status")),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
        sa.UniqueConstraint("provider", "event_id", name="uq_replies_provider_event_id"),
    )
    op.create_index("ix_replies_open", "replies", ["address_hash"], postgresql_where=sa.text("status = 'open'"))
    op.create_index("ix_replies_received", "replies", ["received_at", "id"])
    op.create_index("ix_replies_customer", "replies", ["customer_id"])


def downgrade() -> None:
    op.drop_table("replies")

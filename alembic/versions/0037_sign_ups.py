"""Sign-up pages, their wordings, addresses that wait for their own yes, and counts by day.

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")


def _text(name: str, **said: object) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False, **said)


def _brand(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=f"fk_{table}_brand_id", ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "sign_up_pages",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        _text("slug"),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("origins", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        _brand("sign_up_pages"),
        sa.PrimaryKeyConstraint("brand_id", name="pk_sign_up_pages"),
        sa.UniqueConstraint("slug", name="uq_sign_up_pages_slug"),
    )
    op.create_table(
        "sign_up_wordings",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("told", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        _text("written_by", server_default=""),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        _brand("sign_up_wordings"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_up_wordings"),
        sa.UniqueConstraint("brand_id", "version", name="uq_sign_up_wordings_brand_id_version"),
    )
    op.create_table(
        "sign_ups",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        _text("channel"),
        _text("status", server_default="waiting"),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("entry_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("became_id", sa.Uuid(), nullable=True),
        sa.Column("made_customer", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_sign_ups_channel")),
        sa.CheckConstraint("status IN ('waiting', 'confirmed', 'cancelled')", name=op.f("ck_sign_ups_status")),
        _brand("sign_ups"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ups"),
    )
    op.create_index("ix_sign_ups_address", "sign_ups", ["address_hash", "created_at"])
    op.create_index("ix_sign_ups_at", "sign_ups", ["created_at"])
    op.create_table(
        "sign_up_days",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _text("what"),
        sa.Column("count", sa.Integer(), server_default="0", nullable=False),
        _brand("sign_up_days"),
        sa.PrimaryKeyConstraint("brand_id", "day", "what", name="pk_sign_up_days"),
    )
    op.add_column("service_messages", sa.Column("sign_up_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("service_messages", "sign_up_id")
    for table in ("sign_up_days", "sign_ups", "sign_up_wordings", "sign_up_pages"):
        op.drop_table(table)

"""Imports in chunks with a checkpoint, and scoring of the few who changed.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _document(name: str) -> sa.Column:
    kind = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    return sa.Column(name, kind, server_default=sa.text("'{}'::jsonb"), nullable=False)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.add_column("imports", _document("options"))
    op.add_column("imports", _document("reasons"))
    op.add_column("imports", sa.Column("error", sa.Text(), nullable=True))
    op.add_column("import_rejects", sa.Column("code", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "import_lines",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_hour", sa.SmallInteger(), nullable=True),
        sa.Column("store", sa.Text(), nullable=True),
        sa.Column("coupon_code", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(10, 2), server_default="0", nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), server_default="0", nullable=False),
        sa.Column("discount", sa.Numeric(12, 2), server_default="0", nullable=False),
        sa.Column("is_alcohol", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "order_id", "row_number", name=op.f("pk_import_lines")),
    )
    op.create_table(
        "touched_customers",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        _moment("at"),
        sa.Column("claimed", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_touched_customers_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_touched_customers")),
    )
    op.create_table(
        "scoring_standards",
        sa.Column("key", sa.Text(), nullable=False),
        _moment("computed_at"),
        _document("content"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_scoring_standards")),
    )


def downgrade() -> None:
    op.drop_table("scoring_standards")
    op.drop_table("touched_customers")
    op.drop_table("import_lines")
    op.drop_column("import_rejects", "code")
    for name in ("error", "reasons", "options"):
        op.drop_column("imports", name)

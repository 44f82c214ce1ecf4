"""Custom fields of the shop's own, whose values stand in the customers' raw data.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "custom_fields",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('text', 'number', 'date', 'flag')", name=op.f("ck_custom_fields_kind")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_custom_fields")),
    )
    op.add_column("customer_tags", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_customers_custom",
        "customers",
        [sa.text("raw_data jsonb_path_ops")],
        postgresql_using="gin",
        postgresql_where=sa.text("deleted_at IS NULL AND raw_data IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_customers_custom", "customers")
    op.drop_column("customer_tags", "import_id")
    op.drop_table("custom_fields")

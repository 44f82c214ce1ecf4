"""An order that a later file lists again, unchanged, is kept where the import before it is undone.

Revision ID: 0114
Revises: 0116
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0114"
down_revision = "0116"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purchase_confirmations",
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.id"], name=op.f("fk_purchase_confirmations_purchase_id_purchases"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("purchase_id", "import_id", name=op.f("pk_purchase_confirmations")),
    )  # fmt: skip
    op.create_index("ix_purchase_confirmations_import_id", "purchase_confirmations", ["import_id"])


def downgrade() -> None:
    op.drop_table("purchase_confirmations")

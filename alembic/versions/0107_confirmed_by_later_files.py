"""Who and what a later file lists again, unchanged, is kept where the import before it is undone. Warned rows are kept.

Revision ID: 0107
Revises: 0111
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0107"
down_revision = "0111"
branch_labels = None
depends_on = None

BEFORE = ("waiting", "taken", "repeated", "failed")
AFTER = (*BEFORE, "discarded")


def _statuses(values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.drop_constraint(op.f("ck_drop_files_status"), "drop_files", type_="check")
    op.create_check_constraint(op.f("ck_drop_files_status"), "drop_files", f"status IN ({listed})")


def upgrade() -> None:
    op.create_table(
        "customer_confirmations",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("is_unchanged", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_confirmations_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", "import_id", name=op.f("pk_customer_confirmations")),
    )  # fmt: skip
    op.create_index("ix_customer_confirmations_import_id", "customer_confirmations", ["import_id"])
    op.create_table(
        "import_warnings",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("read", sa.Text(), nullable=True),
        sa.Column("done", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_warnings_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_warnings")),
    )
    op.create_index("ix_import_warnings_import_id", "import_warnings", ["import_id", "row_number"])
    _statuses(AFTER)
    op.add_column("products", sa.Column("seen_by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.execute("UPDATE drop_files SET status = 'failed' WHERE status = 'discarded'")
    _statuses(BEFORE)
    op.drop_column("products", "seen_by")
    op.drop_table("import_warnings")
    op.drop_table("customer_confirmations")

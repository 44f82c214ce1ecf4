"""An import can be taken back: each row knows who made it, and what an import changed is kept as it was.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

MADE = ("customers", "purchases", "consents", "age_ledger", "suppressions")
FOUND = ("customers", "purchases", "suppressions")
BEFORE = ("preview", "queued", "running", "completed", "failed", "cancelled")
AFTER = (*BEFORE, "undoing", "undo_stopped", "undone")


def _statuses(values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.drop_constraint(op.f("ck_imports_status"), "imports", type_="check")
    op.create_check_constraint(op.f("ck_imports_status"), "imports", f"status IN ({listed})")


def _document(name: str, empty: str = "{}") -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), server_default=empty, nullable=False)


def _images(table: str, of: str, target: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        table,
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column(of, sa.Uuid(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint([of], [f"{target}.id"], name=op.f(f"fk_{table}_{of}"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", of, name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_{of}", table, [of])


def upgrade() -> None:
    for table in MADE:
        op.add_column(table, sa.Column("import_id", sa.Uuid(), nullable=True))
    op.add_column("purchases", sa.Column("written_by", sa.Uuid(), nullable=True))
    op.add_column("suppressions", sa.Column("repeated_at", sa.DateTime(timezone=True), nullable=True))
    for table in FOUND:
        op.create_index(
            f"ix_{table}_import", table, ["import_id", "id"], postgresql_where=sa.text("import_id IS NOT NULL")
        )
    op.create_index(
        "ix_customer_tags_import", "customer_tags", ["import_id", "customer_id"],
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )  # fmt: skip
    _images(
        "customer_images", "customer_id", "customers", _document("before"), _document("after"),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )  # fmt: skip
    _images("purchase_images", "purchase_id", "purchases", _document("before"), _document("lines", "[]"))
    op.add_column("imports", _document("undo"))
    op.add_column("imports", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    _statuses(AFTER)


def downgrade() -> None:
    op.execute("UPDATE imports SET status = 'cancelled' WHERE status IN ('undoing', 'undo_stopped', 'undone')")
    _statuses(BEFORE)
    for name in ("undone_at", "undo"):
        op.drop_column("imports", name)
    for table in ("purchase_images", "customer_images"):
        op.drop_table(table)
    op.drop_index("ix_customer_tags_import", "customer_tags")
    for table in FOUND:
        op.drop_index(f"ix_{table}_import", table)
    op.drop_column("suppressions", "repeated_at")
    op.drop_column("purchases", "written_by")
    for table in MADE:
        op.drop_column(table, "import_id")

"""Lines told apart from their order, and orders that were voided before they came.

Revision ID: 0059
Revises: 0047
"""

import sqlalchemy as sa

from alembic import op

revision = "0059"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("purchase_lines", sa.Column("row_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "purchase_lines", sa.Column("is_apart", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    # what was given back before its own moment was kept stands with its order's
    op.execute("UPDATE purchase_lines l SET row_at = p.occurred_at FROM purchases p"
               " WHERE p.id = l.purchase_id AND l.amount < 0")  # fmt: skip
    op.create_index("ix_purchase_lines_apart", "purchase_lines", ["purchase_id"], postgresql_where=sa.text("is_apart"))
    op.alter_column("import_lines", "customer_id", nullable=True)
    op.create_table(
        "voided_orders",
        sa.Column("order_id", sa.Text(), primary_key=True),
        sa.Column("import_id", sa.Uuid(), primary_key=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_voided_orders_import_id", "voided_orders", ["import_id"])


def downgrade() -> None:
    op.drop_table("voided_orders")
    op.execute("DELETE FROM import_lines WHERE customer_id IS NULL")
    op.alter_column("import_lines", "customer_id", nullable=False)
    op.drop_index("ix_purchase_lines_apart", table_name="purchase_lines")
    op.drop_column("purchase_lines", "is_apart")
    op.drop_column("purchase_lines", "row_at")

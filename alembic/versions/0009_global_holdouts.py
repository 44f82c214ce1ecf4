"""What the global holdout shows: since when which draw is left out of every campaign, and its last reading. And no
foreign key under `touched_customers`: an import checked each one beside the customer it had just written.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "global_holdouts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("share", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reading", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_global_holdouts")),
    )
    op.create_index(
        "uq_global_holdouts_open",
        "global_holdouts",
        ["seed", "share"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_constraint("fk_touched_customers_customer_id", "touched_customers", type_="foreignkey")


def downgrade() -> None:
    op.execute("DELETE FROM touched_customers t WHERE NOT EXISTS (SELECT FROM customers c WHERE c.id = t.customer_id)")
    op.create_foreign_key(
        "fk_touched_customers_customer_id", "touched_customers", "customers", ["customer_id"], ["id"],
        ondelete="CASCADE",
    )  # fmt: skip
    op.drop_index("uq_global_holdouts_open", table_name="global_holdouts")
    op.drop_table("global_holdouts")

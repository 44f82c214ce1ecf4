"""Likely doubles, and profiles of one person made one.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def _moment(name: str, **given: bool) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), **given)


def _now(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _customer(table: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [name], ["customers.id"], name=op.f(f"fk_{table}_{name}_customers"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.add_column("customers", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_table(
        "customer_aliases",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        _customer("customer_aliases", "customer_id"),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_customer_aliases")),
    )
    op.create_index("ix_customer_aliases_customer_id", "customer_aliases", ["customer_id"])
    op.create_table(
        "likely_doubles",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("score", sa.SmallInteger(), server_default="0", nullable=False),
        _now("found_at"),
        _moment("dismissed_at", nullable=True),
        sa.Column("dismissed_by", sa.Uuid(), nullable=True),
        _customer("likely_doubles", "first_id"),
        _customer("likely_doubles", "second_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_likely_doubles")),
    )
    op.create_index("uq_likely_doubles_pair", "likely_doubles", ["first_id", "second_id"], unique=True)
    op.create_index("ix_likely_doubles_score", "likely_doubles", ["score", "id"])
    op.create_index("ix_likely_doubles_second_id", "likely_doubles", ["second_id"])
    op.create_table(
        "customer_merges",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("stays_id", sa.Uuid(), nullable=False),
        sa.Column("gone_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.Column("date_of_birth_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("moved", postgresql.JSONB(), nullable=True),
        sa.Column("merged_by", sa.Uuid(), nullable=True),
        _now("at"),
        _moment("undone_at", nullable=True),
        _customer("customer_merges", "stays_id"),
        _customer("customer_merges", "gone_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_merges")),
    )
    op.create_index("ix_customer_merges_stays", "customer_merges", ["stays_id", "at"])
    op.create_index("ix_customer_merges_gone", "customer_merges", ["gone_id"])
    op.create_index("ix_customer_merges_kept", "customer_merges", ["at"], postgresql_where=sa.text("moved IS NOT NULL"))


def downgrade() -> None:
    # profiles that were made one stay one
    for name in ("customer_merges", "likely_doubles", "customer_aliases"):
        op.drop_table(name)
    op.drop_column("customers", "merged_into")

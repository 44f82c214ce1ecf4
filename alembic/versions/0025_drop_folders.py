"""Folders tills lay files in, and what came in them.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drop_sources",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), server_default="fill", nullable=False),
        sa.Column(
            "options", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("every_minutes", sa.Integer(), server_default="15", nullable=False),
        sa.Column("silent_hours", sa.Integer(), nullable=True),
        sa.Column("is_paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_look_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("silence_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drop_sources")),
        sa.UniqueConstraint("name", name=op.f("uq_drop_sources_name")),
    )
    op.create_index("uq_drop_sources_folder", "drop_sources", [sa.text("lower(folder)")], unique=True)
    op.create_table(
        "drop_files",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.Integer(), server_default="1", nullable=False),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("status IN ('waiting', 'taken', 'repeated', 'failed')", name=op.f("ck_drop_files_status")),
        sa.ForeignKeyConstraint(["source_id"], ["drop_sources.id"], name=op.f("fk_drop_files_source_id"),
                                ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_drop_files_import_id"),
                                ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drop_files")),
    )  # fmt: skip
    waiting = sa.text("status = 'waiting'")
    op.create_index("uq_drop_files_seen", "drop_files", ["source_id", "name", "size", "modified"], unique=True)
    op.create_index("uq_drop_files_waiting", "drop_files", ["source_id", "name"], unique=True, postgresql_where=waiting)
    op.create_index("ix_drop_files_mark", "drop_files", ["source_id", "mark"])
    op.create_index("ix_drop_files_source", "drop_files", ["source_id", "seen_at"])
    op.create_index("ix_drop_files_seen", "drop_files", ["seen_at", "id"])


def downgrade() -> None:
    op.drop_table("drop_files")
    op.drop_table("drop_sources")

"""Of a list's views for everybody, too, one has a name.

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAME = "uq_saved_views_page_name_user_id"


def upgrade() -> None:
    op.execute(
        "DELETE FROM saved_views a USING saved_views b WHERE a.page = b.page AND a.name = b.name"
        " AND a.user_id IS NULL AND b.user_id IS NULL AND (a.created_at, a.id) < (b.created_at, b.id)"
    )
    op.drop_constraint(NAME, "saved_views", type_="unique")
    op.create_unique_constraint(NAME, "saved_views", ["page", "name", "user_id"], postgresql_nulls_not_distinct=True)


def downgrade() -> None:
    op.drop_constraint(NAME, "saved_views", type_="unique")
    op.create_unique_constraint(NAME, "saved_views", ["page", "name", "user_id"])

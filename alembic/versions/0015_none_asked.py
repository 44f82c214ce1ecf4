"""A question that was never asked is none: the word "None" was stored for every campaign made in the app.

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE campaigns SET llm_prompt = NULL WHERE llm_prompt = 'None'")


def downgrade() -> None:
    pass

"""A question that was never asked is none: the word "None" was stored for every campaign made in the app.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE campaigns SET llm_prompt = NULL WHERE llm_prompt = 'None'")


def downgrade() -> None:
    pass

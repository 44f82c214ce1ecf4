"""A date of birth that is the evening before a program's first day (31 December 1969) proves no age.

Revision ID: 0044
Revises: 0043
"""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

# 21 years after 31 December 1900, 1903, 1969, 1979 and 1999
_EVES = "'1921-12-31', '1924-12-31', '1990-12-31', '2000-12-31', '2020-12-31'"


def upgrade() -> None:
    op.execute(f"UPDATE customers SET of_age_on = NULL, birthday_md = NULL WHERE of_age_on IN ({_EVES})")


def downgrade() -> None:
    """The sealed date is still there: whoever edits it sets them anew."""

"""An age in doubt holds all sending; dates of birth that tell nothing are none; imports keep notes.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PLACEHOLDERS = "'1900-01-01', '1901-01-01', '1904-01-01', '1970-01-01', '1980-01-01', '2000-01-01'"


def upgrade() -> None:
    op.add_column("customers", sa.Column("age_disputed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "imports", sa.Column("notes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    )
    # a till's first day was taken for a birthday; it stays in the ledger, but proves nothing any more
    op.execute(
        "INSERT INTO age_ledger (customer_id, date_of_birth, verified, method, evidence)"
        " SELECT id, date_of_birth, false, 'placeholder, taken off', '{}' FROM customers"
        f" WHERE date_of_birth IN ({PLACEHOLDERS}) AND age_verified_at IS NULL"
    )
    op.execute(
        f"UPDATE customers SET date_of_birth = NULL WHERE date_of_birth IN ({PLACEHOLDERS}) AND age_verified_at IS NULL"
    )


def downgrade() -> None:
    op.drop_column("imports", "notes")
    op.drop_column("customers", "age_disputed_at")

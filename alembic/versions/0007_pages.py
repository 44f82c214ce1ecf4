"""Consent that waits for its confirmation, and topics somebody does not want.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CONSENTS = (("customers", "email_consent"), ("customers", "sms_consent"), ("consents", "status"))


def upgrade() -> None:
    op.add_column("customers", sa.Column("topics_off", sa.ARRAY(sa.Text()), server_default="{}", nullable=False))
    _allow("'given', 'withdrawn', 'pending'")


def downgrade() -> None:
    # What was never confirmed is no consent.
    op.execute("DELETE FROM consents WHERE status = 'pending'")
    for column in ("email_consent", "sms_consent"):
        op.execute(f"UPDATE customers SET {column} = NULL WHERE {column} = 'pending'")
    _allow("'given', 'withdrawn'")
    op.drop_column("customers", "topics_off")


def _allow(values: str) -> None:
    for table, column in CONSENTS:
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} IN ({values})")

"""Dates of birth are sealed; the day of coming of age and the birthday stand beside them in plain columns.

Revision ID: 0020
Revises: 0019
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa

from alembic import op
from liquor_app.core.security.crypto import decrypt, encrypt

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

AT_ONCE = 10_000
PLACEHOLDERS = "'1900-01-01', '1901-01-01', '1904-01-01', '1970-01-01', '1980-01-01', '2000-01-01'"
OF_AGE = f"""
UPDATE customers SET of_age_on = (CASE
        WHEN extract(month FROM date_of_birth) = 2 AND extract(day FROM date_of_birth) = 29
        THEN make_date(CAST(extract(year FROM date_of_birth) AS int) + 21, 3, 1)
        ELSE CAST(date_of_birth + interval '21 years' AS date) END),
    birthday_md = extract(month FROM date_of_birth) * 100 + extract(day FROM date_of_birth)
 WHERE date_of_birth IS NOT NULL AND date_of_birth NOT IN ({PLACEHOLDERS})
"""
ALIVE = sa.text("deleted_at IS NULL")
TABLES = ("customers", "age_ledger")


def upgrade() -> None:
    op.add_column("customers", sa.Column("of_age_on", sa.Date(), nullable=True))
    op.add_column("customers", sa.Column("birthday_md", sa.SmallInteger(), nullable=True))
    op.execute(OF_AGE)
    for table in TABLES:
        op.add_column(table, sa.Column("date_of_birth_encrypted", sa.LargeBinary(), nullable=True))
        # each day once: there are fewer of them than people
        for dates in _distinct(table, "date_of_birth"):
            _write(table, [(born, encrypt(born.isoformat())) for born in dates], "date_of_birth", "date", "bytea")
        op.drop_column(table, "date_of_birth")
    # what evidence and log repeated of the dates
    op.execute(
        "UPDATE age_ledger SET evidence = evidence - 'said' - 'on_file' WHERE evidence ?| ARRAY['said', 'on_file']"
    )
    op.execute(
        "UPDATE audit_log SET changes = changes - 'said' - 'on_file'"
        " WHERE entity = 'customer' AND action = 'age.disputed'"
    )
    op.create_index("ix_customers_of_age", "customers", ["of_age_on"], postgresql_where=ALIVE)
    op.create_index("ix_customers_birthday", "customers", ["birthday_md"], postgresql_where=ALIVE)


def downgrade() -> None:
    for name in ("ix_customers_birthday", "ix_customers_of_age"):
        op.drop_index(name, "customers")
    for table in TABLES:
        op.add_column(table, sa.Column("date_of_birth", sa.Date(), nullable=True))
        for values in _distinct(table, "date_of_birth_encrypted"):
            pairs = [(value, date.fromisoformat(decrypt(bytes(value)))) for value in values]
            _write(table, pairs, "date_of_birth_encrypted", "bytea", "date")
        op.drop_column(table, "date_of_birth_encrypted")
    for name in ("birthday_md", "of_age_on"):
        op.drop_column("customers", name)


def _distinct(table: str, column: str) -> Iterator[list[Any]]:
    found = op.get_bind().execute(sa.text(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"))
    values = list(found.scalars())
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def _write(table: str, pairs: list[tuple[Any, Any]], column: str, kind: str, other_kind: str) -> None:
    """Fill the other column of every row from this one's values."""
    other = {"date_of_birth": "date_of_birth_encrypted"}.get(column, "date_of_birth")
    op.get_bind().execute(
        sa.text(
            f"UPDATE {table} t SET {other} = p.new FROM"
            f" unnest(CAST(:old AS {kind}[]), CAST(:new AS {other_kind}[])) AS p(old, new) WHERE t.{column} = p.old"
        ),
        {"old": [old for old, _ in pairs], "new": [new for _, new in pairs]},
    )

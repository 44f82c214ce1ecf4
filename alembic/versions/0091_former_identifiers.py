"""What somebody went by before: addresses, numbers and names that were changed, so that an erasure finds them.

Revision ID: 0091
Revises: 0088
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0091"
down_revision = "0088"
branch_labels = None
depends_on = None

_KINDS = ("email", "email_key", "phone", "name", "external_id")
_CHANGED = " OR ".join(f"OLD.{kind} IS DISTINCT FROM NEW.{kind}" for kind in _KINDS)
_PAIRS = ", ".join(f"('{kind}', OLD.{kind}, NEW.{kind})" for kind in _KINDS)

KEEP = f"""
CREATE FUNCTION keep_former_identifiers() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO former_identifiers (customer_id, kind, value)
    SELECT OLD.id, v.kind, v.was FROM (VALUES {_PAIRS}) v(kind, was, becomes)
     WHERE v.was <> '' AND v.was IS DISTINCT FROM v.becomes
    ON CONFLICT (customer_id, kind, md5(value)) DO UPDATE SET at = now();
    RETURN NULL;
END $$
"""
TRIGGER = f"""
CREATE TRIGGER customers_keep_former_identifiers AFTER UPDATE OF {", ".join(_KINDS)} ON customers
   FOR EACH ROW WHEN ({_CHANGED}) EXECUTE FUNCTION keep_former_identifiers()
"""
# what imports and merges changed is known while they can be undone, and no longer
KNOWN = f"""
INSERT INTO former_identifiers (customer_id, kind, value)
SELECT DISTINCT t.id, f.key, f.value FROM (
    SELECT customer_id AS id, before AS row FROM customer_images
     UNION ALL SELECT customer_id, after FROM customer_images
     UNION ALL SELECT stays_id, before FROM customer_merges WHERE before IS NOT NULL
     UNION ALL SELECT stays_id, after FROM customer_merges WHERE after IS NOT NULL
) t JOIN customers c ON c.id = t.id CROSS JOIN LATERAL jsonb_each_text(t.row) f
 WHERE f.key IN ({", ".join(f"'{kind}'" for kind in _KINDS)}) AND f.value <> ''
   AND f.value IS DISTINCT FROM to_jsonb(c) ->> f.key
"""


def upgrade() -> None:
    op.create_table(
        "former_identifiers",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_former_identifiers_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_identifiers")),
    )
    op.create_index(
        "uq_former_identifiers", "former_identifiers", ["customer_id", "kind", sa.text("md5(value)")], unique=True
    )
    op.execute(KEEP)
    op.execute(TRIGGER)
    op.execute(KNOWN)


def downgrade() -> None:
    op.execute("DROP TRIGGER customers_keep_former_identifiers ON customers")
    op.execute("DROP FUNCTION keep_former_identifiers()")
    op.drop_table("former_identifiers")

"""Domains in other letters by IDNA 2008: customers' keys anew from the addresses as they were written.

What was written still stands in `customers.email`. A no against the old key holds for the new one, too. An entry of the
suppression list of nobody on file has only the old key: what was written cannot be told from it, and it stays.

Revision ID: 0085
Revises: 0084
"""

from __future__ import annotations

import hmac

import idna
import sqlalchemy as sa

from alembic import op
from liquor_app.core.security.crypto import decrypt, derive, key_ring

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None

WRITTEN = r"""
SELECT id, email, email_key FROM customers WHERE email ~ '@.*[^\x01-\x7f]' AND email_key IS NOT NULL ORDER BY id
"""
ANEW = """
UPDATE customers c SET email_key = :anew, updated_at = now()
 WHERE c.id = :id AND NOT EXISTS
       (SELECT FROM customers o WHERE o.email_key = :anew AND o.deleted_at IS NULL AND c.deleted_at IS NULL)
"""
NOES = """
INSERT INTO suppressions (id, address_hash, address, channel, reason, customer_id, source, created_at)
SELECT uuid_v7(), :hash, CASE WHEN s.address IS NOT NULL THEN :anew END, s.channel, s.reason, s.customer_id, s.source,
       s.created_at
  FROM suppressions s WHERE s.address_hash = :was AND s.lifted_at IS NULL
ON CONFLICT DO NOTHING
"""
PEPPER = "SELECT value_encrypted FROM sealed_secrets WHERE name = 'suppression_pepper'"


def upgrade() -> None:
    bind = op.get_bind()
    changed = [
        (row.id, row.email_key, anew)
        for row in bind.execute(sa.text(WRITTEN))
        if (anew := _key(row.email_key, row.email)) not in ("", row.email_key)
    ]
    if not changed:
        return
    sealed = bind.execute(sa.text(PEPPER)).scalar()
    pepper = derive(key_ring()[-1], "suppression") if sealed is None else bytes.fromhex(decrypt(bytes(sealed)))
    for customer_id, was, anew in changed:
        bind.execute(sa.text(ANEW), {"id": customer_id, "anew": anew})
        old, new = (hmac.digest(pepper, address.encode(), "sha256") for address in (was, anew))
        bind.execute(sa.text(NOES), {"was": old, "hash": new, "anew": anew})


def downgrade() -> None:
    """The keys stay: both versions know them."""


def _key(known: str, written: str) -> str:
    """Return the key with the domain as IDNA 2008 has it; empty where that has none."""
    try:
        domain = idna.encode(written.strip().rpartition("@")[2], uts46=True).decode()
    except UnicodeError:
        return ""
    return f"{known.rpartition('@')[0]}@{domain}"

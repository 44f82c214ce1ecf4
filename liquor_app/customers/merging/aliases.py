"""Addresses and numbers of profiles that were merged away: who has them now. Corridors, for whoever looks people up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import texts

# Asked of every chunk of a file, and mostly there is none.
_NAMED = """
SELECT a.kind, a.value, a.customer_id FROM customer_aliases a
  JOIN customers c ON c.id = a.customer_id AND c.deleted_at IS NULL
 WHERE EXISTS (SELECT FROM customer_aliases)
   AND ((kind = 'external_id' AND value = ANY(:external_id)) OR (kind = 'email_key' AND value = ANY(:email_key)))
"""


async def aliases_among(session: AsyncSession, keys: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], UUID]:
    """Return (kind, value) → customer of those keys that are a merged profile's; of somebody deleted they are nobody's
    again."""
    asked = {kind: set(keys.get(kind, ())) for kind in ("external_id", "email_key")}
    if not any(asked.values()):
        return {}
    found = await session.execute(text(_NAMED), {kind: texts(values) for kind, values in asked.items()})
    return {(kind, value): UUID(str(customer_id)) for kind, value, customer_id in found}


async def drop_aliases(session: AsyncSession, customer_id: UUID) -> None:
    """Make the addresses and numbers of profiles that were merged into somebody nobody's again."""
    await session.execute(text("DELETE FROM customer_aliases WHERE customer_id = :id"), {"id": customer_id})

"""Keep what has not left for somebody from leaving. Corridors, for `privacy`: no actor is asked."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.ledger.models import SEND, SendStatus

_CANCEL = f"""
UPDATE sends SET status = '{SendStatus.CANCELLED}', claim_token = NULL, lease_until = NULL, contact_at = NULL
 WHERE customer_id = ANY(:people) AND status IN {SEND.sources_sql(SendStatus.CANCELLED)}
"""
_ON_THE_WIRE = f"""
SELECT count(*) FROM sends WHERE customer_id = ANY(:people) AND status = '{SendStatus.SENDING}'
"""


async def cancel_unsent(session: AsyncSession, people: Collection[UUID]) -> int:
    """Cancel what waits for these customers, claimed or not: the fence lets none of it through any more. Returns how
    many messages."""
    done = await session.execute(text(_CANCEL), {"people": list(people)})
    return int(done.rowcount)  # type: ignore[attr-defined]


async def count_on_the_wire(session: AsyncSession, people: Collection[UUID]) -> int:
    """Tell how many messages for these customers a provider is being given at this moment."""
    return int((await session.execute(text(_ON_THE_WIRE), {"people": list(people)})).scalar_one())

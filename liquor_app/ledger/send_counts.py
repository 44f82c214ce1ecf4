"""Count campaigns' messages by what became of them. Corridor: no actor is asked."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.campaign_progress import Counters

_COUNT = """
SELECT campaign_id, count(*) AS total,
       count(*) FILTER (WHERE status IN ('sent', 'delivered', 'bounced', 'complained')) AS completed,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       count(*) FILTER (WHERE status IN ('skipped', 'cancelled')) AS skipped,
       count(*) FILTER (WHERE status = 'unknown') AS unknown,
       count(delivered_at) AS delivered, count(opened_at) AS opens, count(clicked_at) AS clicks,
       count(redeemed_at) AS redeemed, count(converted_at) AS conversions, COALESCE(sum(conversion_value), 0) AS revenue
FROM sends WHERE campaign_id = ANY(:ids) GROUP BY campaign_id
"""


async def count_sends(session: AsyncSession, campaigns: Collection[UUID]) -> list[Counters]:
    """Count the messages of campaigns; one that has none is left out."""
    found = await session.execute(text(_COUNT), {"ids": list(campaigns)})
    return [Counters(*row) for row in found]

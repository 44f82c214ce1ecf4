"""Keep which pool a campaign takes the codes of each discount from. Corridors: the doors are in `actions`."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def choose_pool(session: AsyncSession, campaign_id: UUID, discount_pct: Decimal, pool_id: UUID | None) -> None:
    """Take the codes of one discount from a pool, or (None) have them made up; what was chosen before is forgotten."""
    await session.execute(
        text(
            "INSERT INTO campaign_pools (campaign_id, discount_pct, pool_id) VALUES (:campaign, :percent, :pool)"
            " ON CONFLICT (campaign_id, discount_pct) DO UPDATE SET pool_id = EXCLUDED.pool_id"
        ),
        {"campaign": campaign_id, "percent": discount_pct, "pool": pool_id},
    )

"""What campaigns of many messages brought, counted each night: their people's purchases are too many to be asked for
while somebody waits. Corridors.

A campaign of few messages is counted when it is asked about (`attribution_views`). What was counted says when, and with
which window of the shop's: where that has changed since, it is counted anew. Of campaigns whose last message is older
than `STILL_DAYS` what was counted last stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now

LIVE_UP_TO = 5_000
"""Messages of a campaign up to which it is counted when it is asked about."""
STILL_DAYS = 150
"""How long after its last message something may still become of a campaign: the look-back of shared purchases and the
longest window of the shop's."""

Counted = Mapping[str, tuple[Decimal, int, Decimal]]
"""By view: orders or shares of them, customers, revenue."""

_MANY = """
SELECT campaign_id FROM daily_messages GROUP BY campaign_id
HAVING sum(sends) > :most AND max(day) FILTER (WHERE sends > 0) >= :since ORDER BY campaign_id LIMIT 500
"""
_KEEP = """
INSERT INTO campaign_views (campaign_id, days, counted, counted_at)
SELECT :id, :days, CAST(:counted AS jsonb), :at WHERE EXISTS (SELECT FROM campaigns WHERE id = :id)
ON CONFLICT (campaign_id) DO UPDATE SET days = excluded.days, counted = excluded.counted,
                                        counted_at = excluded.counted_at
"""
_KEPT = "SELECT counted, counted_at FROM campaign_views WHERE campaign_id = :id AND days = :days"


@dataclass(frozen=True, slots=True)
class KeptViews:
    """What was counted, and when."""

    counted: Counted
    at: datetime


async def campaigns_to_count(session: AsyncSession, today: date) -> list[UUID]:
    """Return the campaigns of many messages of which something may still become."""
    since = today - timedelta(days=STILL_DAYS)
    return list((await session.execute(text(_MANY), {"most": LIVE_UP_TO, "since": since})).scalars())


async def keep_views(session: AsyncSession, campaign_id: UUID, days: int, counted: Counted) -> None:
    """Keep what a campaign brought, as it was counted just now."""
    told = json.dumps(
        {view: [str(orders), people, str(revenue)] for view, (orders, people, revenue) in counted.items()}
    )
    await session.execute(text(_KEEP), {"id": campaign_id, "days": days, "counted": told, "at": now()})


async def kept_views(session: AsyncSession, campaign_id: UUID, days: int) -> KeptViews | None:
    """Return what was kept of a campaign for a window of so many days; None where nothing was."""
    row = (await session.execute(text(_KEPT), {"id": campaign_id, "days": days})).first()
    if row is None:
        return None
    counted = {
        view: (Decimal(orders), int(people), Decimal(revenue))
        for view, (orders, people, revenue) in row.counted.items()
    }
    return KeptViews(counted, row.counted_at)

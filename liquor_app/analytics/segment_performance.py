"""Figures of what messages chosen for a segment did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.sent_counts import BY_SEGMENT, sent_counts
from liquor_app.organization.settings import shop_today

MOST_SEGMENTS = 1_000


@dataclass(frozen=True, slots=True)
class PerformanceRow:
    """What messages chosen for a segment did: sent in the period, `of_orders` of them where any is known to have
    reached somebody, answered, and with how much money."""

    slug: str
    sent: int
    of_orders: int
    bought: int
    revenue: float


async def segment_performance(session: AsyncSession, actor: Actor, *, days: int = 90) -> dict[str, PerformanceRow]:
    """By slug, what the segments' messages of the last `days` days did, today's among them."""
    require(actor, Permission.ANALYTICS_READ)
    today = await shop_today(session)
    start = today - timedelta(days=max(1, min(days, 365)) - 1)
    counts = await sent_counts(session, BY_SEGMENT, start, today, most=MOST_SEGMENTS)
    return {
        row["id"]: PerformanceRow(
            row["id"],
            int(row["sends"]),
            int(row["of_orders"] or 0),
            int(row["conversions"]),
            float(row["attributed_revenue"]),
        )
        for row in counts.rows
    }

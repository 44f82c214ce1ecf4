"""Figures of what messages chosen for a segment did."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.ledger.models import LONGEST_CAMPAIGN_DAYS


@dataclass(frozen=True, slots=True)
class PerformanceRow:
    """What messages chosen for a segment did: sent in the period, known to have reached somebody, answered, and with
    how much money."""

    slug: str
    sent: int
    arrived: int
    bought: int
    revenue: float


async def segment_performance(session: AsyncSession, actor: Actor, *, days: int = 90) -> dict[str, PerformanceRow]:
    """By slug, what the segments' messages of the last `days` days did. One statement over the period's ledger."""
    require(actor, Permission.ANALYTICS_READ)
    found = await session.execute(
        text(
            "SELECT a.segment_slug AS slug, count(*) AS sent, count(s.converted_at) AS bought,"
            " count(COALESCE(s.delivered_at, s.opened_at, s.clicked_at)) AS arrived,"
            " CAST(COALESCE(sum(s.conversion_value), 0) AS float8) AS revenue"
            " FROM sends s JOIN actions a ON a.id = s.action_id"
            " WHERE s.sent_at > CAST(:now AS timestamptz) - make_interval(days => :days)"
            f" AND s.created_at > CAST(:now AS timestamptz) - make_interval(days => :days + {LONGEST_CAMPAIGN_DAYS})"
            " AND a.segment_slug IS NOT NULL GROUP BY 1"
        ),
        {"now": now(), "days": max(1, min(days, 365))},
    )
    return {row.slug: PerformanceRow(row.slug, row.sent, row.arrived, row.bought, row.revenue) for row in found}

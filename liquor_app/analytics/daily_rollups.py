"""Daily rollups: days are the store's own, so that Saturday evening is Saturday in New York too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.organization.settings import GeneralSettings, load_settings

_SALES = """
WITH fresh AS (
    SELECT CAST(occurred_at AT TIME ZONE :zone AS date) AS day, count(*) FILTER (WHERE total > 0) AS orders,
           count(DISTINCT customer_id) FILTER (WHERE total > 0) AS buyers, sum(total) AS revenue,
           sum(discount) AS discount
    FROM purchases
    WHERE occurred_at >= CAST(:since AS timestamp) AT TIME ZONE :zone
    GROUP BY 1
), gone AS (
    DELETE FROM daily_sales WHERE day >= :since AND day NOT IN (SELECT day FROM fresh)
)
INSERT INTO daily_sales (day, orders, buyers, revenue, discount, updated_at)
SELECT day, orders, buyers, revenue, discount, now() FROM fresh
ON CONFLICT (day) DO UPDATE SET orders = excluded.orders, buyers = excluded.buyers, revenue = excluded.revenue,
    discount = excluded.discount, updated_at = now()
"""

_MESSAGES = """
WITH days AS (
    {days}
), fresh AS (
    SELECT CAST(s.sent_at AT TIME ZONE :zone AS date) AS day, campaign_id, channel, count(*) AS sends,
           count(delivered_at) AS delivered, count(opened_at) AS opens, count(clicked_at) AS clicks,
           count(bounced_at) AS bounces, count(complained_at) AS complaints,
           count(unsubscribed_at) AS unsubscribes, count(converted_at) AS conversions,
           COALESCE(sum(conversion_value), 0) AS revenue
    FROM days JOIN sends s ON s.sent_at >= CAST(days.first AS timestamp) AT TIME ZONE :zone
        AND s.sent_at < CAST(days.next AS timestamp) AT TIME ZONE :zone
    WHERE campaign_id IS NOT NULL
    GROUP BY 1, 2, 3
), gone AS (
    DELETE FROM daily_messages d USING days WHERE d.day >= days.first AND d.day < days.next AND NOT EXISTS
        (SELECT 1 FROM fresh f WHERE (f.day, f.campaign_id, f.channel) = (d.day, d.campaign_id, d.channel))
)
INSERT INTO daily_messages (day, campaign_id, channel, sends, delivered, opens, clicks, bounces, complaints,
    unsubscribes, conversions, revenue, updated_at)
SELECT day, campaign_id, channel, sends, delivered, opens, clicks, bounces, complaints, unsubscribes, conversions,
    revenue, now() FROM fresh
ON CONFLICT (day, campaign_id, channel) DO UPDATE SET sends = excluded.sends, delivered = excluded.delivered,
    opens = excluded.opens, clicks = excluded.clicks, bounces = excluded.bounces, complaints = excluded.complaints,
    unsubscribes = excluded.unsubscribes, conversions = excluded.conversions, revenue = excluded.revenue,
    updated_at = now()
"""


_SINCE = "SELECT CAST(:since AS date) AS first, CAST('infinity' AS date) AS next"
_THESE = "SELECT day AS first, day + 1 AS next FROM unnest(CAST(:days AS date[])) AS given(day)"


async def roll_up(session: AsyncSession, since: date) -> None:
    """Recompute the rollups of every day from `since` on; running it twice changes nothing."""
    general = await load_settings(session, GeneralSettings)
    for statement in (_SALES, _MESSAGES.format(days=_SINCE)):
        await session.execute(text(statement), {"since": since, "zone": general.timezone})


async def roll_up_messages(session: AsyncSession, days: Sequence[date]) -> None:
    """Recompute what was sent on these days of the store's and what became of it; other days are left alone."""
    general = await load_settings(session, GeneralSettings)
    if days:
        await session.execute(
            text(_MESSAGES.format(days=_THESE)), {"days": sorted(set(days)), "zone": general.timezone}
        )

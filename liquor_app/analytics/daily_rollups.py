"""Daily rollups: days are the store's own, so that Saturday evening is Saturday in New York too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.providers.registry import SANDBOX

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

_COUNTS = (
    "sends", "carried", "simulated", "delivered", "opens", "clicks", "bounces", "complaints", "unsubscribes",
    "redeemed", "conversions", "revenue",
)  # fmt: skip
_NAMED = ", ".join(_COUNTS)
_SUMMED = ", ".join(f"sum({name}) AS {name}" for name in _COUNTS)
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in (*_COUNTS, "updated_at"))
_OFFER_KEY = "day, campaign_id, channel, segment_slug, offer, discount_pct"
NOT_PLAYED = "NOT EXISTS (SELECT FROM campaigns y WHERE y.id = {sends}.campaign_id AND y.virtual_now IS NOT NULL)"
"""SQL: of messages that were sent. Those of a played week left at no hour of ours, and reached nobody."""
# each message is read once: by campaign and channel, and by the segment and offer it was chosen for
_MESSAGES = f"""
WITH days AS (
    {{days}}
), counted AS MATERIALIZED (
    SELECT CAST(s.sent_at AT TIME ZONE :zone AS date) AS day, s.campaign_id, s.channel, a.segment_slug,
           COALESCE(a.offer_terms ->> 'name', a.offer) AS offer,
           COALESCE(a.offer_terms ->> 'discount_pct', '0') AS discount_pct, count(*) AS sends,
           count(*) FILTER (WHERE s.provider <> '{SANDBOX}') AS carried,
           count(*) FILTER (WHERE s.provider = '{SANDBOX}') AS simulated,
           count(s.delivered_at) AS delivered, count(s.opened_at) AS opens, count(s.clicked_at) AS clicks,
           count(s.bounced_at) AS bounces, count(s.complained_at) AS complaints,
           count(s.unsubscribed_at) AS unsubscribes, count(s.redeemed_at) AS redeemed,
           count(s.converted_at) AS conversions,
           COALESCE(sum(s.conversion_value), 0) AS revenue
    FROM days JOIN sends s ON s.sent_at >= CAST(days.first AS timestamp) AT TIME ZONE :zone
        AND s.sent_at < CAST(days.next AS timestamp) AT TIME ZONE :zone
    LEFT JOIN actions a ON a.id = s.action_id
    WHERE s.campaign_id IS NOT NULL AND {NOT_PLAYED.format(sends="s")}
    GROUP BY 1, 2, 3, 4, 5, 6
), campaigns_fresh AS (
    SELECT day, campaign_id, channel, {_SUMMED} FROM counted GROUP BY 1, 2, 3
), campaigns_gone AS (
    DELETE FROM daily_messages d USING days WHERE d.day >= days.first AND d.day < days.next AND NOT EXISTS
        (SELECT FROM campaigns_fresh f WHERE (f.day, f.campaign_id, f.channel) = (d.day, d.campaign_id, d.channel))
), campaigns_kept AS (
    INSERT INTO daily_messages (day, campaign_id, channel, {_NAMED}, updated_at)
    SELECT day, campaign_id, channel, {_NAMED}, now() FROM campaigns_fresh
    ON CONFLICT (day, campaign_id, channel) DO UPDATE SET {_REPLACED}
), offers_fresh AS (
    SELECT {_OFFER_KEY}, {_SUMMED} FROM counted WHERE segment_slug IS NOT NULL GROUP BY {_OFFER_KEY}
), offers_gone AS (
    DELETE FROM daily_offers d USING days WHERE d.day >= days.first AND d.day < days.next AND NOT EXISTS
        (SELECT FROM offers_fresh f WHERE (f.day, f.campaign_id, f.channel, f.segment_slug, f.offer, f.discount_pct)
                                    = (d.day, d.campaign_id, d.channel, d.segment_slug, d.offer, d.discount_pct))
)
INSERT INTO daily_offers ({_OFFER_KEY}, {_NAMED}, updated_at)
SELECT {_OFFER_KEY}, {_NAMED}, now() FROM offers_fresh
ON CONFLICT ({_OFFER_KEY}) DO UPDATE SET {_REPLACED}
"""


# counted before played weeks were left out
_PLAYED = """
WITH played AS (SELECT id FROM campaigns WHERE virtual_now IS NOT NULL),
     days AS (DELETE FROM daily_messages d USING played p WHERE d.campaign_id = p.id)
DELETE FROM daily_offers d USING played p WHERE d.campaign_id = p.id
"""
_SINCE = "SELECT CAST(:since AS date) AS first, CAST('infinity' AS date) AS next"
_THESE = "SELECT day AS first, day + 1 AS next FROM unnest(CAST(:days AS date[])) AS given(day)"


async def roll_up(session: AsyncSession, since: date) -> None:
    """Recompute the rollups of every day from `since` on; twice changes nothing. Played weeks are left out."""
    general = await load_settings(session, GeneralSettings)
    for statement in (_SALES, _MESSAGES.format(days=_SINCE)):
        await session.execute(text(statement), {"since": since, "zone": general.timezone})
    await session.execute(text(_PLAYED))


async def roll_up_messages(session: AsyncSession, days: Sequence[date]) -> None:
    """Recompute what was sent on these days of the store's and what became of it; other days are left alone."""
    general = await load_settings(session, GeneralSettings)
    if days:
        await session.execute(
            text(_MESSAGES.format(days=_THESE)), {"days": sorted(set(days)), "zone": general.timezone}
        )


async def uncounted_offers(session: AsyncSession) -> date | None:
    """Return the first day of messages, in a shop of which none was counted by segment and offer. A corridor, for the
    clock."""
    found = await session.execute(
        text("SELECT min(day) FROM daily_messages WHERE NOT EXISTS (SELECT FROM daily_offers)")
    )
    return found.scalar()

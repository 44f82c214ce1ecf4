"""What no figure of messages and money may break, asked of raw rows: redeemed, attributed, bought, and all there is."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_BY_CAMPAIGN = """
SELECT s.campaign_id, count(*) AS sent, count(DISTINCT s.customer_id) AS contacted, count(s.redeemed_at) AS redeemed,
       count(s.converted_at) AS orders, COALESCE(sum(s.conversion_value), 0) AS attributed,
       count(DISTINCT s.customer_id) FILTER (WHERE s.converted_at IS NOT NULL) AS attributed_buyers,
       count(DISTINCT s.customer_id) FILTER (WHERE b.orders > 0) AS buyers, COALESCE(sum(b.orders), 0) AS bought,
       COALESCE(sum(b.spent), 0) AS spent
  FROM sends s CROSS JOIN LATERAL (
       SELECT count(*) AS orders, sum(p.total) AS spent FROM purchases p
        WHERE p.customer_id = s.customer_id AND p.total > 0 AND p.occurred_at > s.sent_at) b
 WHERE s.sent_at IS NOT NULL AND s.campaign_id IS NOT NULL GROUP BY 1
"""
_ALL = """
SELECT (SELECT count(*) FROM sends WHERE converted_at IS NOT NULL) AS attributed_orders,
       (SELECT COALESCE(sum(conversion_value), 0) FROM sends) AS attributed,
       (SELECT count(*) FROM purchases WHERE total > 0) AS orders,
       (SELECT COALESCE(sum(total), 0) FROM purchases WHERE total > 0) AS revenue
"""
_NO_ORDER = """
SELECT count(*) FROM sends s WHERE s.converted_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM purchases p WHERE p.customer_id = s.customer_id AND p.occurred_at = s.converted_at
       AND p.total = s.conversion_value AND p.total > 0)
"""
_TWICE = """
SELECT count(*) FROM (
    SELECT properties ->> 'purchase_id' FROM analytics_events WHERE event_type = 'conversion'
     GROUP BY 1 HAVING count(*) > 1) twice
"""


async def hold(session: AsyncSession) -> None:
    """Fail where a campaign has more redeemed than written to, more attributed than its people spent from their message
    on, more buyers of attributed orders than buyers, an order that is none of the shop's, or one counted twice."""
    rows = (await session.execute(text(_BY_CAMPAIGN))).all()
    assert rows, "there is something to look at"
    for row in rows:
        assert row.redeemed <= row.sent
        assert row.attributed_buyers <= row.buyers <= row.contacted
        assert row.orders <= row.bought
        assert row.attributed <= row.spent
    whole = (await session.execute(text(_ALL))).one()
    assert whole.attributed_orders <= whole.orders
    assert whole.attributed <= whole.revenue
    assert (await session.execute(text(_NO_ORDER))).scalar_one() == 0, "an attributed order is a purchase"
    assert (await session.execute(text(_TWICE))).scalar_one() == 0, "and belongs to one message"

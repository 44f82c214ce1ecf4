"""An offer taken up and an order are two things: messages know both moments, days and campaigns count both.

What the sample told as conversions were its coupons' redemptions, most of them in baskets with nothing of this shop's:
those are redemptions alone from now on. A basket belongs to the one message whose coupons it had most of, as a live one
does, and a message has its first. Codes that came back are noted at the messages that carried them. Days also tell what
a provider carried and what the sandbox kept.

Revision ID: 0122
Revises: 0121
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0122"
down_revision = "0121"
branch_labels = None
depends_on = None

_HISTORY = "EXISTS (SELECT FROM campaigns c WHERE c.id = s.campaign_id AND c.is_sample AND c.is_history)"
_ZONE = """COALESCE((SELECT value ->> 'timezone' FROM settings WHERE key = 'general'), 'America/New_York')"""
_ORDERS = """
CREATE TEMPORARY TABLE orders_of_history ON COMMIT DROP AS
WITH told AS (
    SELECT e.id AS event_id, s.id AS send_id, s.created_at, s.sent_at, p.id AS purchase_id, p.total, e.occurred_at,
           COALESCE(CAST(e.properties ->> 'coupons' AS integer), 0) AS coupons, k.name
      FROM analytics_events e JOIN sends s ON s.id = e.send_id AND s.created_at = uuid_v7_time(e.send_id)
      JOIN campaigns k ON k.id = s.campaign_id AND k.is_sample AND k.is_history
      JOIN purchases p ON p.external_id = e.properties ->> 'basket' AND p.source = 'sample' AND p.total > 0
     WHERE e.event_type = 'conversion'
), each AS (
    SELECT DISTINCT ON (purchase_id) * FROM told
     ORDER BY purchase_id, coupons DESC, sent_at DESC, natural_order(name)
)
SELECT DISTINCT ON (send_id) * FROM each ORDER BY send_id, occurred_at, purchase_id
"""
_STATEMENTS = (
    _ORDERS,
    f"UPDATE sends s SET redeemed_at = s.converted_at WHERE s.converted_at IS NOT NULL AND {_HISTORY}",
    # of messages whose events are kept no longer, what was worth something stays an order
    f"""
    UPDATE sends s SET converted_at = NULL, conversion_value = NULL, conversion_inferred = NULL
     WHERE s.converted_at IS NOT NULL AND {_HISTORY}
       AND NOT EXISTS (SELECT FROM orders_of_history o WHERE o.send_id = s.id)
       AND (COALESCE(s.conversion_value, 0) = 0 OR EXISTS (
            SELECT FROM analytics_events e WHERE e.send_id = s.id AND e.event_type = 'conversion'))
    """,
    """
    UPDATE sends s SET converted_at = o.occurred_at, conversion_value = o.total FROM orders_of_history o
     WHERE s.id = o.send_id AND s.created_at = o.created_at
    """,
    f"""
    UPDATE analytics_events e SET event_type = 'redemption', properties = e.properties - 'value'
      FROM sends s WHERE e.send_id = s.id AND s.created_at = uuid_v7_time(e.send_id) AND e.event_type = 'conversion'
       AND e.properties ? 'basket' AND {_HISTORY}
       AND NOT EXISTS (SELECT FROM orders_of_history o WHERE o.event_id = e.id)
    """,
    """
    UPDATE analytics_events e SET properties = e.properties
           || jsonb_build_object('value', CAST(o.total AS text), 'purchase_id', CAST(o.purchase_id AS text))
      FROM orders_of_history o WHERE e.id = o.event_id
    """,
    """
    UPDATE sends s SET redeemed_at = f.redeemed_at FROM (
        SELECT DISTINCT ON (k.id) m.id, m.created_at, k.redeemed_at
          FROM coupons k JOIN sends m ON m.action_id = k.action_id AND m.sent_at < k.redeemed_at
         ORDER BY k.id, m.sent_at DESC) f
     WHERE s.id = f.id AND s.created_at = f.created_at
    """,
    """
    UPDATE campaigns k SET redeemed = f.redeemed
      FROM (SELECT campaign_id, count(*) AS redeemed FROM sends WHERE redeemed_at IS NOT NULL GROUP BY 1) f
     WHERE k.id = f.campaign_id
    """,
    """
    UPDATE campaigns k SET conversions = f.conversions, revenue_generated = f.revenue
      FROM (SELECT campaign_id, count(converted_at) AS conversions, COALESCE(sum(conversion_value), 0) AS revenue
              FROM sends GROUP BY 1) f
     WHERE k.id = f.campaign_id AND k.is_sample AND k.is_history
    """,
)
_COUNTED = """
    count(*) FILTER (WHERE s.provider <> 'sandbox') AS carried,
    count(*) FILTER (WHERE s.provider = 'sandbox') AS simulated, count(s.redeemed_at) AS redeemed,
    count(s.converted_at) AS conversions, COALESCE(sum(s.conversion_value), 0) AS revenue
"""
_DAY = f"CAST(s.sent_at AT TIME ZONE {_ZONE} AS date) AS day"
_DAYS = f"""
UPDATE daily_messages d SET carried = f.carried, simulated = f.simulated, redeemed = f.redeemed,
       conversions = CASE WHEN k.is_sample AND k.is_history THEN f.conversions ELSE d.conversions END,
       revenue = CASE WHEN k.is_sample AND k.is_history THEN f.revenue ELSE d.revenue END
  FROM (SELECT {_DAY}, s.campaign_id, s.channel, {_COUNTED} FROM sends s
         WHERE s.sent_at IS NOT NULL AND s.campaign_id IS NOT NULL GROUP BY 1, 2, 3) f
  JOIN campaigns k ON k.id = f.campaign_id
 WHERE (d.day, d.campaign_id, d.channel) = (f.day, f.campaign_id, f.channel)
"""
_OFFERS = f"""
UPDATE daily_offers d SET carried = f.carried, simulated = f.simulated, redeemed = f.redeemed
  FROM (SELECT {_DAY}, s.campaign_id, s.channel, a.segment_slug, COALESCE(a.offer_terms ->> 'name', a.offer) AS offer,
               COALESCE(a.offer_terms ->> 'discount_pct', '0') AS discount_pct, {_COUNTED}
          FROM sends s JOIN actions a ON a.id = s.action_id
         WHERE s.sent_at IS NOT NULL AND s.campaign_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6) f
 WHERE (d.day, d.campaign_id, d.channel, d.segment_slug, d.offer, d.discount_pct)
     = (f.day, f.campaign_id, f.channel, f.segment_slug, f.offer, f.discount_pct)
"""
_BACK = (
    f"""
    UPDATE sends s SET converted_at = s.redeemed_at, conversion_value = COALESCE(s.conversion_value, 0),
           conversion_inferred = true WHERE s.redeemed_at IS NOT NULL AND {_HISTORY}
    """,
    """
    UPDATE analytics_events SET event_type = 'conversion',
           properties = jsonb_build_object('value', '0.00') || properties WHERE event_type = 'redemption'
    """,
)
_TABLES = {"campaigns": ("redeemed",), **dict.fromkeys(("daily_messages", "daily_offers"),
                                                        ("carried", "simulated", "redeemed"))}  # fmt: skip


def upgrade() -> None:
    op.add_column("sends", sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True))
    for table, names in _TABLES.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    for statement in (*_STATEMENTS, _DAYS, _OFFERS):
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
    for table, names in _TABLES.items():
        for name in names:
            op.drop_column(table, name)
    op.drop_column("sends", "redeemed_at")

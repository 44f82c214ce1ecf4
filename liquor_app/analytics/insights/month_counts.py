"""Counting months and hours anew: from raw purchases, lines and sends; twice changes nothing.

A customer is *active* in a month who bought in it or in the five before. Every month `active` grows by who bought for
the first time and who came back after having lapsed, and shrinks by who lapsed: whose last purchase lies in the month
that has just left those six. So active(m) = active(m − 1) + first_time(m) + back(m) − lapsed(m).
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.analytics.daily_rollups import NOT_PLAYED
from liquor_app.analytics.measured import TOLD
from liquor_app.core.clock import now
from liquor_app.ledger.models import LONGEST_CAMPAIGN_DAYS
from liquor_app.organization.settings import GeneralSettings, load_settings

ACTIVE_MONTHS = 6
"""Months, the one itself included, in which an active customer bought."""
SEND_DAYS = 90

_MONTH = "CAST(date_trunc('month', {} AT TIME ZONE :zone) AS date)"
_VISITS = f"""
CREATE TEMP TABLE visit_months ON COMMIT DROP AS
SELECT month, lag(month) OVER w AS before, lead(month) OVER w AS after
  FROM (SELECT DISTINCT customer_id, {_MONTH.format("occurred_at")} AS month FROM purchases WHERE total > 0) v
WINDOW w AS (PARTITION BY customer_id ORDER BY month)
"""
_LONGEST = f"interval '{ACTIVE_MONTHS} months'"
_BASE = f"""
WITH came AS (
    SELECT month, count(*) FILTER (WHERE before IS NULL) AS first_time,
           count(*) FILTER (WHERE before < month - {_LONGEST}) AS back,
           count(*) FILTER (WHERE before >= month - {_LONGEST}) AS again FROM visit_months GROUP BY 1
), went AS (
    SELECT CAST(month + {_LONGEST} AS date) AS month, count(*) AS lapsed FROM visit_months
     WHERE after IS NULL OR after > month + {_LONGEST} GROUP BY 1
), fresh AS (
    SELECT month, COALESCE(first_time, 0) AS first_time, COALESCE(back, 0) AS back, COALESCE(again, 0) AS again,
           COALESCE(lapsed, 0) AS lapsed FROM came FULL JOIN went USING (month) WHERE month <= :this_month
), gone AS (
    DELETE FROM base_months b WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.month = b.month)
)
INSERT INTO base_months (month, first_time, back, again, lapsed, counted_at)
SELECT month, first_time, back, again, lapsed, now() FROM fresh
    ON CONFLICT (month) DO UPDATE SET first_time = excluded.first_time, back = excluded.back, again = excluded.again,
       lapsed = excluded.lapsed, counted_at = excluded.counted_at
"""
_GOODS = f"""
WITH sold AS (
    SELECT {_MONTH.format("p.occurred_at")} AS month, l.category, l.brand, p.customer_id, l.amount, l.quantity
      FROM purchases p JOIN purchase_lines l ON l.purchase_id = p.id
     WHERE p.occurred_at >= CAST(:since AS timestamp) AT TIME ZONE :zone
), fresh AS (
    SELECT CASE WHEN GROUPING(category) = 0 THEN 'category' ELSE 'brand' END AS kind, month,
           CASE WHEN GROUPING(category) = 0 THEN category ELSE brand END AS name,
           count(DISTINCT customer_id) FILTER (WHERE amount > 0) AS buyers, sum(quantity) AS quantity,
           sum(amount) AS revenue
      FROM sold GROUP BY GROUPING SETS ((month, category), (month, brand))
), named AS (
    SELECT * FROM fresh WHERE name IS NOT NULL
), gone AS (
    DELETE FROM goods_months g WHERE g.month >= :since
       AND NOT EXISTS (SELECT FROM named f WHERE (f.kind, f.month, f.name) = (g.kind, g.month, g.name))
)
INSERT INTO goods_months (kind, month, name, buyers, quantity, revenue)
SELECT kind, month, name, buyers, quantity, revenue FROM named
    ON CONFLICT (kind, month, name) DO UPDATE SET buyers = excluded.buyers, quantity = excluded.quantity,
       revenue = excluded.revenue
"""
_OF_HOURS = ("of_opens", "of_clicks", "of_orders")
_HOURS = f"""
WITH {TOLD}, counted AS (
    SELECT campaign_id, channel, CAST(extract(isodow FROM sent_at AT TIME ZONE :zone) AS int) AS weekday,
           CAST(extract(hour FROM sent_at AT TIME ZONE :zone) AS int) AS hour, count(*) AS sends,
           count(opened_at) AS opens, count(clicked_at) AS clicks, count(converted_at) AS conversions
      FROM sends WHERE sent_at >= CAST(:now AS timestamptz) - interval '{SEND_DAYS} days' AND campaign_id IS NOT NULL
       AND created_at >= CAST(:now AS timestamptz) - interval '{SEND_DAYS + LONGEST_CAMPAIGN_DAYS} days'
       AND {NOT_PLAYED.format(sends="sends")}
     GROUP BY 1, 2, 3, 4
), fresh AS (
    SELECT channel, weekday, hour, sum(sends) AS sends, sum(opens) AS opens, sum(clicks) AS clicks,
           sum(conversions) AS conversions,
           {", ".join(f"COALESCE(sum(sends) FILTER (WHERE {name}), 0) AS {name}" for name in _OF_HOURS)}
      FROM counted LEFT JOIN told USING (campaign_id, channel) GROUP BY 1, 2, 3
), gone AS (
    DELETE FROM send_hours h WHERE NOT EXISTS (
        SELECT FROM fresh f WHERE (f.channel, f.weekday, f.hour) = (h.channel, h.weekday, h.hour))
)
INSERT INTO send_hours (channel, weekday, hour, sends, opens, clicks, conversions, {", ".join(_OF_HOURS)})
SELECT channel, weekday, hour, sends, opens, clicks, conversions, {", ".join(_OF_HOURS)} FROM fresh
    ON CONFLICT (channel, weekday, hour) DO UPDATE SET sends = excluded.sends, opens = excluded.opens,
       clicks = excluded.clicks, conversions = excluded.conversions,
       {", ".join(f"{name} = excluded.{name}" for name in _OF_HOURS)}
"""
_IS_COUNTED = "SELECT EXISTS (SELECT FROM goods_months)"


async def count_insights(session: AsyncSession, since: date) -> None:
    """Count customers' months and the hours anew, and goods from the month of `since` on; all of them where there are
    none yet. A corridor, for the night's job and what loads a shop."""
    at = now()
    zone = (await load_settings(session, GeneralSettings)).timezone
    today = (await session.execute(text("SELECT CAST(CAST(:at AS timestamptz) AT TIME ZONE :zone AS date)"),
                                   {"at": at, "zone": zone})).scalar_one()  # fmt: skip
    await session.execute(text("DROP TABLE IF EXISTS pg_temp.visit_months"))
    await session.execute(text(_VISITS), {"zone": zone})
    await session.execute(text(_BASE), {"this_month": today.replace(day=1)})
    is_counted = (await session.execute(text(_IS_COUNTED))).scalar_one()
    first = since.replace(day=1) if is_counted else date(1970, 1, 1)
    await session.execute(text(_GOODS), {"zone": zone, "since": first})
    await session.execute(text(_HOURS), {"zone": zone, "now": at})


def lately(today: date) -> date:
    """Return from when on a night counts goods anew: the month before, which returns still change."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)

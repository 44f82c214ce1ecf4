"""What came of decisions, summed by arm: purchases, revenue and profit in each person's week. Corridors.

By intention: whoever was drawn counts in their arm, sent or not, and each person's week begins with their own first
decision, the held out's as everybody else's. What of a campaign was not carried out is of no arm (`what_teaches`). What
a purchase leaves is the margin of what was bought where the catalogue knows it (the product's, else its category's),
else the shop's usual, less what coupons took off; what sending costs is what the settings say a message costs, of all
messages that left for somebody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.campaigns.brief import RESPONSE_DAYS
from liquor_app.catalog.margins import CATEGORY_MARGINS, PRODUCT_MARGINS
from liquor_app.core.clock import now
from liquor_app.core.states import sql_list
from liquor_app.customers.labels.product_labels import LABELLED_LINES
from liquor_app.experiments.contrasts import Sums
from liquor_app.experiments.models import ExperimentKind
from liquor_app.experiments.what_teaches import (
    DECIDED_AT,
    DECIDED_OFFER,
    DECIDED_P,
    DECIDED_PCT,
    OF_CARRIED,
    REAL_CAMPAIGN,
    carried_days,
)
from liquor_app.ledger.models import CONTACTS
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import GeneralSettings, PlanningSettings, load_settings

LOOK_BACK_DAYS = 728
"""Two years of campaigns are kept summed."""

_SUMMED = {
    "bought": "bought", "revenue": "revenue", "revenue_square": "revenue * revenue", "profit": "profit",
    "profit_square": "profit * profit", "expected": "p", "expected_square": "p * p", "expected_bought": "p * bought",
    "expected_revenue": "p * revenue", "expected_profit": "p * profit", "discount": "discount", "cost": "cost",
}  # fmt: skip
_COUNTED = ", ".join(
    f"CAST(COALESCE(sum({what}) FILTER (WHERE is_counted), 0) AS double precision) AS {name}"
    for name, what in _SUMMED.items()
)
MARGINS = f"""known AS MATERIALIZED (SELECT * FROM {PRODUCT_MARGINS} p),
aisles AS MATERIALIZED (SELECT * FROM {CATEGORY_MARGINS} c)"""
SPENT = f"""spent AS (
    SELECT w.campaign_id, w.customer_id, bool_or(p.total > 0) AS bought, sum(p.total) AS revenue,
           sum(COALESCE(l.coupons, 0) + r.coupons) AS discount,
           sum(COALESCE(l.earned, 0) - COALESCE(l.coupons, 0)
               + (p.total - COALESCE(l.paid, 0) + r.coupons) * CAST(:margin AS numeric) - r.coupons) AS earned
      FROM drawn w JOIN purchases p ON p.customer_id = w.customer_id
       AND p.occurred_at >= w.since AND p.occurred_at < LEAST(w.until, w.at)
      LEFT JOIN LATERAL (
           SELECT sum(l.amount) AS paid, sum(l.coupon_discount) AS coupons,
                  sum((l.amount + l.coupon_discount) * COALESCE(c.margin, y.margin, CAST(:margin AS numeric))) AS earned
             FROM {LABELLED_LINES} l LEFT JOIN known c ON c.code = lower(l.sku)
             LEFT JOIN aisles y ON y.name = lower(l.category) WHERE l.purchase_id = p.id) l ON true
     CROSS JOIN LATERAL (  -- a coupon whose lines nobody told apart took the basket's discount
           SELECT CASE WHEN p.coupon_code IS NOT NULL AND COALESCE(l.coupons, 0) = 0 THEN p.discount ELSE 0 END
                  AS coupons) r
     GROUP BY 1, 2
), sent AS (
    SELECT n.campaign_id, n.customer_id,
           sum(CASE n.channel WHEN '{Channel.SMS}' THEN CAST(:sms AS numeric) ELSE CAST(:email AS numeric) END) AS cost
      FROM sends n WHERE n.campaign_id = ANY(:campaigns) AND n.status IN {sql_list(*CONTACTS)} GROUP BY 1, 2
)"""
"""Common table expressions: what each of `drawn` (`campaign_id`, `customer_id`, and from `since` to `until`, or `at` if
that comes first) bought, what that earned, coupons taken off, and what was sent to them. After `MARGINS`; binds
`:margin`, `:email`, `:sms` and `:campaigns`."""
# numeric to the last: binary sums differ by the order of rows, and what is kept each night must be what a page sums up
_SUMS = f"""
WITH {carried_days("a.campaign_id = ANY(:campaigns)")},
{MARGINS},
drawn AS MATERIALIZED (  -- what is still to come is drawn, and not counted yet
    SELECT e.campaign_id, m.name AS arm, s.customer_id, d.segment_slug, d.template_category, d.offer, d.discount_pct,
           COALESCE(d.p, 0) AS p, GREATEST(CAST(:now AS timestamptz), k.virtual_now) AS at,
           COALESCE(d.at, k.started_at) AS since,
           COALESCE(d.at + CAST(:window AS integer) * interval '1 day',
                    CAST(k.end_date + CAST(:window AS integer) + 1 AS timestamp) AT TIME ZONE :zone) AS until,
           CAST(e.read_on AS timestamp) AT TIME ZONE :zone AS read_at
      FROM experiments e JOIN campaigns k ON k.id = e.campaign_id
      JOIN experiment_assignments s ON s.experiment_id = e.id JOIN experiment_arms m ON m.id = s.arm_id
      LEFT JOIN LATERAL (
           SELECT {DECIDED_AT} AS at, a.campaign_id, a.scheduled_date, a.segment_slug, a.template_category,
                  {DECIDED_OFFER} AS offer, {DECIDED_PCT} AS discount_pct, {DECIDED_P} AS p
             FROM actions a WHERE a.campaign_id = e.campaign_id AND a.customer_id = s.customer_id AND a.arm IS NOT NULL
            ORDER BY 1, a.id LIMIT 1) d ON true
      LEFT {OF_CARRIED}
      LEFT JOIN (SELECT DISTINCT campaign_id FROM carried) b ON b.campaign_id = e.campaign_id
     WHERE e.campaign_id = ANY(:campaigns) AND e.kind = '{ExperimentKind.HOLDOUT}' AND k.started_at IS NOT NULL
       AND (c.day IS NOT NULL OR d.at > GREATEST(CAST(:now AS timestamptz), k.virtual_now)
            OR (d.at IS NULL AND b.campaign_id IS NOT NULL))
), {SPENT}, measured AS (
    SELECT w.*, w.since <= w.at AS is_counted, COALESCE(w.read_at <= w.at AND w.until <= w.read_at, false) AS is_final,
           CASE WHEN b.bought THEN 1 ELSE 0 END AS bought, COALESCE(b.revenue, 0) AS revenue,
           COALESCE(b.earned, 0) - COALESCE(n.cost, 0) AS profit, COALESCE(b.discount, 0) AS discount,
           COALESCE(n.cost, 0) AS cost
      FROM drawn w LEFT JOIN spent b USING (campaign_id, customer_id) LEFT JOIN sent n USING (campaign_id, customer_id)
)
SELECT campaign_id, arm, COALESCE(segment_slug, '') AS segment_slug, COALESCE(template_category, '') AS playbook,
       COALESCE(offer, '') AS offer_name, COALESCE(discount_pct, '0') AS discount_pct, is_final,
       count(*) AS drawn, count(*) FILTER (WHERE is_counted) AS people,
       {_COUNTED}
  FROM measured GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_KEYS = ("campaign_id", "arm", "segment_slug", "playbook", "offer_name", "discount_pct", "is_final")
_NAMES = (*_KEYS, *(one.name for one in fields(Sums)))
_REAL = f"SELECT k.id FROM campaigns k WHERE {REAL_CAMPAIGN} AND k.started_at >= :since"
_FORGET = "DELETE FROM outcome_sums WHERE NOT is_kept"
_KEEP = f"INSERT INTO outcome_sums ({', '.join(_NAMES)}) SELECT {', '.join(_NAMES)} FROM ({_SUMS}) s"
_READ_ONCE = f"""
INSERT INTO outcome_sums ({", ".join(_NAMES)}, is_kept) SELECT {", ".join(_NAMES)}, true FROM outcome_sums o
 WHERE o.is_final AND NOT o.is_kept
   AND NOT EXISTS (SELECT FROM outcome_sums k WHERE k.campaign_id = o.campaign_id AND k.is_kept)
"""
_KEPT = f"SELECT {', '.join(_NAMES)}, is_kept, read_at FROM outcome_sums ORDER BY campaign_id, id"
_KEPT_READS = (
    f"SELECT {', '.join(_NAMES)}, is_kept, read_at FROM outcome_sums WHERE campaign_id = ANY(:campaigns) AND is_kept"
)


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """People of a campaign's arm who got one offer in one segment, and what came of it. `is_final`: they are in the one
    final read; `is_daily`: in what may be looked at every day. Of a read that was kept they are in the one, and the
    same people as they are known today in the other."""

    campaign_id: UUID
    arm: str
    segment_slug: str
    playbook: str
    offer_name: str
    discount_pct: str
    is_final: bool
    sums: Sums
    is_daily: bool = True
    read_at: datetime | None = None
    """When a final read that was kept was read: what was bought or given back later is not in it."""


async def read_outcomes(session: AsyncSession, campaigns: Sequence[UUID]) -> list[OutcomeRow]:
    """Return what came of campaigns so far, the final read as it was kept."""
    found = await session.execute(text(_SUMS), {**await outcome_terms(session), "campaigns": list(campaigns)})
    kept = await session.execute(text(_KEPT_READS), {"campaigns": list(campaigns)})
    return _read_once([_row(one) for one in found], [_row(one, read_at=one.read_at) for one in kept])


async def keep_outcomes(session: AsyncSession) -> None:
    """Sum up anew what came of every real campaign of two years: minutes for millions, hence for a job. A campaign
    whose final read is due is read, once."""
    since = now() - timedelta(days=LOOK_BACK_DAYS)
    campaigns = list((await session.execute(text(_REAL), {"since": since})).scalars())
    await session.execute(text(_FORGET))
    await session.execute(text(_KEEP), {**await outcome_terms(session), "campaigns": campaigns})
    await session.execute(text(_READ_ONCE))


async def kept_outcomes(session: AsyncSession) -> tuple[list[OutcomeRow], datetime | None]:
    """Return what was last summed up, and when."""
    rows = (await session.execute(text(_KEPT))).all()
    daily = [one for one in rows if not one.is_kept]
    told = _read_once([_row(one) for one in daily], [_row(one, read_at=one.read_at) for one in rows if one.is_kept])
    return told, daily[0].read_at if daily else None


def _read_once(rows: Sequence[OutcomeRow], kept: Sequence[OutcomeRow]) -> list[OutcomeRow]:
    """Return rows with the final reads that were kept in the place of what they would be today; none of a campaign that
    is no longer told of."""
    told, read = {row.campaign_id for row in rows}, {row.campaign_id for row in kept}
    return [
        *(replace(row, is_final=False) if row.campaign_id in read else row for row in rows),
        *(replace(row, is_daily=False) for row in kept if row.campaign_id in told),
    ]


def _row(one: Any, *, read_at: datetime | None = None) -> OutcomeRow:
    keys = {name: getattr(one, name) for name in _KEYS}
    sums = Sums(**{field.name: getattr(one, field.name) for field in fields(Sums)})
    return OutcomeRow(**keys, sums=sums, read_at=read_at)


async def outcome_terms(session: AsyncSession) -> dict[str, Any]:
    """Return what statements over outcomes bind: the shop's zone, now, the window in days, margin and costs."""
    planning = await load_settings(session, PlanningSettings)
    return {
        "zone": (await load_settings(session, GeneralSettings)).timezone,
        "now": now(),
        "window": RESPONSE_DAYS,
        "margin": Decimal(planning.margin_pct) / 100,
        "email": planning.email_cost,
        "sms": planning.sms_cost,
    }

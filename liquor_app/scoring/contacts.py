"""Past contacts as the response model learns from them: what was offered, what was known, and whether it was acted on
before the offer ended. Read in a few set-based statements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.customers.labels.product_labels import LABELLED_LINES
from liquor_app.scoring.estimators.offer_response import Contacts, Offers
from liquor_app.scoring.estimators.response import CONTACT_WINDOW_DAYS, RECENT_DAYS, Known
from liquor_app.scoring.features import ANSWERS, CONTACTED, PAID, Moment

MOST_CONTACTS = 100_000
"""The latest contacts teach the response model; older ones add time, not knowledge."""

UNTOLD_LIFE_DAYS = 14
"""How long an offer counts whose end nobody wrote down."""

_SCRATCH = """
CREATE TEMP TABLE taught (
    id uuid, customer_id uuid, campaign_id uuid, channel text, contact_at timestamptz, answered_at timestamptz,
    as_of timestamptz, discount float8, offer text, needs_no_code boolean, ends_at timestamptz
) ON COMMIT DROP
"""

_TAKEN = f"""
INSERT INTO taught
WITH told AS (
    SELECT s.id, s.customer_id, s.campaign_id, s.channel, s.contact_at,
           LEAST(s.redeemed_at, s.converted_at) AS answered_at,
           LEAST(s.contact_at, CAST(:known AS timestamptz)) AS as_of,
           CASE WHEN a.offer_terms ->> 'discount_pct' ~ '^[0-9][0-9]?([.][0-9]+)?$'
                THEN CAST(a.offer_terms ->> 'discount_pct' AS float8) / 100 END AS discount,
           -- what an action's offer is for: a category, or everything; of history, what its campaign's were for
           CASE WHEN a.id IS NULL AND cardinality(k.offer_categories) > 0 THEN CAST(s.campaign_id AS text)
                WHEN a.offer_terms ? 'covers' THEN a.offer_terms ->> 'covers'
                ELSE a.offer_terms ->> 'category' END AS offer,
           -- money off goes with a code of the action's own; whatever cannot be read is held to the stricter rule
           a.id IS NOT NULL AND COALESCE(a.offer_terms ->> 'discount_pct', '0') ~ '^0+([.]0+)?$' AS needs_no_code,
           COALESCE(CAST(CASE WHEN a.offer_terms ->> 'expires_on' ~ '^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]$'
                              THEN CAST(a.offer_terms ->> 'expires_on' AS date)
                              ELSE COALESCE(k.offers_end_on, k.end_date) END + 1 AS timestamp) AT TIME ZONE :zone,
                    s.contact_at + make_interval(days => :untold)) AS ends_at
      FROM sends s
      LEFT JOIN campaigns k ON k.id = s.campaign_id
      LEFT JOIN actions a ON a.id = s.action_id
     WHERE s.{CONTACTED} AND s.customer_id IS NOT NULL AND s.contact_at >= :since AND s.contact_at < :before
)
SELECT * FROM told WHERE ends_at > contact_at AND ends_at <= :until ORDER BY contact_at DESC, id LIMIT :most
"""
"""Contacts whose offers are over: of the others nobody knows yet who will act on them."""

_COVERS = """
CREATE TEMP TABLE covers ON COMMIT DROP AS
SELECT DISTINCT t.offer, c.category
  FROM (SELECT DISTINCT offer, campaign_id FROM taught WHERE offer IS NOT NULL) t
  JOIN LATERAL (
    SELECT unnest(k.offer_categories) AS category FROM campaigns k
     WHERE k.id = t.campaign_id AND t.offer = CAST(t.campaign_id AS text)
    UNION ALL SELECT t.offer WHERE t.offer IS DISTINCT FROM CAST(t.campaign_id AS text)) c ON true
"""

_ROWS = f"""
WITH before AS (
    SELECT t.id, count(DISTINCT p.id) AS covered FROM taught t
      JOIN covers v ON v.offer = t.offer
      JOIN purchases p ON p.customer_id = t.customer_id AND p.occurred_at < t.as_of AND p.{PAID}
      JOIN {LABELLED_LINES} l ON l.purchase_id = p.id AND l.category = v.category
     GROUP BY 1
), bought AS (
    -- an offer that needs no code is acted on by buying what it is for while it holds
    SELECT t.id FROM taught t
      JOIN purchases p ON p.customer_id = t.customer_id AND p.occurred_at >= t.contact_at AND p.occurred_at < t.ends_at
       AND p.{PAID}
     WHERE t.needs_no_code AND t.offer IS NULL
    UNION
    SELECT t.id FROM taught t
      JOIN covers v ON v.offer = t.offer
      JOIN purchases p ON p.customer_id = t.customer_id AND p.occurred_at >= t.contact_at AND p.occurred_at < t.ends_at
       AND p.{PAID}
      JOIN {LABELLED_LINES} l ON l.purchase_id = p.id AND l.category = v.category
     WHERE t.needs_no_code
)
SELECT extract(epoch FROM t.contact_at) / 86400 AS day, extract(epoch FROM t.ends_at) / 86400 AS ends,
       dense_rank() OVER (ORDER BY t.campaign_id) AS campaign, t.channel, t.offer, t.discount,
       b.covered, COALESCE(t.answered_at >= t.contact_at AND t.answered_at < t.ends_at, false)
           OR w.id IS NOT NULL AS responded,
       c.contacts, c.responses, e.answers,
       g.orders, g.recent, g.coupons, CAST(g.spend AS float8) AS spend,
       CAST(extract(epoch FROM t.as_of - g.last_at) / 86400 AS float8) AS recency
FROM taught t
LEFT JOIN before b ON b.id = t.id
LEFT JOIN bought w ON w.id = t.id
CROSS JOIN LATERAL (
    SELECT count(*) AS contacts, count(*) FILTER (WHERE LEAST(s.redeemed_at, s.converted_at) < t.as_of) AS responses
    FROM sends s
    WHERE s.customer_id = t.customer_id AND s.contact_at < t.as_of
      AND s.contact_at > t.as_of - make_interval(days => :window) AND s.{CONTACTED}
) c
CROSS JOIN LATERAL (
    SELECT count(*) AS answers FROM analytics_events e
    WHERE e.customer_id = t.customer_id AND e.event_type IN {ANSWERS} AND e.occurred_at < t.as_of
      AND e.occurred_at > t.as_of - make_interval(days => :window)
) e
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE p.{PAID}) AS orders, GREATEST(COALESCE(sum(p.total), 0), 0) AS spend,
           max(p.occurred_at) FILTER (WHERE p.{PAID}) AS last_at,
           count(*) FILTER (WHERE p.{PAID} AND p.occurred_at > t.as_of - make_interval(days => :recent)) AS recent,
           COALESCE(sum(p.coupon_lines) FILTER (WHERE p.occurred_at > t.as_of - make_interval(days => :recent)), 0)
               AS coupons
    FROM purchases p WHERE p.customer_id = t.customer_id AND p.occurred_at < t.as_of
) g
ORDER BY t.contact_at, t.id
"""

_REACH = f"""
SELECT l.category, CAST(count(DISTINCT l.purchase_id) AS float8) FROM {LABELLED_LINES} l
  JOIN purchases p ON p.id = l.purchase_id WHERE p.occurred_at <= :now AND p.{PAID} GROUP BY 1
"""


async def read_reach(session: AsyncSession, moment: Moment) -> dict[str, float]:
    """Return each category's share of all baskets by category, liquor or not; they add up to 1."""
    found = {str(name): float(baskets) for name, baskets in await session.execute(text(_REACH), {"now": moment.now})}
    total = sum(found.values())
    return {name: baskets / total for name, baskets in found.items()} if total else {}


async def read_contacts(session: AsyncSession, moment: Moment, reach: Mapping[str, float]) -> Contacts:
    """Return the latest contacts whose offers are over, oldest first, each with what was known then."""
    first = datetime.min.replace(tzinfo=UTC)
    return await read_contacts_between(
        session, first, moment.now, known=moment.now, until=moment.now, zone=moment.zone, reach=reach
    )


async def read_contacts_between(
    session: AsyncSession,
    since: datetime,
    before: datetime,
    *,
    known: datetime,
    until: datetime,
    zone: str,
    reach: Mapping[str, float],
) -> Contacts:
    """Return the latest contacts made from `since` up to, not including, `before`, oldest first.

    Args:
        known: nothing that happened from this moment on is known of anybody, though the contact came later.
        until: only offers that ended by this moment count.
        zone: of the store, in which an offer's last day ends.
        reach: see `read_reach`.
    """
    await session.execute(text("DROP TABLE IF EXISTS taught, covers"))
    await session.execute(text(_SCRATCH))
    await session.execute(
        text(_TAKEN),
        {"since": since, "before": before, "known": known, "until": until, "zone": zone, "most": MOST_CONTACTS,
         "untold": UNTOLD_LIFE_DAYS},
    )  # fmt: skip
    await session.execute(text(_COVERS))
    await session.execute(text("ANALYZE taught, covers"))
    found = await session.execute(text(_ROWS), {"window": CONTACT_WINDOW_DAYS, "recent": RECENT_DAYS})
    frame = pd.DataFrame(found.all(), columns=list(found.keys()))
    covers = await session.execute(text("SELECT offer, category FROM covers"))
    far: dict[str, float] = {}
    for offer, category in covers:
        far[offer] = far.get(offer, 0.0) + reach.get(category, 0.0)
    responded, channel = frame.pop("responded").to_numpy(dtype=np.bool_), frame.pop("channel").to_numpy(dtype=object)
    offer = frame.pop("offer")
    numbers = {str(name): frame[name].to_numpy(dtype=np.float64) for name in frame}
    names = ("responses", "contacts", "answers", "orders", "recent", "coupons", "spend", "recency")
    is_all = offer.isna().to_numpy(dtype=np.bool_)
    return Contacts(
        day=numbers["day"],
        ends=numbers["ends"],
        campaign=numbers["campaign"].astype(np.int64),
        channel=channel,
        responded=responded,
        known=Known(**{name: numbers[name] for name in names}),
        offers=Offers(
            numbers["discount"],
            np.where(is_all, numbers["orders"], np.nan_to_num(numbers["covered"])),
            np.where(is_all, 1.0, offer.map(far).to_numpy(dtype=np.float64)),
        ),
    )

"""What is known of every customer, read from the database in a few set-based statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
import pandas as pd
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.states import sql_list
from liquor_app.customers.labels.product_labels import LABELLED_LINES
from liquor_app.events.models import EventType
from liquor_app.ledger.models import REACHED
from liquor_app.scoring.estimators.response import CONTACT_WINDOW_DAYS, RECENT_DAYS
from liquor_app.scoring.estimators.signals import HALF_LIVES, DayLog
from liquor_app.scoring.estimators.snapshots import Snapshots

MAX_LOG_CUSTOMERS = 20_000
"""Customers whose log teaches churn and value: more of them take time, their coefficients would not move."""

PAID = "total > 0"
"""A basket nothing was paid for is no purchase: an order refunded in full is told as one of 0.00."""

ANSWERS = sql_list(EventType.CONVERSION, EventType.REDEMPTION)
"""Events by which somebody answered a message: an order of the shop's, or its offer taken up without one."""
CONTACTED = f"status IN {sql_list(*REACHED)} AND provider IS DISTINCT FROM 'sandbox'"
"""Messages that reached for somebody. The sandbox delivers nothing, so nobody can have answered it."""


_LATELY = ", ".join(
    f"CAST(sum({{what}} * power(CAST(2 AS float8), ({{day}} - :today) / CAST({half} AS float8))) AS float8)"
    f" AS {{name}}_{half}"
    for half in HALF_LIVES
)
_LATELY_COLUMNS = ", ".join(
    [f"r.orders_{half}" for half in HALF_LIVES]
    + [f"GREATEST(b.spend_{half} + COALESCE(t.spend_{half}, 0), 0) AS spend_{half}" for half in HALF_LIVES]
)
"""Orders and spend, each weighing 2^(−days ago / half-life): `estimators.signals` of everybody in one pass."""


def _customers(only: str) -> str:
    """Return the statement, for everybody (`only` empty) or for the customers `:ids`, whose rows alone are then
    read."""
    of = f" AND {only}" if only else ""
    return f"""
WITH baskets AS (
    SELECT p.customer_id, p.occurred_at, CAST(p.occurred_at AT TIME ZONE :zone AS date) AS day, p.total,
           p.discount, p.coupon_lines,
           COALESCE(p.local_hour, CAST(extract(hour FROM p.occurred_at AT TIME ZONE :zone) AS int)) AS hour
    FROM purchases p WHERE p.occurred_at <= :now AND p.{PAID}{of}
), returned AS (
    -- what came back lowers what was spent, and is no purchase
    SELECT p.customer_id, sum(p.total) AS spend, COALESCE(sum(p.total) FILTER (
           WHERE CAST(p.occurred_at AT TIME ZONE :zone AS date) > :window_from), 0) AS window_spend,
           {_LATELY.format(what="p.total", name="spend", day="CAST(p.occurred_at AT TIME ZONE :zone AS date)")}
    FROM purchases p WHERE p.occurred_at <= :now AND p.total < 0{of} GROUP BY 1
), days AS (
    SELECT customer_id, day, day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap
    FROM (SELECT DISTINCT customer_id, day FROM baskets) d
), rhythm AS (
    SELECT customer_id, count(*) AS order_days, count(*) FILTER (WHERE day > :window_from) AS window_days,
           percentile_cont(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY gap) AS gaps,
           CAST(CASE WHEN count(gap) > 1 THEN stddev_samp(gap) / avg(gap) END AS float8) AS gap_variation,
           {_LATELY.format(what="1", name="orders", day="day")}
    FROM days GROUP BY customer_id
), bought AS (
    SELECT customer_id, count(*) AS baskets, count(*) FILTER (WHERE day > :recent_from) AS recent,
           min(occurred_at) AS first_at, max(occurred_at) AS last_at,
           min(day) AS first_day, max(day) AS last_day, sum(total) AS spend,
           COALESCE(sum(total) FILTER (WHERE day > :window_from), 0) AS window_spend,
           sum(discount) AS discount, count(*) FILTER (WHERE discount > 0) AS discounted,
           COALESCE(sum(coupon_lines) FILTER (WHERE day > :recent_from), 0) AS coupons,
           avg(CAST(hour >= 20 OR hour < 4 AS int)) AS night_share,
           {_LATELY.format(what="total", name="spend", day="day")},
           -- the mean on the clock face: 23:00 and 1:00 average to midnight, not to noon
           atan2(avg(sin(hour * pi() / 12)), avg(cos(hour * pi() / 12))) * 12 / pi() AS hour
    FROM baskets GROUP BY customer_id
), reached AS (
    SELECT customer_id, count(*) AS contacts,
           count(*) FILTER (WHERE LEAST(redeemed_at, converted_at) <= :now) AS responses,
           count(*) FILTER (WHERE contact_at > :engaged_from) AS reached,
           -- only what a person did: opens and clicks of scanners and mail proxies never set these columns
           count(*) FILTER (WHERE contact_at > :engaged_from AND (opened_at <= :now OR clicked_at <= :now)) AS opened,
           count(*) FILTER (WHERE contact_at > :engaged_from AND clicked_at <= :now) AS clicked
    FROM sends WHERE {CONTACTED} AND contact_at <= :now AND contact_at > :contacts_from{of} GROUP BY customer_id
), answered AS (
    SELECT customer_id, count(*) AS answers FROM analytics_events
    WHERE event_type IN {ANSWERS} AND occurred_at <= :now AND occurred_at > :contacts_from{of} GROUP BY customer_id
)
SELECT c.id, c.profiling_objected_at IS NOT NULL AS objected, COALESCE(b.baskets, 0) AS baskets, b.first_at, b.last_at,
       b.first_day - :today AS first_day, b.last_day - :today AS last_day,
       CAST(CASE WHEN b.spend > 0 THEN GREATEST(b.spend + COALESCE(t.spend, 0), 0) END AS float8) AS spend,
       CAST(CASE WHEN b.spend > 0 THEN GREATEST(b.window_spend + COALESCE(t.window_spend, 0), 0) END AS float8)
           AS window_spend, CAST(b.night_share AS float8) AS night_share,
       CAST(b.hour AS float8) AS hour, r.order_days, r.window_days, CAST(r.gaps[1] AS float8) AS gap_low,
       CAST(r.gaps[2] AS float8) AS gap_median, CAST(r.gaps[3] AS float8) AS gap_high, r.gap_variation,
       {_LATELY_COLUMNS},
       COALESCE(s.contacts, 0) AS contacts, COALESCE(s.responses, 0) AS responses,
       COALESCE(a.answers, 0) AS answers, COALESCE(b.recent, 0) AS recent, COALESCE(b.coupons, 0) AS coupons,
       CAST(b.discount AS float8) AS discount, COALESCE(b.discounted, 0) AS discounted,
       COALESCE(s.reached, 0) AS reached, COALESCE(s.opened, 0) AS opened, COALESCE(s.clicked, 0) AS clicked
FROM customers c LEFT JOIN bought b ON b.customer_id = c.id LEFT JOIN rhythm r ON r.customer_id = c.id
LEFT JOIN returned t ON t.customer_id = c.id
LEFT JOIN reached s ON s.customer_id = c.id LEFT JOIN answered a ON a.customer_id = c.id
WHERE c.deleted_at IS NULL{of.replace("customer_id", "c.id")} ORDER BY c.id
"""


_LOG = """
SELECT dense_rank() OVER (ORDER BY customer_id) AS customer, day, spent, paid FROM (
    SELECT p.customer_id, CAST(p.occurred_at AT TIME ZONE :zone AS date) - :today AS day,
           CAST(sum(p.total) AS float8) AS spent, bool_or(p.total > 0) AS paid
    FROM purchases p JOIN customers c ON c.id = p.customer_id
    WHERE p.occurred_at <= :now AND p.total <> 0 AND c.deleted_at IS NULL AND c.profiling_objected_at IS NULL
      AND (hashtext(CAST(p.customer_id AS text)) & 2147483647) % :every = 0
    GROUP BY 1, 2
) d
"""
"""A customer's net spend a day; every so many customers, the same ones each time."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When we score, on the store's calendar."""

    now: datetime
    today: date
    zone: str


async def read_customers(
    session: AsyncSession, moment: Moment, *, window_days: int, ids: Sequence[UUID] | None = None
) -> pd.DataFrame:
    """Return one row per living customer (of `ids`, if given), ordered by id; days are counted from today (0), so they
    are ≤ 0. For a few, only their own purchases and contacts are read."""
    found = await session.execute(
        text(_customers("customer_id = ANY(:ids)" if ids is not None else "")),
        {
            **({} if ids is None else {"ids": list(ids)}),
            "zone": moment.zone,
            "now": moment.now,
            "today": moment.today,
            "window_from": moment.today - timedelta(days=window_days),
            "recent_from": moment.today - timedelta(days=RECENT_DAYS),
            "contacts_from": moment.now - timedelta(days=CONTACT_WINDOW_DAYS),
            "engaged_from": moment.now - timedelta(days=RECENT_DAYS),
        },
    )
    frame = pd.DataFrame(found.all(), columns=list(found.keys()))
    counted = [
        "first_day",
        "last_day",
        "order_days",
        "window_days",
        "contacts",
        "responses",
        "baskets",
        "answers",
        "recent",
        "coupons",
        "discounted",
        "reached",
        "opened",
        "clicked",
    ]
    measured = [
        "discount", "spend", "window_spend", "night_share", "hour", "gap_low", "gap_median", "gap_high",
        "gap_variation", *(f"{name}_{half}" for name in ("orders", "spend") for half in HALF_LIVES),
    ]  # fmt: skip
    return frame.astype(dict.fromkeys(counted + measured, "float64"))


async def read_snapshots(session: AsyncSession, moment: Moment) -> Snapshots:
    """Return the log of everybody who may be profiled, or of a fair sample of about `MAX_LOG_CUSTOMERS`, by day, today
    being 0."""
    counted = await session.execute(text("SELECT count(*) FROM customers WHERE deleted_at IS NULL"))
    every = -(-int(counted.scalar_one()) // MAX_LOG_CUSTOMERS) or 1
    found = await session.execute(
        text(_LOG), {"zone": moment.zone, "now": moment.now, "today": moment.today, "every": every}
    )
    frame = pd.DataFrame(found.all(), columns=list(found.keys()))
    log = DayLog(
        frame["customer"].to_numpy(dtype=np.int64),
        frame["day"].to_numpy(dtype=np.float64),
        frame["spent"].to_numpy(dtype=np.float64),
        frame["paid"].to_numpy(dtype=np.bool_),
    )
    return Snapshots(log, 0.0)


async def read_prices(session: AsyncSession, moment: Moment) -> pd.Series:
    """Tell what a unit of each category of liquor costs on average; index the category."""
    found = await session.execute(
        text(
            "SELECT l.category, CAST(sum(l.amount) / sum(l.quantity) AS float8)"
            f" FROM {LABELLED_LINES} l"
            " JOIN purchases p ON p.id = l.purchase_id"
            " WHERE l.is_alcohol AND l.quantity > 0 AND l.amount > 0 AND p.occurred_at <= :now GROUP BY 1"
        ),
        {"now": moment.now},
    )
    rows = found.all()
    return pd.Series([row[1] for row in rows], index=[str(row[0]) for row in rows], dtype="float64")


async def read_popularity(session: AsyncSession, moment: Moment, column: str) -> pd.Series:
    """In how many baskets each category (or brand) of liquor was; index the name, most popular first."""
    found = await session.execute(
        text(
            f"SELECT l.{column}, count(DISTINCT l.purchase_id) FROM {LABELLED_LINES} l"
            " JOIN purchases p ON p.id = l.purchase_id"
            f" WHERE l.is_alcohol AND l.{column} IS NOT NULL AND p.occurred_at <= :now AND p.{PAID}"
            " GROUP BY 1 ORDER BY 2 DESC, 1"
        ),
        {"now": moment.now},
    )
    rows = found.all()
    return pd.Series([float(row[1]) for row in rows], index=[str(row[0]) for row in rows], dtype="float64")


async def read_tastes(session: AsyncSession, moment: Moment, column: str, ids: Sequence[UUID]) -> pd.DataFrame:
    """Per customer of `ids` and category (or brand) of liquor: customer_id, name, baskets, amount, quantity of the
    baskets something was paid for; net is the amount without what came back."""
    found = await session.execute(
        text(
            f"SELECT p.customer_id, l.{column} AS name, count(DISTINCT p.id) FILTER (WHERE p.{PAID}) AS baskets,"
            f" CAST(sum(l.amount) FILTER (WHERE p.{PAID}) AS float8) AS amount,"
            f" CAST(sum(l.quantity) FILTER (WHERE p.{PAID}) AS float8) AS quantity,"
            " CAST(greatest(sum(l.amount), 0) AS float8) AS net"
            f" FROM purchases p JOIN {LABELLED_LINES} l ON l.purchase_id = p.id"
            f" WHERE p.customer_id = ANY(:ids) AND l.is_alcohol AND l.{column} IS NOT NULL"
            f" AND p.occurred_at <= :now GROUP BY 1, 2 HAVING bool_or(p.{PAID})"
        ),
        {"ids": list(ids), "now": moment.now},
    )
    return pd.DataFrame(found.all(), columns=list(found.keys()))

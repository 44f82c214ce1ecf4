"""What pages of analytics ask of a large shop, question by question: ours, from what is counted beforehand, beside the
same figures from raw rows, and whether both say the same.

    python -m benchmarks analytics --set customers=1000000 --set purchases=6000000 --set sends=4000000
"""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.analytics.alerts import read_alerts
from liquor_app.analytics.attribution_views import count_views, read_views
from liquor_app.analytics.bounce_places import bounce_places
from liquor_app.analytics.bounce_rates import sender_health
from liquor_app.analytics.cohorts import EVER, count_cohorts, read_cohorts
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.insights.month_counts import count_insights
from liquor_app.analytics.insights.read_insights import InsightKind, read_insight
from liquor_app.analytics.kept_views import campaigns_to_count
from liquor_app.analytics.reports import ReportKind, read_report
from liquor_app.analytics.reviews.read_review import read_review
from liquor_app.analytics.reviews.review import ReviewKind
from liquor_app.analytics.segment_performance import segment_performance
from liquor_app.analytics.service import campaign_days, churn_report, counts_of, daily, dashboard, ledger
from liquor_app.analytics.shell_counts import shell_counts
from liquor_app.core.db import engine, transaction
from liquor_app.organization.settings import GeneralSettings, load_settings, shop_today

GOAL_MS = 100.0
DAYS, WEEKS, SEGMENTS = 400, 52, 24
_FILL = (
    """
INSERT INTO segments (slug, name, position)
SELECT 'part_' || n, 'Part ' || n, n FROM generate_series(0, :segments - 1) n
    """,
    """
INSERT INTO campaigns (name, status, start_date, end_date, total_sends)
SELECT 'Week ' || n, 'completed', CURRENT_DATE - 7 * n - 7, CURRENT_DATE - 7 * n - 1, :sends / :weeks
  FROM generate_series(0, :weeks - 1) n
    """,
    """
INSERT INTO customers (email, email_key, name, state, email_consent, rfm_segment, churn_risk, churn_probability,
       clv_score, value_at_risk, response_likelihood, first_purchase_at, last_purchase_at, purchase_frequency,
       total_spent)
SELECT 'p' || n || '@bench.example', 'p' || n || '@bench.example', 'Person ' || n, 'NY', 'given',
       (ARRAY['champions', 'loyal', 'at_risk', 'lost', 'new'])[1 + n % 5], (ARRAY['low', 'medium', 'high'])[1 + n % 3],
       (n % 100) / 100.0, n % 977, n % 313, (n % 50) / 100.0, now() - interval '390 days' + n % 300 * interval '1 day',
       now() - n % 90 * interval '1 day', 1 + n % 12, n % 1999
  FROM generate_series(1, :customers) n
    """,
    """
CREATE TEMP TABLE people AS SELECT row_number() OVER (ORDER BY id) - 1 AS place, id FROM customers
    """,
    "CREATE UNIQUE INDEX ON people (place)",
    "ANALYZE people",
    """
INSERT INTO purchases (external_id, customer_id, occurred_at, total, discount, alcohol_total)
SELECT 'r' || n, p.id, now() - interval '1 day' * (:days * sqrt(random())),
       CASE WHEN n % 50 = 0 THEN -8 ELSE 5 + n % 80 END, n % 7, 5 + n % 80
  FROM generate_series(CAST(1 AS bigint), :purchases) n JOIN people p ON p.place = (n * 7919) % :customers
    """,
    """
INSERT INTO purchase_lines (purchase_id, product, category, brand, quantity, amount)
SELECT id, 'Item ' || k % 900, (ARRAY['wine', 'beer', 'whiskey', 'gin', 'rum'])[1 + k % 5], 'Brand ' || k % 60, 1, total
  FROM (SELECT id, total, abs(hashtext(external_id)) AS k FROM purchases) p
    """,
    """
INSERT INTO actions (campaign_id, customer_id, segment_slug, offer, offer_terms, scheduled_date, status)
SELECT c.id, p.id, 'part_' || n % :segments, '10% off rye', '{"name": "Rye", "discount_pct": "10"}', c.start_date,
       'sent'
  FROM generate_series(CAST(1 AS bigint), :sends) n JOIN people p ON p.place = (n * 6007) % :customers
  JOIN (SELECT id, start_date, row_number() OVER (ORDER BY start_date) - 1 AS place FROM campaigns) c
    ON c.place = n % :weeks
    """,
    """
INSERT INTO sends (id, created_at, action_id, customer_id, campaign_id, channel, recipient, status, not_before,
       contact_at, sent_at, delivered_at, opened_at, clicked_at, converted_at, conversion_value)
SELECT uuid_v7(), at, id, customer_id, campaign_id, 'email', 'p@bench.example', 'delivered', at, at, at,
       at + interval '1 minute', CASE WHEN k % 3 = 0 THEN at + interval '1 hour' END,
       CASE WHEN k % 12 = 0 THEN at + interval '2 hours' END,
       CASE WHEN k % 25 = 0 THEN at + interval '1 day' END, CASE WHEN k % 25 = 0 THEN 10 + k % 70 END
  FROM (SELECT *, scheduled_date + interval '9 hours' + k % 5 * interval '1 day' AS at
          FROM (SELECT *, abs(hashtext(CAST(id AS text))) AS k FROM actions) keyed) a
    """,
    """
INSERT INTO analytics_events (event_type, customer_id, campaign_id, send_id, occurred_at)
SELECT 'email_opened', customer_id, campaign_id, id, opened_at FROM sends WHERE opened_at IS NOT NULL
    """,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Question:
    """What a page asks, and the raw statement that says the same of one figure."""

    page: str
    ask: Callable[[AsyncSession], Awaitable[Any]]
    raw: str = ""
    figure: Callable[[Any], object] | None = None


async def _fill(sizes: Mapping[str, int]) -> float:
    began = time.perf_counter()
    async with transaction() as session:
        for statement in _FILL:
            await session.execute(text("SET LOCAL synchronous_commit = off"))
            await session.execute(text("SET LOCAL statement_timeout = 0"))
            names = {name: value for name, value in sizes.items() if f":{name}" in statement}
            await session.execute(text(statement), names)
    async with engine().connect() as alone:  # as autovacuum leaves a base that is in use
        await (await alone.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
    async with transaction() as session:  # what a page reads of it has been seen once
        await session.execute(text("SELECT count(*) FROM sends"))
    return time.perf_counter() - began


async def _counted() -> dict[str, float]:
    took = {}
    works: Mapping[str, Callable[[AsyncSession], Awaitable[None]]] = {
        "daily rollups": lambda session: roll_up(session, EVER),
        "cohorts": lambda session: count_cohorts(session, EVER),
        "months, goods, hours": lambda session: count_insights(session, EVER),
        "campaigns' views": _count_campaigns,
    }
    for name, work in works.items():
        began = time.perf_counter()
        async with transaction() as session:
            await session.execute(text("SET LOCAL statement_timeout = 0"))
            await work(session)
        took[name] = round(time.perf_counter() - began, 1)
    return took


async def _count_campaigns(session: AsyncSession) -> None:
    for campaign_id in await campaigns_to_count(session, await shop_today(session)):
        await count_views(session, campaign_id)


def _questions(today: date, campaign: UUID) -> Sequence[_Question]:
    start, end = today - timedelta(days=365), today - timedelta(days=1)
    bought = (
        "occurred_at >= CAST(:start AS timestamp) AT TIME ZONE :zone"
        " AND occurred_at < CAST(:next AS timestamp) AT TIME ZONE :zone"
    )
    sent = "campaign_id IS NOT NULL AND " + bought.replace("occurred_at", "sent_at")
    return (
        _Question("dashboard, 30 days", lambda session: dashboard(session, SYSTEM)),
        _Question(
            "dashboard, a year: revenue", lambda session: daily(session, SYSTEM, start, end),
            f"SELECT sum(total) FROM purchases WHERE {bought}", lambda found: counts_of(found)["revenue"],
        ),
        _Question(
            "dashboard, a year: orders", lambda session: daily(session, SYSTEM, start, end),
            f"SELECT count(*) FROM purchases WHERE total > 0 AND {bought}", lambda found: counts_of(found)["orders"],
        ),
        _Question(
            "report of campaigns, a year",
            lambda session: read_report(session, SYSTEM, ReportKind.CAMPAIGNS, start, end),
            f"SELECT count(*) FROM sends WHERE {sent}", lambda found: found.totals["sends"],
        ),
        _Question(
            "report of campaigns, a year: attributed",
            lambda session: read_report(session, SYSTEM, ReportKind.CAMPAIGNS, start, end),
            f"SELECT sum(conversion_value) FROM sends WHERE {sent}",
            lambda found: found.totals["attributed_revenue"],
        ),
        _Question("report of segments, 30 days", lambda session: read_report(session, SYSTEM, ReportKind.SEGMENTS)),
        _Question("segments' figures, 90 days", lambda session: segment_performance(session, SYSTEM)),
        _Question(
            "cohorts", lambda session: read_cohorts(session, SYSTEM),
            "SELECT count(DISTINCT customer_id) FROM purchases WHERE total > 0",
            lambda found: sum(one.customers for one in found.items),
        ),
        *(
            _Question(f"insight: {kind.label}", lambda session, kind=kind: read_insight(session, SYSTEM, kind))
            for kind in InsightKind
        ),
        _Question("churn", lambda session: churn_report(session, SYSTEM)),
        _Question("alerts", lambda session: read_alerts(session, SYSTEM)),
        _Question("counts beside the navigation", lambda session: shell_counts(session, SYSTEM)),
        _Question("sender health", lambda session: sender_health(session, SYSTEM)),
        _Question("sender health by domain", lambda session: bounce_places(session, SYSTEM)),
        _Question("weekly review", lambda session: read_review(session, SYSTEM, ReviewKind.WEEK)),
        _Question("monthly letter", lambda session: read_review(session, SYSTEM, ReviewKind.MONTH)),
        _Question("campaign: status", lambda session: ledger(session, SYSTEM, campaign)),
        _Question("campaign: days", lambda session: campaign_days(session, SYSTEM, campaign)),
        _Question("campaign: attribution", lambda session: read_views(session, SYSTEM, campaign)),
    )  # fmt: skip


async def run(
    customers: int = 100_000, purchases: int = 600_000, sends: int = 400_000, repeats: int = 20
) -> AsyncIterator[dict[str, Any]]:
    """A line a question: p50 and p95 in milliseconds, the raw statement's time beside it where there is one, and
    whether both come to the same.

    Args:
        purchases: of which each has one line; with `sends` and their openings, the shop's events.
    """
    sizes = {
        "customers": customers, "purchases": purchases, "sends": sends, "days": DAYS, "weeks": WEEKS,
        "segments": SEGMENTS,
    }  # fmt: skip
    filled = await _fill(sizes)
    yield {"bench": "analytics", **sizes, "fill_s": round(filled, 1), "counting_s": await _counted()}
    async with transaction() as session:
        today = await shop_today(session)
        zone = (await load_settings(session, GeneralSettings)).timezone
        campaign = (
            await session.execute(text("SELECT id FROM campaigns ORDER BY start_date DESC LIMIT 1"))
        ).scalar_one()
    bound = {"start": today - timedelta(days=365), "next": today, "zone": zone}
    for question in _questions(today, campaign):
        took, answer = [], None
        for _ in range(repeats):
            async with transaction() as session:
                began = time.perf_counter()
                answer = await question.ask(session)
                took.append(1000 * (time.perf_counter() - began))
        p95 = statistics.quantiles(took, n=20, method="inclusive")[-1]
        line = {
            "bench": "analytics", "page": question.page, "p50_ms": round(statistics.median(took), 1),
            "p95_ms": round(p95, 1), "goal_ms": GOAL_MS, "met": p95 < GOAL_MS,
        }  # fmt: skip
        if question.figure:
            async with transaction() as session:
                began = time.perf_counter()
                names = {name: value for name, value in bound.items() if f":{name}" in question.raw}
                raw = (await session.execute(text(question.raw), names)).scalar_one()
                line |= {
                    "raw_ms": round(1000 * (time.perf_counter() - began), 1),
                    "is_equal": raw == question.figure(answer), "figure": str(raw),
                }  # fmt: skip
        yield line

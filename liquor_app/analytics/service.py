"""What the shop earned, what was sent, who is leaving.

Finished days come from the rollups, today from the live tables: a dashboard over 20M purchases reads a few hundred
small rows, and still moves within a blink.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.metrics import METRICS, Metric
from liquor_app.analytics.periods import Against, period_of
from liquor_app.core.clock import today_in
from liquor_app.core.errors import Invalid
from liquor_app.ledger.models import SendStatus
from liquor_app.organization.settings import GeneralSettings, load_settings

MAX_DAYS = 731
STANDARD_DAYS = 30
_COUNTED = {
    "revenue": "revenue",
    "orders": "orders",
    "sends": "sends",
    "conversions": "conversions",
    "delivered": "arrived",
}
"""What a day counts, by the metrics' name of it."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the store's calendar. `conversions` counts messages sent that day that ended in a purchase, `arrived`
    those of which anybody told that they reached somebody (at least so many did)."""

    day: date
    revenue: Decimal
    orders: int
    sends: int
    conversions: int
    arrived: int


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure (None: not measured), the same of the period before (None if there was nothing), and its daily course
    over the days it was measured on."""

    name: str
    value: Decimal | None
    previous: Decimal | None
    series: list[float]


@dataclass(frozen=True)
class ShownDays:
    """The finished days that are shown, and with what they are compared."""

    start: date
    end: date
    against: Against


@dataclass(frozen=True)
class Dashboard(ShownDays):
    """Finished days from `start` to `end` beside as many before them, or a year before. Today is not over, so it
    stands apart: six days beside seven would say that the shop is failing every morning."""

    kpis: list[Kpi]
    days: list[Day]
    previous: list[Day]
    today: Day


@dataclass(frozen=True, slots=True)
class ChurnRow:
    """Somebody worth keeping: value at risk is the chance of losing them × what a return brings."""

    id: UUID
    name: str | None
    email: str | None
    rfm_segment: str | None
    churn_probability: float
    churn_risk: str
    clv_score: Decimal | None
    value_at_risk: Decimal | None
    days_since: int | None


@dataclass(frozen=True, slots=True)
class ChurnReport:
    bands: list[tuple[str, int]]
    top: list[ChurnRow]


@dataclass(frozen=True, slots=True)
class CampaignReportRow:
    """What a campaign's messages of a period did."""

    id: UUID
    name: str
    status: str
    start_date: date
    end_date: date
    sends: int
    delivered: int
    opens: int
    clicks: int
    conversions: int
    revenue: Decimal


_DAYS = """
WITH calendar AS (
    SELECT CAST(d AS date) AS day
    FROM generate_series(CAST(:start AS date), CAST(:end AS date), interval '1 day') d
), bounds AS (SELECT CAST(:today AS timestamp) AT TIME ZONE :zone AS midnight),
sales AS (
    SELECT day, revenue, orders FROM daily_sales WHERE day BETWEEN :start AND :end AND day < :today
    UNION ALL
    SELECT CAST(:today AS date), COALESCE(sum(total), 0), count(*) FILTER (WHERE total > 0)
    FROM purchases, bounds WHERE occurred_at >= midnight AND CAST(:end AS date) >= CAST(:today AS date)
), messages AS (
    SELECT day, sum(sends) AS sends, sum(conversions) AS conversions,
           GREATEST(sum(delivered), sum(opens), sum(clicks)) AS arrived FROM daily_messages
    WHERE day BETWEEN :start AND :end AND day < :today GROUP BY day
    UNION ALL
    SELECT CAST(:today AS date), count(*), count(converted_at),
           GREATEST(count(delivered_at), count(opened_at), count(clicked_at)) FROM sends, bounds
     WHERE sent_at >= midnight AND campaign_id IS NOT NULL AND CAST(:end AS date) >= CAST(:today AS date)
)
SELECT c.day, COALESCE(s.revenue, 0) AS revenue, COALESCE(s.orders, 0) AS orders,
       COALESCE(m.sends, 0) AS sends, COALESCE(m.conversions, 0) AS conversions, COALESCE(m.arrived, 0) AS arrived
FROM calendar c LEFT JOIN sales s USING (day) LEFT JOIN messages m USING (day) ORDER BY c.day
"""


async def daily(session: AsyncSession, actor: Actor, start: date, end: date) -> list[Day]:
    """Return every day from `start` to `end`, both included.

    Raises:
        Invalid: end before start, or more than two years.
    """
    require(actor, Permission.ANALYTICS_READ)
    if end < start or (end - start).days >= MAX_DAYS:
        raise Invalid(f"The period must be 1 to {MAX_DAYS} days long.", field="end")
    general = await load_settings(session, GeneralSettings)
    today = today_in(general.timezone)
    found = await session.execute(text(_DAYS), {"start": start, "end": end, "today": today, "zone": general.timezone})
    return [
        Day(
            row["day"],
            Decimal(row["revenue"]),
            *(int(row[name]) for name in ("orders", "sends", "conversions", "arrived")),
        )
        for row in found.mappings()
    ]


def counts_of(days: Sequence[Day]) -> dict[str, Decimal]:
    """Return what days count together, by the metrics' name of it."""
    return {name: sum((Decimal(getattr(day, of)) for day in days), Decimal(0)) for name, of in _COUNTED.items()}


def kpis(days: list[Day], previous: list[Day]) -> list[Kpi]:
    """Return the figures a dashboard begins with, against the period before."""

    def figure(rows: list[Day], metric: Metric) -> Decimal | None:
        return metric.of(counts_of(rows))

    made = []
    for name in ("revenue", "sends", "conversion_rate", "average_order"):
        metric = METRICS[name]
        course = [found for day in days if (found := figure([day], metric)) is not None]
        made.append(Kpi(name, figure(days, metric), figure(previous, metric) or None, [float(one) for one in course]))
    return made


async def dashboard(
    session: AsyncSession, actor: Actor, *, days: int | None = None, start: date | None = None, end: date | None = None,
    against: Against = Against.BEFORE,
) -> Dashboard:  # fmt: skip
    """Return the last `days` finished days (thirty, if nothing is given) or those from `start` to `end`, beside those
    they are compared with, and today by itself.

    Raises:
        Invalid: see `period_of`.
    """
    require(actor, Permission.ANALYTICS_READ)
    today = today_in((await load_settings(session, GeneralSettings)).timezone)
    given = days if days is not None or start or end else STANDARD_DAYS
    period = period_of(today, days=given, start=start, end=end, against=against)
    before = await daily(session, actor, period.start - period.back, period.end - period.back)
    during = await daily(session, actor, period.start, period.end)
    (now,) = await daily(session, actor, today, today)
    return Dashboard(period.start, period.end, period.against, kpis(during, before), during, before, now)


async def churn_report(session: AsyncSession, actor: Actor, *, limit: int = 10) -> ChurnReport:
    """Tell how many are in each churn band, and who is worth keeping most.

    Raises:
        Forbidden: the actor may not read figures, or not whom they are of.
    """
    require(actor, Permission.CUSTOMERS_READ)
    bands = await churn_bands(session, actor)
    top = await session.execute(
        text(
            "SELECT id, name, email, rfm_segment, churn_probability, churn_risk, clv_score, value_at_risk,"
            " CAST(extract(day FROM now() - last_purchase_at) AS int) AS days_since FROM customers"
            " WHERE deleted_at IS NULL AND churn_risk = 'high' AND value_at_risk IS NOT NULL"
            " ORDER BY value_at_risk DESC, id LIMIT :n"
        ),
        {"n": max(1, min(limit, 100))},
    )
    return ChurnReport(bands, [ChurnRow(**row) for row in top.mappings()])


async def churn_bands(session: AsyncSession, actor: Actor) -> list[tuple[str, int]]:
    """Tell how many are in each churn band.

    Raises:
        Forbidden: the actor may not read figures.
    """
    require(actor, Permission.ANALYTICS_READ)
    bands = await session.execute(
        text(
            "SELECT churn_risk, count(*) FROM customers WHERE deleted_at IS NULL AND churn_risk IS NOT NULL"
            " GROUP BY 1 ORDER BY 1"
        )
    )
    return [(str(name), int(n)) for name, n in bands.all()]


async def campaign_report(
    session: AsyncSession, actor: Actor, start: date, end: date, *, limit: int = 20
) -> list[CampaignReportRow]:
    """Return campaigns that sent something in the period, most revenue first."""
    require(actor, Permission.ANALYTICS_READ)
    found = await session.execute(
        text(
            "SELECT c.id, c.name, c.status, c.start_date, c.end_date, sum(m.sends) AS sends,"
            " sum(m.delivered) AS delivered, sum(m.opens) AS opens, sum(m.clicks) AS clicks,"
            " sum(m.conversions) AS conversions, sum(m.revenue) AS revenue"
            " FROM daily_messages m JOIN campaigns c ON c.id = m.campaign_id WHERE m.day BETWEEN :start AND :end"
            " GROUP BY c.id ORDER BY revenue DESC, c.start_date DESC, c.id LIMIT :n"
        ),
        {"start": start, "end": end, "n": max(1, min(limit, 200))},
    )
    return [CampaignReportRow(**row) for row in found.mappings()]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """How many of a campaign's messages are in a status."""

    status: str
    messages: int


async def ledger(session: AsyncSession, actor: Actor, campaign_id: UUID) -> list[LedgerRow]:
    """Return a campaign's messages by status, each counted once."""
    require(actor, Permission.ANALYTICS_READ)
    found = await session.execute(
        text("SELECT status, count(*) AS messages FROM sends WHERE campaign_id = :id GROUP BY 1 ORDER BY 2 DESC, 1"),
        {"id": campaign_id},
    )
    return [LedgerRow(**row) for row in found.mappings()]


_CAMPAIGN_DAYS = """
SELECT day, CAST(sum(sends) AS bigint) AS sends, CAST(sum(delivered) AS bigint) AS delivered
  FROM daily_messages WHERE campaign_id = :id GROUP BY day ORDER BY day DESC LIMIT :n
"""
_IS_PLAYED = "SELECT virtual_now IS NOT NULL FROM campaigns WHERE id = :id"
_PLAYED_DAYS = f"""
SELECT CAST(contact_at AT TIME ZONE :zone AS date) AS day, count(*) AS sends,
       count(*) FILTER (WHERE status = '{SendStatus.DELIVERED}') AS delivered
  FROM sends WHERE campaign_id = :id AND contact_at IS NOT NULL AND sent_at IS NOT NULL
 GROUP BY 1 ORDER BY 1 DESC LIMIT :n
"""


@dataclass(frozen=True, slots=True)
class CampaignDay:
    """A day of a campaign, both channels together; the day is the store's own."""

    day: date
    sends: int
    delivered: int


async def campaign_days(
    session: AsyncSession, actor: Actor, campaign_id: UUID, *, limit: int = 31
) -> list[CampaignDay]:
    """Return the last days on which a campaign sent something, oldest first: from the daily rollups, of a played week
    by its own clock."""
    require(actor, Permission.ANALYTICS_READ)
    asked = {"id": campaign_id, "n": max(1, min(limit, 366))}
    found = await session.execute(text(_CAMPAIGN_DAYS), asked)
    if (await session.execute(text(_IS_PLAYED), {"id": campaign_id})).scalar():
        zone = (await load_settings(session, GeneralSettings)).timezone
        found = await session.execute(text(_PLAYED_DAYS), {**asked, "zone": zone})
    return [CampaignDay(**row) for row in reversed(found.mappings().all())]

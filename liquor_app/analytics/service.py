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
from liquor_app.analytics.daily_rollups import NOT_PLAYED
from liquor_app.analytics.measured import TOLD
from liquor_app.analytics.metrics import METRICS, REACH_TO_BUY, Metric
from liquor_app.analytics.periods import Against, period_of
from liquor_app.core.clock import today_in
from liquor_app.core.errors import Invalid
from liquor_app.ledger.models import SendStatus
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.providers.registry import SANDBOX

MAX_DAYS = 731
STANDARD_DAYS = 30
_COUNTED = {
    "revenue": "revenue",
    "orders": "orders",
    "sends": "sends",
    "conversions": "conversions",
    "of_orders": "of_orders",
}
"""What a day counts, by the metrics' name of it."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the store's calendar. `conversions` counts messages sent that day that ended in a purchase,
    `of_orders` those sent where orders could be seen, whether any came or not. `is_recorded`: the
    shop's purchases had begun to be on record."""

    day: date
    revenue: Decimal
    orders: int
    sends: int
    conversions: int
    of_orders: int
    is_recorded: bool = True


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure (None: not measured), the same of the period before (None if there was nothing), and its daily course
    day by day (None: not measured)."""

    name: str
    value: Decimal | None
    previous: Decimal | None
    series: list[float | None]


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

    @property
    def recorded_from(self) -> date | None:
        """See `first_recorded`."""
        return first_recorded(self.days)


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
    of_deliveries: int
    of_clicks: int
    of_orders: int


_DAYS = f"""
WITH {TOLD}, calendar AS (
    SELECT CAST(d AS date) AS day
    FROM generate_series(CAST(:start AS date), CAST(:end AS date), interval '1 day') d
), bounds AS (SELECT CAST(:today AS timestamp) AT TIME ZONE :zone AS midnight),
sales AS (
    SELECT day, revenue, orders FROM daily_sales WHERE day BETWEEN :start AND :end AND day < :today
    UNION ALL
    SELECT CAST(:today AS date), COALESCE(sum(total), 0), count(*) FILTER (WHERE total > 0)
    FROM purchases, bounds WHERE occurred_at >= midnight AND CAST(:end AS date) >= CAST(:today AS date)
), messages AS (
    SELECT day, sum(m.sends) AS sends, sum(m.conversions) AS conversions,
           sum(m.sends) FILTER (WHERE t.of_orders) AS of_orders
      FROM daily_messages m JOIN told t USING (campaign_id, channel)
    WHERE day BETWEEN :start AND :end AND day < :today GROUP BY day
    UNION ALL
    SELECT CAST(:today AS date), sum(l.sends), sum(l.conversions),
           sum(l.sends) FILTER (WHERE t.of_orders OR l.sends > l.simulated OR l.reached > 0)
      FROM (SELECT campaign_id, channel, count(*) AS sends, count(converted_at) AS conversions,
                   count(*) FILTER (WHERE provider = '{SANDBOX}') AS simulated,
                   count(COALESCE(delivered_at, opened_at, clicked_at, converted_at)) AS reached FROM sends, bounds
             WHERE sent_at >= midnight AND campaign_id IS NOT NULL AND CAST(:end AS date) >= CAST(:today AS date)
               AND {NOT_PLAYED.format(sends="sends")}
             GROUP BY campaign_id, channel) l LEFT JOIN told t USING (campaign_id, channel)
)
SELECT c.day, COALESCE(s.revenue, 0) AS revenue, COALESCE(s.orders, 0) AS orders,
       COALESCE(m.sends, 0) AS sends, COALESCE(m.conversions, 0) AS conversions, COALESCE(m.of_orders, 0) AS of_orders,
       c.day >= COALESCE((SELECT min(day) FROM daily_sales WHERE orders > 0), c.day) AS is_recorded
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
            day=row["day"], revenue=Decimal(row["revenue"]), orders=int(row["orders"]), sends=int(row["sends"]),
            conversions=int(row["conversions"]), of_orders=int(row["of_orders"]), is_recorded=bool(row["is_recorded"]),
        )
        for row in found.mappings()
    ]  # fmt: skip


def first_recorded(days: Sequence[Day]) -> date | None:
    """Return the first day of which purchases are on record, where others of the days lie before it: figures of the
    till are of the days from it on alone. None where all are on record, or none."""
    known = [one.day for one in days if one.is_recorded]
    return known[0] if known and len(known) < len(days) else None


def counts_of(days: Sequence[Day]) -> dict[str, Decimal]:
    """Return what days count together, by the metrics' name of it."""
    return {name: sum((Decimal(getattr(day, of)) for day in days), Decimal(0)) for name, of in _COUNTED.items()}


def revenue_by_day(days: Sequence[Day]) -> list[float | None]:
    """Return what each day took, as charts draw it; None of days before the first on record: nobody knows that they
    took nothing."""
    return [float(one.revenue) if one.is_recorded else None for one in days]


def of_days(metric: Metric, days: Sequence[Day]) -> Decimal | None:
    """Return a figure of days; None of purchases where all of the days lie before the first on record."""
    if days and metric.is_of_till and not any(one.is_recorded for one in days):
        return None
    return metric.of(counts_of(days))


def earlier(metric: Metric, days: Sequence[Day]) -> Decimal | None:
    """Return a figure of days to compare with; None of purchases, and of orders attributed, where some of the days lie
    before the first on record: part of a year beside a whole one is no growth."""
    if (metric.is_of_till or metric.top in REACH_TO_BUY) and not all(one.is_recorded for one in days):
        return None
    return metric.of(counts_of(days))


def kpis(days: list[Day], previous: list[Day]) -> list[Kpi]:
    """Return the figures a dashboard begins with, against the period before."""
    made = []
    for name in ("revenue", "sends", "conversion_rate", "average_order"):
        metric = METRICS[name]
        course = [None if (found := of_days(metric, [day])) is None else float(found) for day in days]
        made.append(Kpi(name, of_days(metric, days), earlier(metric, previous) or None, course))
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
            " ORDER BY value_at_risk DESC NULLS LAST, id DESC LIMIT :n"
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
            f"WITH {TOLD}"
            " SELECT c.id, c.name, c.status, c.start_date, c.end_date, sum(m.sends) AS sends,"
            " sum(m.delivered) AS delivered, sum(m.opens) AS opens, sum(m.clicks) AS clicks,"
            " sum(m.conversions) AS conversions, sum(m.revenue) AS revenue,"
            " COALESCE(sum(m.sends) FILTER (WHERE t.of_deliveries), 0) AS of_deliveries,"
            " COALESCE(sum(m.sends) FILTER (WHERE t.of_clicks), 0) AS of_clicks,"
            " COALESCE(sum(m.sends) FILTER (WHERE t.of_orders), 0) AS of_orders"
            " FROM daily_messages m JOIN campaigns c ON c.id = m.campaign_id"
            " JOIN told t ON t.campaign_id = m.campaign_id AND t.channel = m.channel"
            " WHERE m.day BETWEEN :start AND :end"
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


_CAMPAIGN_DAYS = f"""
WITH {TOLD}
SELECT day, CAST(sum(sends) AS bigint) AS sends, CAST(sum(delivered) AS bigint) AS delivered,
       CAST(COALESCE(sum(sends) FILTER (WHERE of_deliveries), 0) AS bigint) AS of_deliveries
  FROM daily_messages JOIN told USING (campaign_id, channel) WHERE campaign_id = :id
 GROUP BY day ORDER BY day DESC LIMIT :n
"""
_IS_PLAYED = "SELECT virtual_now IS NOT NULL FROM campaigns WHERE id = :id"
_PLAYED_DAYS = f"""
SELECT CAST(contact_at AT TIME ZONE :zone AS date) AS day, count(*) AS sends,
       count(*) FILTER (WHERE status = '{SendStatus.DELIVERED}') AS delivered,
       count(*) FILTER (WHERE status = '{SendStatus.DELIVERED}') AS of_deliveries
  FROM sends WHERE campaign_id = :id AND contact_at IS NOT NULL AND sent_at IS NOT NULL
 GROUP BY 1 ORDER BY 1 DESC LIMIT :n
"""


@dataclass(frozen=True, slots=True)
class CampaignDay:
    """A day of a campaign, both channels together; the day is the store's own. `of_deliveries` were sent by channels of
    which anybody told the campaign of a delivery."""

    day: date
    sends: int
    delivered: int
    of_deliveries: int


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

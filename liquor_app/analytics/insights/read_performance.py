"""How coupons, playbooks and segments did in ninety finished days, and how near the churn score came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.analytics.metrics import METRICS, Unit, rate
from liquor_app.analytics.reports import ReportColumn, ReportKind, ReportSpan, figures_of, read_report, whole_counts
from liquor_app.analytics.sent_counts import BY_OFFER, sent_counts
from liquor_app.core.clock import now
from liquor_app.core.money import money
from liquor_app.coupons.models import MADE_UP
from liquor_app.organization.settings import GeneralSettings, load_settings, shop_today
from liquor_app.scoring.models import ModelKind
from liquor_app.scoring.service import list_models
from liquor_app.ui.words import plain_number

DAYS = 90
"""Finished days that are looked back on."""
MOST_ROWS = 100
SHOWN = ("sends", "delivery_rate", "click_rate", "conversions", "conversion_rate", "attributed_revenue", "unsubscribes")
"""What a playbook's offer is told by."""


@dataclass(frozen=True, kw_only=True)
class Performance(ReportSpan):
    """Rows by column key of the days from `start` to `end`; `totals` are of all `groups`, of which the first
    `MOST_ROWS` have a row; `why_none` where nothing could be measured."""

    columns: Sequence[ReportColumn]
    rows: Sequence[Mapping[str, Any]]
    totals: Mapping[str, Any]
    why_none: str = ""


_COUPONS = """
WITH given AS (
    SELECT k.pool, k.discount_pct, k.redeemed_at, k.expires_at, k.purchase_id
      FROM coupons k LEFT JOIN campaigns c ON c.id = k.campaign_id
     WHERE k.issued_at >= CAST(:start AS timestamp) AT TIME ZONE :zone
       AND k.issued_at < CAST(:next AS timestamp) AT TIME ZONE :zone
       -- a played week gives its codes to nobody
       AND c.virtual_now IS NULL
), baskets AS (
    -- a basket with codes of two kinds is one of each, and one of all
    SELECT g.pool, g.discount_pct, sum(p.total) AS revenue
      FROM (SELECT pool, discount_pct, purchase_id FROM given WHERE purchase_id IS NOT NULL
             GROUP BY GROUPING SETS ((pool, discount_pct, purchase_id), (purchase_id))) g
      JOIN purchases p ON p.id = g.purchase_id GROUP BY 1, 2
), counted AS (
    SELECT pool, discount_pct, GROUPING(pool) = 1 AS is_whole, count(*) AS coupons_given,
           count(redeemed_at) AS coupons_redeemed,
           count(*) FILTER (WHERE redeemed_at IS NULL AND (expires_at IS NULL OR expires_at > :now)) AS still_good
      FROM given GROUP BY GROUPING SETS ((pool, discount_pct), ())
)
SELECT c.*, count(*) OVER () - 1 AS groups, COALESCE(b.revenue, 0) AS revenue
  FROM counted c LEFT JOIN baskets b ON (b.pool, b.discount_pct) IS NOT DISTINCT FROM (c.pool, c.discount_pct)
 ORDER BY is_whole DESC, coupons_given DESC, pool, discount_pct LIMIT :most + 1
"""


async def _days(session: AsyncSession) -> tuple[date, date]:
    last = await shop_today(session) - timedelta(days=1)
    return last - timedelta(days=DAYS - 1), last


async def _bound(session: AsyncSession, start: date, end: date) -> dict[str, Any]:
    zone = (await load_settings(session, GeneralSettings)).timezone
    return {"start": start, "next": end + timedelta(days=1), "zone": zone, "most": MOST_ROWS}


def _told(key: str) -> ReportColumn:
    metric = METRICS[key]
    return ReportColumn(key, metric.label, metric.unit, metric.words)


async def read_coupons(session: AsyncSession, actor: Actor) -> Performance:
    """Return codes given in the days and what became of them, by where they came from and what they take off."""
    require(actor, Permission.ANALYTICS_READ)
    start, end = await _days(session)
    bound = {**await _bound(session, start, end), "now": now()}
    whole, *found = [dict(row) for row in (await session.execute(text(_COUPONS), bound)).mappings()]
    names = ("coupons_given", "coupons_redeemed", "still_good", "revenue")
    rows = [
        {
            "codes": _codes(row["pool"], row["discount_pct"]),
            **{name: row[name] for name in names if name != "revenue"},
            "revenue": money(row["revenue"]),
            "redemption_rate": rate("redemption_rate", **_pair(row)),
        }
        for row in found
    ]
    totals = {**{name: whole[name] for name in names}, "redemption_rate": rate("redemption_rate", **_pair(whole))}
    columns = [
        ReportColumn("codes", "Codes"),
        _told("coupons_given"),
        _told("coupons_redeemed"),
        _told("redemption_rate"),
        ReportColumn("still_good", "Still good", Unit.COUNT, "Neither redeemed nor run out yet."),
        ReportColumn("revenue", "Baskets came to", Unit.MONEY, "What the purchases they were redeemed in came to, each"
                     " once; some of it would have been bought anyway."),
    ]  # fmt: skip
    return Performance(
        columns=columns, rows=rows, totals=totals if rows else {}, start=start, end=end, groups=whole["groups"]
    )


def _codes(pool: str, discount_pct: Decimal) -> str:
    return f"{'Made up' if pool == MADE_UP else pool}, {plain_number(discount_pct)}% off"


def _pair(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(row[name]) for name in ("coupons_given", "coupons_redeemed")}


async def read_playbooks(session: AsyncSession, actor: Actor) -> Performance:
    """Return what messages of the days did, by the segment they were chosen for and the offer of its playbook."""
    require(actor, Permission.ANALYTICS_READ)
    start, end = await _days(session)
    counts = await sent_counts(session, BY_OFFER, start, end, most=MOST_ROWS)
    rows = [
        {
            "slug": row["id"], "segment": row["name"], "offer": offer_label(row["offer"], row["pct"]),
            **{key: value for key, value in figures_of(row).items() if key in SHOWN},
        }
        for row in counts.rows
    ]  # fmt: skip
    whole = figures_of(whole_counts(counts.whole))
    columns = [ReportColumn("segment", "Segment"), ReportColumn("offer", "Offer"), *map(_told, SHOWN)]
    totals = {key: whole[key] for key in SHOWN} if rows else {}
    return Performance(columns=columns, rows=rows, totals=totals, start=start, end=end, groups=counts.groups)


async def read_segments(session: AsyncSession, actor: Actor) -> Performance:
    """Return what messages of the days did, by the segment they were chosen for: the report's own rows."""
    require(actor, Permission.ANALYTICS_READ)
    start, end = await _days(session)
    report = await read_report(session, actor, ReportKind.SEGMENTS, start, end)
    totals = report.totals if report.rows else {}
    return Performance(
        columns=report.columns, rows=report.rows, totals=totals, start=start, end=end, groups=report.groups
    )


async def read_calibration(session: AsyncSession, actor: Actor) -> Performance:
    """Return what the churn model in use said of tenths of the customers in the stretches it had not seen, beside how
    many then stayed away. Nothing is kept of what was said of each person since, so nothing later is in it."""
    require(actor, Permission.ANALYTICS_READ)
    start, end = await _days(session)
    models = {row.kind: row for row in await list_models(session, actor)}
    model = models.get(ModelKind.CHURN)
    tenths = [] if model is None else model.metrics.get("deciles", [])
    rows = [
        {"group": place, "said": float(said), "seen": float(seen), "apart": float(said) - float(seen),
         "customers": int(customers)}
        for place, (said, seen, customers) in enumerate(tenths, start=1)
    ]  # fmt: skip
    people = sum(row["customers"] for row in rows)
    totals: dict[str, Any] = {}
    if people:
        said, seen = (sum(row[name] * row["customers"] for row in rows) / people for name in ("said", "seen"))
        totals = {"said": said, "seen": seen, "apart": said - seen, "customers": people}
    columns = [
        ReportColumn("group", "Group", Unit.COUNT, "Customers in ten groups by what was said of them, the least likely"
                     " to stay away first."),
        ReportColumn("said", "Said to stay away", Unit.SHARE, "On average, before it was known."),
        ReportColumn("seen", "Stayed away", Unit.SHARE, "What then happened."),
        ReportColumn("apart", "Said too much", Unit.POINTS, "In points: by how much more it said; below nought: less."),
        ReportColumn("customers", "Customers", Unit.COUNT, "Who was in several earlier stretches counts in each."),
    ]  # fmt: skip
    why_none = "" if rows else _why_none(model)
    return Performance(
        columns=columns, rows=rows, totals=totals, start=start, end=end, groups=len(rows), why_none=why_none
    )


def _why_none(model: Any) -> str:
    if model is None or not model.n:
        return "No churn model was fitted yet."
    missing = "; ".join(model.metrics.get("missing") or [])
    return missing or "The churn model in use was not tested yet: the history is too short."

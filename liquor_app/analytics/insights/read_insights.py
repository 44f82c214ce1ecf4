"""Insights as tables that pages, routes and files all draw from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.cohorts import later
from liquor_app.analytics.insights.cohort_rows import COLUMNS, read_cohort_rows
from liquor_app.analytics.insights.month_counts import ACTIVE_MONTHS, SEND_DAYS
from liquor_app.analytics.insights.read_performance import (
    DAYS as LOOKED_BACK,
)
from liquor_app.analytics.insights.read_performance import (
    Performance,
    read_calibration,
    read_coupons,
    read_playbooks,
    read_segments,
)
from liquor_app.analytics.insights.rfm_moves import NOT_YET
from liquor_app.analytics.measured import recorded_from
from liquor_app.analytics.metrics import MEASURED, METRICS, Unit, growth, rate
from liquor_app.analytics.reports import ReportColumn
from liquor_app.organization.settings import shop_today
from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.ui.words import figure, record_words

MONTHS = 24
MOST_GOODS = 50
ENOUGH_SENDS = 20
"""Messages of an hour below which a share says nothing."""


class InsightKind(StrEnum):
    """What is told."""

    CUSTOMERS = "customers"
    CATEGORIES = "categories"
    BRANDS = "brands"
    SEND_TIMES = "send-times"
    MOVES = "moves"
    COUPONS = "coupons"
    PLAYBOOKS = "playbooks"
    SEGMENTS = "segment-performance"
    CALIBRATION = "calibration"
    COHORTS = "cohorts"
    """For files: its page is its own."""

    @property
    def label(self) -> str:
        """The name a page gives it."""
        return {"customers": "Customer base", "categories": "Categories", "brands": "Brands",
                "send-times": "Send times", "moves": "Movements", "coupons": "Coupons", "playbooks": "Playbooks",
                "segment-performance": "Segments", "calibration": "Calibration",
                "cohorts": "Cohorts"}[self.value]  # fmt: skip

    @property
    def words(self) -> str:
        """What is counted, and how."""
        return _WORDS[self]


_GOODS = (
    "What purchases came to, returns taken off, by the month of the sale: of the last twelve finished months, beside"
    " the twelve before. Buyers are people in the last finished month."
)
_WORDS = {
    InsightKind.COHORTS: "Customers by the month of their first purchase, and who of them bought in each month"
    " after it. Months under way are left out.",
    InsightKind.CUSTOMERS: "Active customers bought in the month or in the five before. New ones bought for the first"
    f" time, won-back ones after {ACTIVE_MONTHS} months without a purchase; lapsed ones have now bought nothing for as"
    " long. Whoever bought before the purchases we have begin counts as new in the first of their months. The month"
    " under way is left out.",
    InsightKind.CATEGORIES: _GOODS,
    InsightKind.BRANDS: _GOODS,
    InsightKind.MOVES: "Who was in which RFM segment as the last counted month began, and in which as it ended, by what"
    " was bought until then: scores of five among everybody who had bought. Customers of now; who objects to profiling"
    " is in none.",
    InsightKind.COUPONS: f"Codes given in the last {LOOKED_BACK} finished days, by where they came from and what they"
    " take off, and which of them came back from the till. Late ones may still come.",
    InsightKind.PLAYBOOKS: f"Messages of the last {LOOKED_BACK} finished days by the segment they were chosen for and"
    " the offer of its playbook. Attributed is what followed a message, by its coupon or its last click; what an offer"
    " changed is for its holdout to say, on the page Learning.",
    InsightKind.SEGMENTS: f"Messages of the last {LOOKED_BACK} finished days by the segment they were chosen for."
    " Attributed is what followed a message; what it changed is for the holdout to say, on the page Learning.",
    InsightKind.CALIBRATION: "What the churn score in use said of customers in earlier stretches it had not seen, in"
    " ten equal groups, beside how many of each then stayed away. The nearer the two, the better. What it says of"
    " people today can be judged when its horizon is over and the model is fitted anew.",
    InsightKind.SEND_TIMES: f"Campaign messages of the last {SEND_DAYS} days by the shop's clock. Who was written to at"
    " an hour was not drawn at random: a high share need not be the hour's doing.",
}


@dataclass(frozen=True, slots=True)
class Insight:
    """Rows by column key, and the whole of them; what was not measured is None.

    Attributes:
        months: of customers, goods: the finished months that `courses` are of; of moves the month.
        courses: of goods, each row's revenue by month, in the order of the rows.
        days: the first and last day of what is not counted in the night.
        why_none: why nothing could be measured; empty where it was, or nothing happened.
    """

    kind: InsightKind
    words: str
    columns: Sequence[ReportColumn]
    rows: Sequence[Mapping[str, Any]]
    totals: Mapping[str, Any]
    counted_at: datetime | None
    months: Sequence[date] = ()
    courses: Sequence[Sequence[Decimal]] = ()
    days: tuple[date, date] | None = None
    why_none: str = ""

    @property
    def start(self) -> date | None:
        """The first of its days."""
        return self.days[0] if self.days else None

    @property
    def end(self) -> date | None:
        """The last of them."""
        return self.days[1] if self.days else None


_BASE = "SELECT month, first_time, back, again, lapsed, counted_at FROM base_months ORDER BY month"
_TOP = f"""
WITH known AS (
    SELECT name, sum(revenue) FILTER (WHERE month >= :year) AS revenue,
           sum(revenue) FILTER (WHERE month < :year) AS before, sum(quantity) FILTER (WHERE month >= :year) AS quantity,
           sum(buyers) FILTER (WHERE month = :last) AS buyers,
           array_agg(month ORDER BY month) AS months, array_agg(revenue ORDER BY month) AS course
      FROM goods_months WHERE kind = :kind AND month >= :first AND month <= :last GROUP BY 1
)
SELECT * FROM (  -- what is sold no more was part of the year before
    SELECT *, sum(revenue) OVER () AS whole, sum(before) OVER () AS whole_before, sum(quantity) OVER () AS bottles
      FROM known) told
 WHERE revenue IS NOT NULL ORDER BY revenue DESC, name LIMIT {MOST_GOODS}
"""
_HOURS = """
SELECT weekday, hour, sum(sends) AS sends, sum(opens) AS opens, sum(clicks) AS clicks, sum(conversions) AS conversions,
       sum(of_opens) AS of_opens, sum(of_clicks) AS of_clicks, sum(of_orders) AS of_orders
  FROM send_hours GROUP BY 1, 2 ORDER BY 1, 2
"""
_MOVES = """
SELECT month, was, now, customers, counted_at FROM rfm_moves WHERE month = (SELECT max(month) FROM rfm_moves)
 ORDER BY customers DESC, was, now
"""
_COUNTED = "SELECT max(counted_at) FROM base_months"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


async def read_insight(session: AsyncSession, actor: Actor, kind: InsightKind) -> Insight:
    """Return what was counted in the night.

    Raises:
        Forbidden: the actor may not read figures.
    """
    require(actor, Permission.ANALYTICS_READ)
    if kind in _LIVE:
        return _live(kind, await _LIVE[kind](session, actor))
    this_month = (await shop_today(session)).replace(day=1)
    if kind is InsightKind.CUSTOMERS:
        return await _customers(session, this_month)
    if kind is InsightKind.COHORTS:
        rows, whole, counted, old = await read_cohort_rows(session, actor)
        return Insight(kind, f"{kind.words} {old}".strip(), COLUMNS, rows, whole, counted)
    if kind is InsightKind.MOVES:
        return await _moves(session)
    counted = (await session.execute(text(_COUNTED))).scalar()
    if kind is InsightKind.SEND_TIMES:
        return await _send_times(session, counted)
    return await _goods(session, kind, this_month, counted)


_LIVE: Mapping[InsightKind, Callable[[AsyncSession, Actor], Awaitable[Performance]]] = {
    InsightKind.COUPONS: read_coupons,
    InsightKind.PLAYBOOKS: read_playbooks,
    InsightKind.SEGMENTS: read_segments,
    InsightKind.CALIBRATION: read_calibration,
}


def _live(kind: InsightKind, found: Performance) -> Insight:
    words = kind.words
    if found.groups > len(found.rows):
        words += f" The first {figure(len(found.rows))} of {figure(found.groups)} are told; the totals are of all."
    return Insight(
        kind, words, found.columns, found.rows, found.totals, None, days=(found.start, found.end),
        why_none=found.why_none,
    )  # fmt: skip


async def _customers(session: AsyncSession, this_month: date) -> Insight:
    known = {row.month: row for row in await session.execute(text(_BASE))}
    rows, active = list[dict[str, Any]](), 0
    month = min(known, default=this_month)
    while month < this_month:
        row = known.get(month)
        new, back, again, lapsed = (row.first_time, row.back, row.again, row.lapsed) if row else (0, 0, 0, 0)
        net = new + back - lapsed
        active += net
        rows.append({"month": month, "first_time": new, "back": back, "again": again, "lapsed": lapsed, "net": net,
                     "active": active})  # fmt: skip
        month = later(month, 1)
    shown = rows[-MONTHS:]
    whole = {key: sum(row[key] for row in shown) for key in ("first_time", "back", "lapsed", "net")}
    columns = [
        ReportColumn("month", "Month"),
        ReportColumn("first_time", "New", Unit.COUNT, "Bought for the first time."),
        ReportColumn("back", "Won back", Unit.COUNT, f"Bought again after {ACTIVE_MONTHS} months or more without."),
        ReportColumn("again", "Returning", Unit.COUNT, "Bought again, and had not lapsed."),
        ReportColumn("lapsed", "Lapsed", Unit.COUNT, f"Have now bought nothing for {ACTIVE_MONTHS} months."),
        ReportColumn("net", "Net", Unit.COUNT, "New and won back, less lapsed."),
        ReportColumn("active", "Active", Unit.COUNT, "Bought in the month or in the five before."),
    ]
    counted = max((row.counted_at for row in known.values()), default=None)
    return Insight(InsightKind.CUSTOMERS, InsightKind.CUSTOMERS.words, columns, shown, whole, counted,
                   [row["month"] for row in shown])  # fmt: skip


async def _moves(session: AsyncSession) -> Insight:
    found = (await session.execute(text(_MOVES))).all()
    at_first = Counter[str]()
    for row in found:
        at_first[row.was] += row.customers
    rows = [
        {"was": named_segment(row.was), "now": named_segment(row.now), "customers": row.customers,
         "share": row.customers / at_first[row.was]}
        for row in found
    ]  # fmt: skip
    columns = [
        ReportColumn("was", "Was"),
        ReportColumn("now", "Is"),
        ReportColumn("customers", "Customers", Unit.COUNT, "Who stayed where they were stand there, too."),
        ReportColumn("share", "Of those who were there", Unit.SHARE, "Of the segment's customers as the month began."),
    ]
    whole = {"customers": sum(row.customers for row in found), "share": None}
    months = [found[0].month] if found else []
    counted = max((row.counted_at for row in found), default=None)
    return Insight(InsightKind.MOVES, InsightKind.MOVES.words, columns, rows, whole, counted, months)


def named_segment(name: str) -> str:
    """Return what an RFM segment is called."""
    return "Not yet a customer" if name == NOT_YET else RfmSegment(name).label


async def _goods(session: AsyncSession, kind: InsightKind, this_month: date, counted: datetime | None) -> Insight:
    last, year, first = later(this_month, -1), later(this_month, -12), later(this_month, -24)
    bound = {"kind": "category" if kind is InsightKind.CATEGORIES else "brand", "last": last, "year": year,
             "first": first}  # fmt: skip
    found = (await session.execute(text(_TOP), bound)).all()
    months, known_from = [later(first, nth) for nth in range(24)], await recorded_from(session)
    is_known = known_from is None or known_from <= first
    rows = [
        {
            "name": row.name, "revenue": row.revenue, "share": _share(row.revenue, row.whole),
            "before": row.before if is_known else None,
            "change": growth(row.revenue, row.before) if is_known else None, "quantity": row.quantity,
            "buyers": row.buyers or 0,
        }
        for row in found
    ]  # fmt: skip
    courses = []
    for row in found:
        known = dict(zip(row.months, row.course, strict=True))
        courses.append([known.get(month, Decimal(0)) for month in months])
    whole: dict[str, Any] = {}
    if found:
        of = found[0]
        whole = {"revenue": of.whole, "share": None, "before": of.whole_before if is_known else None,
                 "quantity": of.bottles, "buyers": None,
                 "change": growth(of.whole, of.whole_before) if is_known else None}  # fmt: skip
    columns = [
        ReportColumn("name", "Category" if kind is InsightKind.CATEGORIES else "Brand"),
        ReportColumn("revenue", "Revenue, 12 months", Unit.MONEY, "Of the last twelve finished months."),
        ReportColumn("share", "Share", Unit.SHARE, "Of what all of them came to."),
        ReportColumn("before", "12 months before", Unit.MONEY),
        ReportColumn("change", "Change", Unit.SHARE, "Against the twelve months before."),
        ReportColumn("quantity", "Sold", Unit.COUNT, "How many were sold, returns taken off."),
        ReportColumn("buyers", "Buyers, last month", Unit.COUNT, "People who bought in the last finished month."),
    ]
    words = kind.words if is_known or known_from is None else f"{kind.words} {record_words(known_from)}"
    return Insight(kind, words, columns, rows, whole, counted, months, courses)


async def _send_times(session: AsyncSession, counted: datetime | None) -> Insight:
    found = (await session.execute(text(_HOURS))).all()
    rows = [
        {
            "day": DAYS[row.weekday - 1], "hour": row.hour,
            **_counted(_hour_counts([row])),
            **{name: _told(name, row) for name in ("open_rate", "click_rate", "conversion_rate")},
        }
        for row in found
    ]  # fmt: skip
    whole = _counted(_hour_counts(found))
    columns = [
        ReportColumn("day", "Day"),
        ReportColumn("hour", "Hour", Unit.COUNT, "It begins then, by the shop's clock."),
        ReportColumn("sends", "Messages sent", Unit.COUNT),
        ReportColumn("opens", "Opened", Unit.COUNT),
        ReportColumn("open_rate", "Open rate", Unit.SHARE),
        ReportColumn("clicks", "Clicked", Unit.COUNT),
        ReportColumn("click_rate", "Click rate", Unit.SHARE),
        ReportColumn("conversions", "Attributed orders", Unit.COUNT),
        ReportColumn("conversion_rate", "Conversion", Unit.SHARE),
    ]
    return Insight(InsightKind.SEND_TIMES, InsightKind.SEND_TIMES.words, columns, rows, whole, counted)


def _hour_counts(hours: Sequence[Any]) -> dict[str, int]:
    names = ("sends", "opens", "clicks", "conversions", "of_opens", "of_clicks", "of_orders")
    return {name: sum(int(getattr(row, name)) for row in hours) for name in names}


def _counted(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Return counts as every report has them: None for what nobody told of."""
    told = {name: METRICS[name].of(counts) for name in ("sends", "opens", "clicks", "conversions")}
    return {name: None if one is None else int(one) for name, one in told.items()}


def _told(metric: str, row: Any) -> float | None:
    """Return a share of an hour's messages; None of too few it was measured of, and of what nobody told."""
    counts = _hour_counts([row])
    return rate(metric, **counts) if counts[MEASURED[METRICS[metric].top]] >= ENOUGH_SENDS else None


def _share(part: Decimal, whole: Decimal) -> float | None:
    return float(part / whole) if whole > 0 else None

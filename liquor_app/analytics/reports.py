"""Reports: what campaigns and segments did in a period, as one table that screens, routes and files all draw from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.measured import MEASURED_NAMES, TOLD, measured_sums, recorded_from
from liquor_app.analytics.metrics import METRICS, Unit
from liquor_app.analytics.sent_counts import BY_SEGMENT, SentCounts, sent_counts
from liquor_app.analytics.service import MAX_DAYS
from liquor_app.core.errors import Invalid
from liquor_app.core.money import money
from liquor_app.experiments.effects import By, EffectRow, read_effects
from liquor_app.organization.settings import shop_today

PERIOD_DAYS = 30
MOST_ROWS = 500
COUNTS = (
    "sends", "delivered", "opens", "clicks", "bounces", "complaints", "unsubscribes", "redeemed",
    "conversions", "attributed_revenue",
)  # fmt: skip
FIGURES = (
    "sends", "delivered", "delivery_rate", "opens", "open_rate", "clicks", "click_rate", "redeemed",
    "conversions", "conversion_rate", "attributed_revenue", "bounces", "complaints", "unsubscribes",
)  # fmt: skip
"""What each row tells of its messages, by metric."""
LIFT = ("incremental_profit", "incremental_low", "incremental_high")
"""What the messages brought beyond what would have come anyway, after discounts and sending, since the beginning: the
holdout's figure and the ends of its 95 % interval, that may be looked at every day. None where nothing was measured."""

_COUNTED = ", ".join(
    f"sum(m.{'revenue' if name == 'attributed_revenue' else name}) AS {name}" for name in COUNTS
)  # fmt: skip
_CAMPAIGNS = f"""
WITH {TOLD}
SELECT c.id, c.name, c.status, c.start_date, c.end_date, {_COUNTED}, {measured_sums("m", "t")},
       GROUPING(c.id) = 1 AS is_whole, count(*) OVER () - 1 AS groups
  FROM daily_messages m JOIN campaigns c ON c.id = m.campaign_id
  JOIN told t ON t.campaign_id = m.campaign_id AND t.channel = m.channel
 WHERE m.day BETWEEN :start AND :end GROUP BY GROUPING SETS ((c.id, c.name, c.status, c.start_date, c.end_date), ())
 ORDER BY is_whole DESC, attributed_revenue DESC, c.start_date DESC, c.id LIMIT :most + 1
"""


class ReportKind(StrEnum):
    """What a report has a row for."""

    CAMPAIGNS = "campaigns"
    SEGMENTS = "segments"

    @property
    def heads(self) -> Mapping[str, str]:
        """What a row begins with, by key."""
        if self is ReportKind.CAMPAIGNS:
            return {"name": "Campaign", "status": "Status", "start_date": "First day", "end_date": "Last day"}
        return {"name": "Segment", "customers": "Customers now"}


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column: `unit` is None of words and days."""

    key: str
    label: str
    unit: Unit | None = None
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportSpan:
    """The days that were looked at, both included, and how many groups were found in them."""

    start: date
    end: date
    groups: int


@dataclass(frozen=True, kw_only=True)
class Report(ReportSpan):
    """Rows by column key, most attributed revenue first; what was not measured is None. `totals` are of everything that
    was sent, of all `groups`, and not of the `MOST_ROWS` alone that are told; they have no lifts: those of several
    campaigns are pooled, not added (`GET /analytics/effects`). `recorded_from`: the first day of which purchases are on
    record, where the days begin before it."""

    kind: ReportKind
    columns: Sequence[ReportColumn]
    rows: Sequence[Mapping[str, Any]]
    totals: Mapping[str, Any]
    recorded_from: date | None = None


def columns_of(kind: ReportKind) -> list[ReportColumn]:
    """Return a report's columns, in their order."""
    lifts = zip(LIFT, ("Incremental profit", "Its low end", "Its high end"), strict=True)
    said = "Against the people held out, after discounts and sending, since the beginning; 95% interval."
    return [
        *(ReportColumn(key, label) for key, label in kind.heads.items()),
        *(ReportColumn(key, METRICS[key].label, METRICS[key].unit, METRICS[key].words) for key in FIGURES),
        *(ReportColumn(key, label, Unit.MONEY, said) for key, label in lifts),
    ]


async def read_report(
    session: AsyncSession, actor: Actor, kind: ReportKind, start: date | None = None, end: date | None = None
) -> Report:
    """Return what was sent from `start` to `end`, both included, and what became of it up to now; the last thirty
    finished days if neither is given.

    Raises:
        Invalid: the end before the start, or more than two years.
    """
    require(actor, Permission.ANALYTICS_READ)
    last = end or await shop_today(session) - timedelta(days=1)
    first = start or last - timedelta(days=PERIOD_DAYS - 1)
    if last < first or (last - first).days >= MAX_DAYS:
        raise Invalid(f"The period must be 1 to {MAX_DAYS} days long.", field="end")
    if kind is ReportKind.CAMPAIGNS:
        found = await session.execute(text(_CAMPAIGNS), {"start": first, "end": last, "most": MOST_ROWS})
        counts = SentCounts.of(found.mappings())
    else:
        counts = await sent_counts(session, BY_SEGMENT, first, last, most=MOST_ROWS)
    effects, _ = await read_effects(session, actor, By(kind.value.removesuffix("s")))
    by_key = {one.key: one for one in effects}
    rows = [
        {
            "id": str(row["id"]),
            **{key: row[key] for key in kind.heads},
            **figures_of(dict(row)),
            **_lift(by_key, row["id"]),
        }
        for row in counts.rows
    ]
    totals, known = figures_of(whole_counts(counts.whole)), await recorded_from(session)
    return Report(
        kind=kind, start=first, end=last, columns=columns_of(kind), rows=rows, totals=totals, groups=counts.groups,
        recorded_from=known if known and known > first else None,
    )  # fmt: skip


def whole_counts(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return what all groups together count; noughts where there is none."""
    return {name: whole[name] or 0 for name in (*COUNTS, *MEASURED_NAMES)}


def figures_of(counts: Mapping[str, Any]) -> dict[str, int | float | Decimal | None]:
    """Return each of `FIGURES` of what was counted (`COUNTS`, and what was sent where each was measured), by metric;
    None where it was not measured."""
    return {key: typed_value(METRICS[key].unit, METRICS[key].of(counts)) for key in FIGURES}


def typed_value(unit: Unit, value: Decimal | None) -> int | float | Decimal | None:
    """Return a figure as files have it: money to the cent, counts whole, shares as they are."""
    if value is None:
        return None
    return money(value) if unit is Unit.MONEY else int(value) if unit is Unit.COUNT else float(value)


def _lift(effects: Mapping[str, EffectRow], key: object) -> dict[str, Decimal | None]:
    found = effects.get(str(key))
    whole = found.profit.total if found and not found.is_mismatch else None
    ends = (whole.mean, whole.low, whole.high) if whole else (None, None, None)
    return {name: None if end is None else money(end) for name, end in zip(LIFT, ends, strict=True)}

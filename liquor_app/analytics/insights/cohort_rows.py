"""Cohorts as one table: what their page draws, for files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.cohorts import Cohort, read_cohorts
from liquor_app.analytics.metrics import METRICS, Unit
from liquor_app.analytics.reports import ReportColumn
from liquor_app.core.money import money

COHORTS = 36
"""Cohorts told, the latest."""
MONTHS = 12
"""Months after the first purchase that have a column."""

COLUMNS = (
    ReportColumn("month", "First purchase"),
    ReportColumn("customers", "Customers", Unit.COUNT, METRICS["customers"].words),
    ReportColumn("orders", "Orders", Unit.COUNT, "All that they have made up to now."),
    ReportColumn("revenue", "Revenue each", Unit.MONEY, "What one of them brought up to now, returns taken off."),
    ReportColumn("expected", "Expected each", Unit.MONEY, "In the next year, on average over those that are scored."),
    *(
        ReportColumn(f"month_{nth}", f"Month {nth}", Unit.SHARE, METRICS["retention"].words if nth == 1 else "")
        for nth in range(1, MONTHS + 1)
    ),
)


async def read_cohort_rows(
    session: AsyncSession, actor: Actor
) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Any], datetime | None, str]:
    """Return a row a cohort, the earliest first, what all of them come to, when they were counted, and who is in the
    first ones as if new. Months under way
    are not measured."""
    require(actor, Permission.ANALYTICS_READ)
    found = await read_cohorts(session, actor, most=COHORTS)
    rows = [_row(one) for one in found.items]
    whole = {name: sum(row[name] for row in rows) for name in ("customers", "orders")} if rows else {}
    return rows, whole, found.counted_at, found.old_words


def _row(one: Cohort) -> dict[str, Any]:
    by_month = {month.since: month.retention for month in one.months if month.is_over}
    revenue = sum((month.revenue for month in one.months), Decimal(0))
    return {
        "month": one.cohort, "customers": one.customers, "orders": sum(month.orders for month in one.months),
        "revenue": money(revenue / one.customers),
        "expected": None if one.expected_spend is None else money(one.expected_spend),
        **{f"month_{nth}": by_month.get(nth) for nth in range(1, MONTHS + 1)},
    }  # fmt: skip

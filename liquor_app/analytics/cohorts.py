"""Cohorts: customers by the month of their first purchase, and what they did in each month since.

Counted anew each night, all of them, and after imports and their undoing from the first month on in which anything
changed: whose first purchase moved belongs to another cohort in every month from then on. Months are the store's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.analytics.measured import recorded_from
from liquor_app.analytics.metrics import rate
from liquor_app.core.errors import Invalid
from liquor_app.organization.settings import GeneralSettings, load_settings, shop_today
from liquor_app.ui.words import record_words

MOST_COHORTS = 60
SHOWN_COHORTS = 12
OLD_MONTHS = 6
"""After the first month on record: people who had bought before still come as if for the first time."""
EVER = date(1970, 1, 1)
"""From which day on all there is lies."""

_MONTH = "CAST(date_trunc('month', {} AT TIME ZONE :zone) AS date)"
_FIRSTS = f"""
CREATE TEMP TABLE first_months ON COMMIT DROP AS
SELECT customer_id, {_MONTH.format("min(occurred_at)")} AS cohort FROM purchases WHERE total > 0 GROUP BY customer_id
"""
# what somebody brought back before the first purchase we know of belongs to no cohort
_MONTHS = f"""
WITH fresh AS (
    SELECT f.cohort, m.month, count(*) FILTER (WHERE m.orders > 0) AS buyers, sum(m.orders) AS orders,
           sum(m.revenue) AS revenue
      FROM (SELECT customer_id, {_MONTH.format("occurred_at")} AS month, count(*) FILTER (WHERE total > 0) AS orders,
                   sum(total) AS revenue FROM purchases
             WHERE occurred_at >= CAST(:since AS timestamp) AT TIME ZONE :zone GROUP BY 1, 2) m
      JOIN first_months f ON f.customer_id = m.customer_id AND f.cohort <= m.month GROUP BY 1, 2
), gone AS (
    DELETE FROM cohort_months c WHERE c.month >= :since
       AND NOT EXISTS (SELECT FROM fresh f WHERE (f.cohort, f.month) = (c.cohort, c.month))
)
INSERT INTO cohort_months (cohort, month, buyers, orders, revenue)
SELECT cohort, month, buyers, orders, revenue FROM fresh
    ON CONFLICT (cohort, month) DO UPDATE SET buyers = excluded.buyers, orders = excluded.orders,
       revenue = excluded.revenue
"""
_WHOLE = """
WITH fresh AS (
    SELECT f.cohort, count(*) AS customers, count(c.clv_score) AS scored, avg(c.clv_score) AS expected
      FROM first_months f JOIN customers c ON c.id = f.customer_id GROUP BY 1
), gone AS (
    DELETE FROM cohorts c WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.cohort = c.cohort)
)
INSERT INTO cohorts (cohort, customers, scored, expected_spend, counted_at)
SELECT cohort, customers, scored, expected, now() FROM fresh
    ON CONFLICT (cohort) DO UPDATE SET customers = excluded.customers, scored = excluded.scored,
       expected_spend = excluded.expected_spend, counted_at = excluded.counted_at
"""
_READ = """
SELECT c.cohort, c.customers, c.scored, c.expected_spend, c.counted_at, m.month, m.buyers, m.orders, m.revenue
  FROM (SELECT * FROM cohorts ORDER BY cohort DESC LIMIT :most) c JOIN cohort_months m ON m.cohort = c.cohort
 ORDER BY c.cohort, m.month
"""


_ARE_UNCOUNTED = """
SELECT EXISTS (SELECT FROM purchases) AND NOT (EXISTS (SELECT FROM cohorts) AND EXISTS (SELECT FROM base_months))
"""


@dataclass(frozen=True, slots=True)
class CohortMonth:
    """What a cohort did in a month: `since` is how many months after the first purchase, 0 the month itself.

    `retention` is who bought of all in the cohort (0 to 1); money is in the shop's currency, returns taken off.
    """

    since: int
    month: date
    buyers: int
    orders: int
    revenue: Decimal
    retention: float
    is_over: bool


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers who bought first in a month. `expected_spend` is what one of them is expected to spend in the next
    year, on average over the `scored`; None where nobody is scored. Months in which nobody bought stand with 0."""

    cohort: date
    customers: int
    scored: int
    expected_spend: Decimal | None
    months: Sequence[CohortMonth]


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Cohorts, the earliest first, and when they were counted; None while they never were. `recorded_from`: the first
    day of which purchases are on record, where the first cohorts follow it (within `OLD_MONTHS`): they hold people who
    had bought before."""

    counted_at: datetime | None
    items: Sequence[Cohort]
    recorded_from: date | None = None

    @property
    def old_words(self) -> str:
        """Say who is in the first cohorts as if new; empty where nobody is."""
        if self.recorded_from is None:
            return ""
        return f"{record_words(self.recorded_from)} Who bought before that, too, is in the first cohorts as if new."


async def count_cohorts(session: AsyncSession, since: date) -> None:
    """Count the months from that of `since` on; twice changes nothing."""
    zone = (await load_settings(session, GeneralSettings)).timezone
    await session.execute(text("DROP TABLE IF EXISTS pg_temp.first_months"))
    await session.execute(text(_FIRSTS), {"zone": zone})
    await session.execute(text("ANALYZE first_months"))
    await session.execute(text(_MONTHS), {"zone": zone, "since": since.replace(day=1)})
    await session.execute(text(_WHOLE))


async def are_uncounted(session: AsyncSession) -> bool:
    """Tell whether there are purchases and no cohort or no month of the base yet: a shop that was there before they
    were counted. A corridor, for the clock."""
    found = await session.execute(text(_ARE_UNCOUNTED))
    return bool(found.scalar_one())


async def read_cohorts(session: AsyncSession, actor: Actor, *, most: int = SHOWN_COHORTS) -> Cohorts:
    """Return the latest cohorts and every month since each began.

    Raises:
        Invalid: `most` outside 1 to `MOST_COHORTS`.
    """
    require(actor, Permission.ANALYTICS_READ)
    if not 1 <= most <= MOST_COHORTS:
        raise Invalid(f"months must lie between 1 and {MOST_COHORTS}", field="months")
    this_month = (await shop_today(session)).replace(day=1)
    found = (await session.execute(text(_READ), {"most": most})).all()
    by_cohort = defaultdict(list)
    for row in found:
        by_cohort[row.cohort].append(row)
    items = [
        Cohort(cohort, rows[0].customers, rows[0].scored, rows[0].expected_spend, _months(rows, this_month))
        for cohort, rows in by_cohort.items()
    ]
    first = await recorded_from(session)
    is_told = first is not None and bool(items) and items[0].cohort <= later(first.replace(day=1), OLD_MONTHS)
    return Cohorts(max((row.counted_at for row in found), default=None), items, first if is_told else None)


def _months(rows: Sequence[Any], this_month: date) -> list[CohortMonth]:
    cohort, customers = rows[0].cohort, rows[0].customers
    known = {months_between(cohort, row.month): row for row in rows}
    told = []
    for since in range(months_between(cohort, this_month) + 1):
        row = known.get(since)
        buyers, orders, revenue = (row.buyers, row.orders, row.revenue) if row else (0, 0, Decimal(0))
        month = later(cohort, since)
        share = rate("retention", buyers=buyers, customers=customers) or 0.0
        told.append(CohortMonth(since, month, buyers, orders, revenue, share, month < this_month))
    return told


def months_between(first: date, then: date) -> int:
    """Return how many calendar months lie between; 0 for the same.

    >>> months_between(date(2025, 11, 1), date(2026, 2, 1))
    3
    """
    return 12 * (then.year - first.year) + then.month - first.month


def later(month: date, months: int) -> date:
    """Return the first of the month so many months on.

    >>> later(date(2026, 1, 1), -1)
    datetime.date(2025, 12, 1)
    """
    years, rest = divmod(month.month - 1 + months, 12)
    return date(month.year + years, rest + 1, 1)

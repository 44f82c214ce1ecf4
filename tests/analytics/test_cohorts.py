"""Cohorts are what counting the raw purchases by hand says, whatever is counted anew and from when."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.analytics.cohorts import EVER, MOST_COHORTS, Cohorts, count_cohorts, months_between, read_cohorts
from liquor_app.analytics.insights.month_counts import count_insights
from liquor_app.analytics.tasks import TASKS
from liquor_app.core import queue
from liquor_app.core.clock import travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, enqueue
from liquor_app.screens.analytics.cohorts.page import cohorts_page
from liquor_app.screens.analytics.cohorts.state import CohortsState, heat_head, heat_rows, line_of
from tests.people import add_customer
from tests.tabs import Tab, run
from worker.cron import count_first_months

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 6, 10, 16, tzinfo=UTC)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
Told = list[tuple[UUID, datetime, Decimal]]


async def sell(session: AsyncSession, told: Told) -> None:
    for customer, at, total in told:
        await session.execute(
            text("INSERT INTO purchases (customer_id, occurred_at, total) VALUES (:c, :at, :total)"),
            {"c": customer, "at": at, "total": total},
        )


def by_hand(told: Told) -> dict[date, dict[date, tuple[int, int, Decimal]]]:
    """Buyers, orders and revenue by cohort and month."""
    month = [(who, at.astimezone(ZONE).date().replace(day=1), total) for who, at, total in told]
    first = {who: min(day for one, day, total in month if one == who and total > 0)
             for who in {one for one, _, total in month if total > 0}}  # fmt: skip
    rows: dict[date, dict[date, list[tuple[UUID, Decimal]]]] = defaultdict(lambda: defaultdict(list))
    for who, day, total in month:
        if who in first and day >= first[who]:
            rows[first[who]][day].append((who, total))
    return {
        cohort: {
            day: (len({who for who, total in some if total > 0}), sum(total > 0 for _, total in some),
                  sum((total for _, total in some), Decimal(0)))
            for day, some in months.items()
        }
        for cohort, months in rows.items()
    }  # fmt: skip


def read(found: Cohorts) -> dict[date, dict[date, tuple[int, int, Decimal]]]:
    return {
        one.cohort: {
            month.month: (month.buyers, month.orders, month.revenue)
            for month in one.months
            if month.orders or month.revenue
        }
        for one in found.items
    }


async def some_purchases(session: AsyncSession) -> Told:
    draw = Random(11)
    people = [await add_customer(session) for _ in range(12)]
    told = []
    for _ in range(90):
        at = datetime(2026, draw.randint(1, 5), draw.randint(1, 28), draw.randint(0, 23), tzinfo=UTC)
        told.append((draw.choice(people), at, Decimal(draw.choice([-7, 0, 5, 12, 30]))))
    # 23:30 of 31 March in New York, and of who only ever brought back
    told += [(people[0], datetime(2026, 4, 1, 3, 30, tzinfo=UTC), Decimal(9))]
    told += [(await add_customer(session), datetime(2026, 2, 2, tzinfo=UTC), Decimal(-4))]
    return told


async def test_they_are_what_counting_by_hand_says(session: AsyncSession) -> None:
    with travel(NOON):
        told = await some_purchases(session)
        await sell(session, told)
        await count_cohorts(session, EVER)
        found = await read_cohorts(session, SYSTEM)
        again = await session.execute(text("SELECT * FROM cohort_months ORDER BY 1, 2"))
        before = [tuple(row) for row in again]
        await count_cohorts(session, EVER)
        twice = [tuple(row) for row in await session.execute(text("SELECT * FROM cohort_months ORDER BY 1, 2"))]
    assert read(found) == by_hand(told)
    assert twice == before
    for one in found.items:
        assert one.customers == one.months[0].buyers, "all of a cohort bought in its month"
        assert [month.since for month in one.months] == list(range(months_between(one.cohort, date(2026, 6, 1)) + 1))
        assert [month.is_over for month in one.months] == [True] * (len(one.months) - 1) + [False]
        assert all(month.retention == month.buyers / one.customers for month in one.months)


async def test_an_older_first_purchase_moves_all_that_follows(session: AsyncSession) -> None:
    with travel(NOON):
        told = await some_purchases(session)
        await sell(session, told)
        await count_cohorts(session, EVER)
        early: Told = [(told[0][0], datetime(2025, 12, 5, tzinfo=UTC), Decimal(40))]
        await sell(session, early)
        await count_cohorts(session, date(2025, 12, 5))
        assert read(await read_cohorts(session, SYSTEM)) == by_hand(told + early)
        await session.execute(text("DELETE FROM purchases WHERE occurred_at < '2026-01-01'"))
        await count_cohorts(session, date(2025, 12, 5))
        assert read(await read_cohorts(session, SYSTEM)) == by_hand(told), "undone, they are as before"


async def test_what_they_are_expected_to_spend_is_of_the_scored(session: AsyncSession) -> None:
    with travel(NOON):
        for clv in (100, 50, None):
            who = await add_customer(session, clv_score=clv)
            await sell(session, [(who, datetime(2026, 5, 5, 12, tzinfo=UTC), Decimal(10))])
        await count_cohorts(session, EVER)
        [one] = (await read_cohorts(session, SYSTEM)).items
    assert (one.customers, one.scored, one.expected_spend) == (3, 2, 75)
    line = line_of(one)
    assert (line.orders, line.revenue, line.expected, line.again) == ("1.0", "$10.00", "$75.00", "–")


async def test_the_latest_are_shown_and_months_under_way_are_not(database: str) -> None:
    with travel(NOON):
        async with transaction() as session:
            who = await add_customer(session)
            for month in (1, 3, 6):
                await sell(session, [(who, datetime(2026, month, 5, 12, tzinfo=UTC), Decimal(10))])
            await sell(session, [(await add_customer(session), datetime(2026, 6, 5, 12, tzinfo=UTC), Decimal(10))])
            job = await enqueue(session, Job.COUNT_COHORTS)
        assert await queue.run(job, TASKS) is JobStatus.SUCCEEDED
        async with transaction() as session:
            found = await read_cohorts(session, SYSTEM)
            assert [one.cohort.month for one in (await read_cohorts(session, SYSTEM, most=1)).items] == [6]
            for most in (0, MOST_COHORTS + 1):
                with pytest.raises(Invalid):
                    await read_cohorts(session, SYSTEM, most=most)
        rows = heat_rows(found)
        assert rows == [["Jan 2026", "1", "100", "0", "100", "0", "0"]]
        assert heat_head(rows) == ["Cohort", "Customers", "0", "1", "2", "3", "4"]
        state = await Tab("/cohorts", VIEWER).state(CohortsState)
        await run(CohortsState.load, state)
    assert (state.heat, [line.name for line in state.lines]) == (rows, ["Jun 2026", "Jan 2026"])
    assert state.words.startswith("Counted ")
    assert cohorts_page() is not None


async def test_a_shop_that_was_there_before_is_counted_at_the_next_start(database: str) -> None:
    async def waiting() -> int:
        await count_first_months({})
        async with transaction() as session:
            found = await session.execute(
                text("SELECT count(*) FROM jobs WHERE name = :name"), {"name": Job.COUNT_COHORTS}
            )
            return int(found.scalar_one())

    assert await waiting() == 0, "nobody bought anything"
    async with transaction() as session:
        await sell(session, [(await add_customer(session), datetime(2026, 5, 5, 12, tzinfo=UTC), Decimal(10))])
    assert await waiting() == 1
    async with transaction() as session:
        await count_cohorts(session, EVER)
        await session.execute(text("DELETE FROM jobs"))
    assert await waiting() == 1, "months of the base are missing"
    async with transaction() as session:
        await count_insights(session, EVER)
        await session.execute(text("DELETE FROM jobs"))
    assert await waiting() == 0


async def test_nobody_bought_yet(database: str) -> None:
    state = await Tab("/cohorts", VIEWER).state(CohortsState)
    await run(CohortsState.load, state)
    assert (state.heat, state.head, state.lines) == ([], [], [])
    assert state.words.startswith("Counted each night")
    async with transaction() as session:
        job = await enqueue(session, Job.COUNT_COHORTS, {"since": "yesterday"})
    assert await queue.run(job, TASKS) is JobStatus.FAILED

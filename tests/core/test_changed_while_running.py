"""What is changed after the real work has read and before it ends is in what comes of it in the end: a kind each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.service import skip_action
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, run
from liquor_app.imports.single_purchases import NewLine, NewOrder, record_purchase
from liquor_app.planning import simulation_job
from liquor_app.planning.draft_plan import make_plan
from liquor_app.planning.simulation_job import request_simulation
from liquor_app.segments.membership import request_refresh
from liquor_app.segments.service import create_segment, refresh_segments, update_segment
from tests.people import add_campaign, add_customer, believe, ensure_shop
from worker.settings import TASKS

pytestmark = pytest.mark.integration

WAITING = "SELECT id FROM jobs WHERE status = 'queued' ORDER BY created_at LIMIT 1"
Change = Callable[[], Awaitable[Any]]


async def value(sql: str, **bound: Any) -> Any:
    async with transaction() as session:
        return await session.scalar(text(sql), bound)


async def changed_while_it_runs(first: UUID, job: Job, change: Change) -> None:
    """Run the work, make a change when it has read and written and is about to end, then all that was asked for."""
    changes = [change]

    async def work(context: JobContext) -> dict[str, Any] | None:
        told = await TASKS[job](context)
        while changes:
            await changes.pop()()
        return told

    assert await run(first, {**TASKS, job: work}) == "succeeded"
    while (
        waiting := await value("SELECT id FROM jobs WHERE status = 'queued' ORDER BY created_at LIMIT 1")
    ) is not None:
        assert await run(waiting, TASKS) == "succeeded"


async def test_a_segment_whose_rule_is_changed_while_it_is_refreshed(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        for orders in (1, 5):
            await add_customer(session, purchase_frequency=orders)
        rules = {"all": [{"field": "purchase_frequency", "op": "gte", "value": 3}]}
        made = await create_segment(session, SYSTEM, {"name": "Often", "rules": rules})
        first = await request_refresh(session, SYSTEM, made.id)

    async def everybody() -> None:
        async with transaction() as session:
            await update_segment(session, SYSTEM, made.id, {"rules": {"all": []}})
            await request_refresh(session, SYSTEM, made.id)

    await changed_while_it_runs(first, Job.REFRESH_SEGMENTS, everybody)
    assert await value("SELECT count(*) FROM segment_members") == 2


async def planned() -> UUID:
    async with transaction() as session:
        await ensure_shop(session)
        for _ in range(12):
            await add_customer(session)
        await believe(session)
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
        await refresh_segments(session, SYSTEM)
        campaign = await add_campaign(session, ["all"])
        await make_plan(session, SYSTEM, campaign)
    return campaign


async def test_a_message_taken_out_while_the_plan_is_simulated(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_job, "AT_ONCE", 0)
    campaign = await planned()
    async with transaction() as session:
        first = await request_simulation(session, SYSTEM, campaign)
    assert isinstance(first, UUID)

    async def take_out() -> None:
        async with transaction() as session:
            one = await session.scalar(text("SELECT id FROM actions WHERE status = 'pending' ORDER BY id LIMIT 1"))
            await skip_action(session, SYSTEM, one)
            assert await request_simulation(session, SYSTEM, campaign) != first

    await changed_while_it_runs(first, Job.SIMULATE_PLAN, take_out)
    left = await value("SELECT count(*) FROM actions WHERE status = 'pending'")
    assert await value("SELECT (summary -> 'totals' ->> 'sends')::int FROM plans") == left > 0


async def test_a_plan_replaced_while_its_simulation_waits(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job named the plan it was asked for, which was superseded, and failed; the newer one was not simulated."""
    monkeypatch.setattr(simulation_job, "AT_ONCE", 0)
    campaign = await planned()
    async with transaction() as session:
        first = await request_simulation(session, SYSTEM, campaign)
    async with transaction() as session:
        newer = await make_plan(session, SYSTEM, campaign)
        assert await request_simulation(session, SYSTEM, campaign) == first
    assert isinstance(first, UUID)
    assert await run(first, TASKS) == "succeeded"
    assert await value("SELECT result ->> 'plan_id' FROM jobs WHERE id = :id", id=first) == str(newer.id)


async def test_a_purchase_while_its_buyer_is_scored_and_the_day_added_up(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        buyer = await add_customer(session, external_id="C1")

    async def buy(number: int) -> None:
        order = NewOrder(
            order_id=f"O{number}", external_id="C1", occurred_at=now() - timedelta(hours=number),
            lines=(NewLine(category="Whisky", amount=Decimal("10.00")),),
        )  # fmt: skip
        async with transaction() as session:
            await record_purchase(session, SYSTEM, order)

    await buy(1)
    jobs = {}
    async with transaction() as session:
        for row in await session.execute(text("SELECT id, name FROM jobs WHERE status = 'queued'")):
            jobs[row.name] = row.id
    await changed_while_it_runs(jobs["score_customers"], Job.SCORE_CUSTOMERS, lambda: buy(2))
    assert await value("SELECT purchase_frequency FROM customers WHERE id = :id", id=buyer) == 2
    await buy(3)
    (roll_up,) = [await value("SELECT id FROM jobs WHERE status = 'queued' AND name = 'roll_up'")]
    await changed_while_it_runs(roll_up, Job.ROLL_UP, lambda: buy(4))
    assert await value("SELECT purchase_frequency FROM customers WHERE id = :id", id=buyer) == 4
    assert await value("SELECT sum(orders) FROM daily_sales") == 4

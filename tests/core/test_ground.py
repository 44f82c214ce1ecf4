"""The ground floor: ids, money, state machines, transactions, jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.core import queue
from liquor_app.core.db import after_commit, transaction
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.core.ids import parse_id, uuid7, uuid7_time
from liquor_app.core.models import JobStatus
from liquor_app.core.money import parse_money
from liquor_app.core.queue import Job
from liquor_app.core.states import Transitions
from liquor_app.ui.words import show_money


def test_ids_are_ordered_and_carry_their_time() -> None:
    early = uuid7(datetime(2024, 1, 1, tzinfo=UTC))
    late = uuid7(datetime(2024, 1, 2, tzinfo=UTC))
    assert early < late
    assert early.version == 7
    assert uuid7_time(late) == datetime(2024, 1, 2, tzinfo=UTC)


@pytest.mark.integration
async def test_sql_and_python_agree_on_the_time_in_an_id(session: object) -> None:
    async with transaction() as open_session:
        row = (await open_session.execute(text("SELECT u, uuid_v7_time(u) FROM (SELECT uuid_v7() AS u) x"))).one()
    made, moment = row
    assert uuid7_time(made) == moment
    assert made.version == 7


def test_bad_ids_name_the_field() -> None:
    with pytest.raises(Invalid) as caught:
        parse_id("not-an-id", "customer_id")
    assert caught.value.field == "customer_id"


@pytest.mark.parametrize("bad", ["", "abc", "-1", "NaN", "1e99", "Infinity"])
def test_bad_money_is_refused(bad: str) -> None:
    with pytest.raises(Invalid):
        parse_money(bad, "amount")


def test_money_rounds_half_up_and_shows_true_minus() -> None:
    assert parse_money("2.675", "amount") == Decimal("2.68")
    assert show_money(Decimal("-12.5")) == "−$12.50"
    assert show_money(12684) == "$12,684"
    assert show_money(None) == "–"


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


def test_illegal_transitions_name_both_states() -> None:
    lights = Transitions("light", {Light.RED: [Light.GREEN]})
    assert lights.check(Light.RED, Light.GREEN) is Light.GREEN
    with pytest.raises(Conflict, match="green cannot become red"):
        lights.check(Light.GREEN, Light.RED)


def test_sql_gets_its_statuses_from_the_table() -> None:
    lights = Transitions("light", {Light.RED: [Light.GREEN], Light.GREEN: [Light.GREEN]})
    assert lights.sources_sql(Light.GREEN) == "('green', 'red')"
    assert lights.sources_sql(Light.GREEN, Light.RED) == "('red')"
    with pytest.raises(Conflict, match="green cannot become red"):
        lights.sources_sql(Light.RED, Light.GREEN)


@pytest.mark.integration
async def test_hooks_run_after_commit_and_never_after_rollback(database: str) -> None:
    heard: list[str] = []

    async def hook() -> None:
        heard.append("rang")

    async def fail_half_way() -> None:
        async with transaction() as session:
            after_commit(session, hook)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_half_way()
    assert heard == []
    async with transaction() as session:
        after_commit(session, hook)
        assert heard == []
    assert heard == ["rang"]


@pytest.mark.integration
async def test_a_job_runs_once_and_reports_its_result(database: str) -> None:
    async with transaction() as session:
        job_id = await queue.enqueue(session, Job.ROLL_UP, {"day": "2024-01-01"})

    async def task(job: queue.JobContext) -> dict[str, int]:
        await job.progress(1, 2, "half way")
        return {"args": len(job.args)}

    assert await queue.run(job_id, {Job.ROLL_UP: task}) is JobStatus.SUCCEEDED
    assert await queue.run(job_id, {Job.ROLL_UP: task}) is None
    async with transaction() as session:
        row = await queue.get_job(session, job_id)
    assert (row.status, row.done, row.total, row.result) == (JobStatus.SUCCEEDED, 1, 2, {"args": 1})


@pytest.mark.integration
async def test_an_open_job_is_not_doubled(database: str) -> None:
    ids: set[UUID] = set()
    for _ in range(3):
        async with transaction() as session:
            ids.add(await queue.enqueue(session, Job.ROLL_UP, dedupe_key="today"))
    assert len(ids) == 1


@pytest.mark.integration
async def test_a_cancelled_job_stops_and_a_failed_one_says_why(database: str) -> None:
    async with transaction() as session:
        cancelled = await queue.enqueue(session, Job.ROLL_UP)
        failing = await queue.enqueue(session, Job.ROLL_UP)

    async def stubborn(job: queue.JobContext) -> None:
        async with transaction() as session:
            await queue.request_cancel(session, job.id)
        await job.progress(1, 2)
        raise AssertionError("progress() must have stopped us")

    async def broken(job: queue.JobContext) -> None:
        raise Invalid("day is not a date", field="day")

    assert await queue.run(cancelled, {Job.ROLL_UP: stubborn}) is JobStatus.CANCELLED
    assert await queue.run(failing, {Job.ROLL_UP: broken}) is JobStatus.FAILED
    async with transaction() as session:
        assert (await queue.get_job(session, failing)).error == "day is not a date"


@pytest.mark.integration
async def test_a_job_whose_worker_died_is_run_again(database: str) -> None:
    async with transaction() as session:
        job_id = await queue.enqueue(session, Job.ROLL_UP)
        await session.execute(
            text(
                "UPDATE jobs SET status = 'running', attempt = 1, lease_until = now() - interval '1 s' WHERE id = :id"
            ),
            {"id": job_id},
        )
    assert await queue.sweep() == 1

    async def task(job: queue.JobContext) -> dict[str, int]:
        return {"attempt": job.attempt}

    assert await queue.run(job_id, {Job.ROLL_UP: task}) is JobStatus.SUCCEEDED
    async with transaction() as session:
        assert (await queue.get_job(session, job_id)).result == {"attempt": 2}

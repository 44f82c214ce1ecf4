"""A job's lease: who lives keeps the job, who died loses it, and who lost it writes nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.lease import JobLost
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, JobContext

LEASE = 1.0


async def _ask_for_work() -> UUID:
    async with transaction() as session:
        return await queue.enqueue(session, Job.ROLL_UP)


async def _note(what: str) -> None:
    """Something only one worker may write: a row in a table nothing watches."""
    async with transaction() as session:
        await session.execute(
            text("INSERT INTO settings (key, value) VALUES (:key, '{}') ON CONFLICT (key) DO NOTHING"), {"key": what}
        )


async def _noted() -> set[str]:
    async with transaction() as session:
        found = await session.execute(text("SELECT key FROM settings WHERE key LIKE 'note%'"))
        return set(found.scalars())


async def _other_workers(job_id: UUID, tasks: dict[Job, queue.Task], until: asyncio.Event) -> list[object]:
    """Workers beside the first: they sweep, and take the job if they can, over and over."""
    came_to: list[object] = []
    while not until.is_set():
        await queue.sweep()
        came_to.append(await queue.run(job_id, tasks, lease_seconds=LEASE))
        await asyncio.sleep(0.1)
    return came_to


async def _beside_others(job_id: UUID, task: queue.Task) -> tuple[JobStatus | None, list[object]]:
    over = asyncio.Event()
    others = asyncio.create_task(_other_workers(job_id, {Job.ROLL_UP: task}, over))
    try:
        status = await queue.run(job_id, {Job.ROLL_UP: task}, lease_seconds=LEASE)
    finally:
        over.set()
    return status, await others


async def test_a_statement_longer_than_many_leases_runs_once(database: str) -> None:
    runs: list[int] = []

    async def long_statement(job: JobContext) -> dict[str, int]:
        runs.append(job.attempt)
        async with transaction() as session:
            await session.execute(text("SELECT pg_sleep(6)"))
        return {"attempt": job.attempt}

    status, others = await _beside_others(await _ask_for_work(), long_statement)
    assert status is JobStatus.SUCCEEDED
    assert runs == [1]
    assert len(others) > 10, "the others never tried"
    assert set(others) == {None}


async def test_computing_that_blocks_the_loop_keeps_its_job(database: str) -> None:
    """Python that never yields to the event loop, as fitting a model does; the other worker is another process."""
    job_id = await _ask_for_work()
    url = database

    async def busy(job: JobContext) -> dict[str, object]:
        import psycopg

        ends, taken = time.monotonic() + 4 * LEASE, 0
        with psycopg.connect(url.replace("+psycopg", "")) as other:
            while time.monotonic() < ends:
                sum(range(20_000))
                expired = other.execute(
                    "SELECT count(*) FROM jobs WHERE id = %s AND lease_until < clock_timestamp()", (job.id,)
                ).fetchone()
                taken += expired[0] if expired else 1
                other.rollback()
        return {"moments_without_lease": taken}

    assert await queue.run(job_id, {Job.ROLL_UP: busy}, lease_seconds=LEASE) is JobStatus.SUCCEEDED
    async with transaction() as session:
        assert (await queue.get_job(session, job_id)).result == {"moments_without_lease": 0}


async def test_a_dead_workers_job_is_taken_over(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is gone renews nothing, however much it had reported."""
    job_id = await _ask_for_work()
    halted = asyncio.Event()

    async def dies(job: JobContext) -> dict[str, Any]:
        await job.progress(1, 2, "half way")
        halted.set()
        await asyncio.Event().wait()
        return {}

    first = asyncio.create_task(queue.run(job_id, {Job.ROLL_UP: dies}, lease_seconds=LEASE))
    await halted.wait()
    first.cancel()  # its thread ends with it, as with a killed process; the row still says "running"
    with pytest.raises(asyncio.CancelledError):
        await first

    async def whole(job: JobContext) -> dict[str, int]:
        return {"attempt": job.attempt}

    assert await queue.run(job_id, {Job.ROLL_UP: whole}, lease_seconds=LEASE) is None, "the lease has not run out"
    await asyncio.sleep(LEASE + 0.1)
    assert await queue.sweep() == 1
    assert await queue.run(job_id, {Job.ROLL_UP: whole}, lease_seconds=LEASE) is JobStatus.SUCCEEDED
    async with transaction() as session:
        assert (await queue.get_job(session, job_id)).result == {"attempt": 2}


async def _take_away(job_id: UUID) -> None:
    """What another worker does to a job whose lease ran out while its machine slept."""
    async with transaction() as session:
        await session.execute(
            text("UPDATE jobs SET attempt = attempt + 1, lease_until = now() + interval '1 minute' WHERE id = :id"),
            {"id": job_id},
        )


@pytest.mark.parametrize("how", ["transaction", "nested task", "progress", "result", "swallows"])
async def test_a_zombie_writes_nothing(database: str, how: str) -> None:
    job_id = await _ask_for_work()

    async def zombie(job: JobContext) -> dict[str, Any]:
        await _note("note before")
        await _take_away(job.id)
        if how == "transaction":
            await _note("note after")
        elif how == "nested task":
            await asyncio.create_task(_note("note after"))
        elif how == "progress":
            await job.progress(2, 2, "a zombie speaks")
            await _note("note after")
        elif how == "swallows":
            with pytest.raises(JobLost):
                await _note("note after")
        return {"zombie": True}

    # a lease so long that no renewal tells the zombie: only its writes do
    assert await queue.run(job_id, {Job.ROLL_UP: zombie}, lease_seconds=600) is None
    assert await _noted() == {"note before"}
    async with transaction() as session:
        row = await queue.get_job(session, job_id)
    assert (row.status, row.message, row.result) == (JobStatus.RUNNING, None, None)


async def test_a_worker_that_lost_its_job_is_stopped_where_it_stands(database: str) -> None:
    job_id = await _ask_for_work()

    async def waits(job: JobContext) -> dict[str, Any]:
        await _take_away(job.id)
        await asyncio.Event().wait()  # would never end by itself
        return {}

    async with asyncio.timeout(60):
        assert await queue.run(job_id, {Job.ROLL_UP: waits}, lease_seconds=LEASE) is None


async def test_a_taker_waits_for_a_commit_that_has_begun(database: str) -> None:
    """Between the last look at the lease and the commit there is no gap for another worker to slip into."""
    job_id = await _ask_for_work()
    order: list[str] = []

    async def careful(job: JobContext) -> dict[str, Any]:
        from liquor_app.core.db import commit_guard

        guard = commit_guard.get()
        assert guard is not None
        async with transaction() as session:
            await guard(session)
            taking = asyncio.create_task(_take_away(job.id))
            taking.add_done_callback(lambda _: order.append("taken"))
            await asyncio.sleep(0.3)
            order.append("written")
        await taking
        return {}

    assert await queue.run(job_id, {Job.ROLL_UP: careful}, lease_seconds=600) is None
    assert order == ["written", "taken"]

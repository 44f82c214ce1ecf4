"""Work that is asked for while the same work runs: what runs may have read before, so another run follows."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.core.platform.open_jobs import open_job
from liquor_app.core.queue import Job, JobContext, enqueue

pytestmark = pytest.mark.integration


async def waiting() -> list[UUID]:
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM jobs WHERE status = 'queued' ORDER BY created_at, id"))
        return list(found.scalars())


class Shop:
    """Something the work reads once, and writes what it read when it ends."""

    def __init__(self) -> None:
        self.asked, self.done = 0, -1
        self.has_read, self.may_end = asyncio.Event(), asyncio.Event()
        self.together = self.most_together = 0

    async def work(self, job: JobContext) -> None:
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        seen = self.asked
        self.has_read.set()
        await self.may_end.wait()
        self.done = seen
        self.together -= 1

    async def change(self, job: Job) -> UUID:
        async with transaction() as session:
            self.asked += 1
            return await enqueue(session, job, {"about": "it"}, dedupe_key="it")


@pytest.mark.parametrize("job", list(Job))
async def test_a_change_while_the_work_runs_is_worked_on_next(database: str, job: Job) -> None:
    """The second request was given the job that ran, which had read before the change."""
    shop = Shop()
    first = await shop.change(job)
    running = asyncio.create_task(queue.run(first, {job: shop.work}))
    await shop.has_read.wait()
    second = await shop.change(job)
    third = await shop.change(job)
    assert first != second == third, "one that waits serves all who ask while it does"
    assert await queue.run(second, {job: shop.work}) is None, "two of a kind are never at work together"
    shop.may_end.set()
    assert await running is JobStatus.SUCCEEDED
    assert shop.done == 1
    assert await waiting() == [second]
    assert await queue.run(second, {job: shop.work}) is JobStatus.SUCCEEDED
    assert (shop.done, shop.asked, shop.most_together, await waiting()) == (3, 3, 1, [])


async def test_who_commits_after_the_work_began_is_worked_on_next(database: str) -> None:
    """It joined what waited, which began and read before the change was committed."""
    shop = Shop()
    first = await shop.change(Job.ROLL_UP)
    async with transaction() as session:
        shop.asked += 1  # nobody else sees it before the commit
        seen, shop.asked = shop.asked, 1
        assert await enqueue(session, Job.ROLL_UP, {"about": "it"}, dedupe_key="it") == first
        shop.may_end.set()
        assert await queue.run(first, {Job.ROLL_UP: shop.work}) is JobStatus.SUCCEEDED
    shop.asked = seen
    (second,) = await waiting()
    assert second != first
    assert await queue.run(second, {Job.ROLL_UP: shop.work}) is JobStatus.SUCCEEDED
    assert shop.done == 2


async def test_who_commits_before_the_work_begins_asks_once(database: str) -> None:
    shop = Shop()
    first = await shop.change(Job.ROLL_UP)
    assert {await shop.change(Job.ROLL_UP) for _ in range(3)} == {first}
    assert await waiting() == [first]


async def test_who_gives_up_asks_for_nothing(database: str) -> None:
    shop = Shop()
    first = await shop.change(Job.ROLL_UP)
    shop.may_end.set()

    async def give_up() -> None:
        async with transaction() as session:
            await enqueue(session, Job.ROLL_UP, {"about": "it"}, dedupe_key="it")
            await queue.run(first, {Job.ROLL_UP: shop.work})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await give_up()
    assert await waiting() == []


async def test_what_waits_does_what_was_asked_last(database: str) -> None:
    """A plan that was replaced before it was simulated: the newer one's request was dropped."""
    async with transaction() as session:
        first = await enqueue(session, Job.SIMULATE_PLAN, {"plan": 1}, dedupe_key="it")
    async with transaction() as session:
        assert await enqueue(session, Job.SIMULATE_PLAN, {"plan": 2}, dedupe_key="it") == first
    seen: list[object] = []

    async def work(job: JobContext) -> None:
        seen.append(job.args["plan"])

    await queue.run(first, {Job.SIMULATE_PLAN: work})
    assert seen == [2]


@pytest.mark.parametrize("ends", ["fails", "is cancelled", "dies"])
async def test_the_next_waits_for_no_more_than_the_end(database: str, ends: str) -> None:
    async def work(job: JobContext) -> None:
        async with transaction() as session:
            await enqueue(session, Job.ROLL_UP, dedupe_key="it")
        if ends == "is cancelled":
            raise queue.JobCancelled
        raise RuntimeError

    async def well(job: JobContext) -> None:
        """Nothing stands in its way."""

    async with transaction() as session:
        first = await enqueue(session, Job.ROLL_UP, dedupe_key="it")
    await queue.run(first, {Job.ROLL_UP: work})
    (second,) = await waiting()
    if ends == "dies":
        async with transaction() as session:
            await session.execute(
                text("UPDATE jobs SET status = 'running', lease_until = now() - interval '1 s' WHERE id = :id"),
                {"id": first},
            )
        await session_later(second)
        assert await queue.run(second, {Job.ROLL_UP: well}) is None, "whoever takes the first up again is not disturbed"
        assert await queue.sweep() == 1, "only the one whose worker died is rung for"
        assert await queue.run(first, {Job.ROLL_UP: well}) is JobStatus.SUCCEEDED
    async with transaction() as session:
        assert await open_job(session, Job.ROLL_UP, "it") == second
    assert await queue.run(second, {Job.ROLL_UP: well}) is JobStatus.SUCCEEDED


async def session_later(job: UUID) -> None:
    async with transaction() as session:
        await session.execute(text("UPDATE jobs SET created_at = now() - interval '1 min' WHERE id = :id"), {"id": job})

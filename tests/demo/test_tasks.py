"""The sample's jobs: progress while loading, cancelling, clearing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job
from liquor_app.demo import sample_shop
from liquor_app.demo.tasks import TASKS
from tests.people import add_customer

pytestmark = pytest.mark.integration

Work = Callable[[Callable[[float, float, str], None]], Awaitable[None]]


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Put something quick in the place of the whole first run, which has tests of its own."""

    def replace(work: Work) -> None:
        monkeypatch.setattr(sample_shop, "load_sample", work)

    return replace


async def ask(job: Job) -> UUID:
    async with transaction() as session:
        return await queue.enqueue(session, job)


async def test_what_the_pipeline_reports_reaches_the_job(database: str, pipeline: Callable[[Work], None]) -> None:
    seen: list[tuple[int, str | None]] = []
    job_id = await ask(Job.LOAD_SAMPLE)

    async def work(report: Callable[[float, float, str], None]) -> None:
        report(0.4, 1.0, "Purchases")
        row = None
        while row is None or row.done == 0:  # it is told twice a second, when there is a processor to be had
            await asyncio.sleep(0.05)
            async with transaction() as session:
                row = await queue.get_job(session, job_id)
        seen.append((row.done, row.message))
        report(1.0, 1.0, "A weekly plan waits for approval")

    pipeline(work)
    assert await queue.run(job_id, TASKS) is JobStatus.SUCCEEDED
    assert seen == [(400, "Purchases")]
    async with transaction() as session:
        row = await queue.get_job(session, job_id)
    assert (row.done, row.total, row.message) == (1000, 1000, "A weekly plan waits for approval")


async def test_a_failure_in_the_pipeline_is_the_jobs_failure(database: str, pipeline: Callable[[Work], None]) -> None:
    async def work(report: Callable[[float, float, str], None]) -> None:
        raise RuntimeError("no such table")

    pipeline(work)
    job_id = await ask(Job.LOAD_SAMPLE)
    assert await queue.run(job_id, TASKS) is JobStatus.FAILED
    async with transaction() as session:
        assert "RuntimeError" in ((await queue.get_job(session, job_id)).error or "")


async def test_cancelling_stops_the_pipeline(database: str, pipeline: Callable[[Work], None]) -> None:
    stopped = asyncio.Event()
    job_id = await ask(Job.LOAD_SAMPLE)

    async def work(report: Callable[[float, float, str], None]) -> None:
        try:  # the order to stop may come while this very transaction ends
            async with transaction() as session:
                await queue.request_cancel(session, job_id)
            await asyncio.sleep(30)
        finally:
            stopped.set()

    pipeline(work)
    assert await asyncio.wait_for(queue.run(job_id, TASKS), 10) is JobStatus.CANCELLED
    assert stopped.is_set()


async def test_clearing_is_a_job_too(database: str) -> None:
    async with transaction() as session:
        await add_customer(session, is_sample=True)
    job_id = await ask(Job.CLEAR_SAMPLE)
    assert await queue.run(job_id, TASKS) is JobStatus.SUCCEEDED
    async with transaction() as session:
        row = await queue.get_job(session, job_id)
    assert row.result is not None
    assert row.result["customers"] == 1

"""A job's life goes by its table: every verb against every status it may find."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.core.db import transaction
from liquor_app.core.models import JOB, JobStatus
from liquor_app.core.queue import Job, JobContext, enqueue, request_cancel, run

pytestmark = pytest.mark.integration


async def _job(status: JobStatus, *, lease: str = "NULL") -> UUID:
    async with transaction() as session:
        job = await enqueue(session, Job.ROLL_UP)
        await session.execute(
            text(f"UPDATE jobs SET status = :status, lease_until = {lease} WHERE id = :id"),
            {"status": status.value, "id": job},
        )
    return job


async def _status(job: UUID) -> JobStatus:
    async with transaction() as session:
        found = await session.execute(text("SELECT status FROM jobs WHERE id = :id"), {"id": job})
        return JobStatus(found.scalar_one())


async def _nothing(job: JobContext) -> dict[str, Any]:
    return {}


@pytest.mark.parametrize("was", JobStatus)
async def test_only_what_may_run_is_run(database: str, was: JobStatus) -> None:
    """Of what runs, only what its worker left lying."""
    job = await _job(was, lease="now() - interval '1 second'")
    ended = await run(job, {Job.ROLL_UP: _nothing})
    assert (ended is JobStatus.SUCCEEDED) is JOB.allows(was, JobStatus.RUNNING)
    assert await _status(job) is (ended or was)


async def test_what_a_worker_holds_is_run_by_nobody_else(database: str) -> None:
    job = await _job(JobStatus.RUNNING, lease="now() + interval '1 minute'")
    assert await run(job, {Job.ROLL_UP: _nothing}) is None
    assert await _status(job) is JobStatus.RUNNING


@pytest.mark.parametrize("was", JobStatus)
async def test_asking_to_stop_ends_only_what_waits(database: str, was: JobStatus) -> None:
    job = await _job(was, lease="now() + interval '1 minute'")
    async with transaction() as session:
        await request_cancel(session, job)
        found = await session.execute(
            text("SELECT cancel_requested, finished_at IS NOT NULL AS over FROM jobs WHERE id = :id"), {"id": job}
        )
        row = found.one()
    assert await _status(job) is (JobStatus.CANCELLED if was is JobStatus.QUEUED else was)
    assert row.cancel_requested is (was in (JobStatus.QUEUED, JobStatus.RUNNING))
    assert row.over is (was is JobStatus.QUEUED)

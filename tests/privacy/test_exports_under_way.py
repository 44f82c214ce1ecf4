"""A file that is being written while somebody is erased holds what was read before: it is not kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.queue import Job, JobContext, enqueue, run
from liquor_app.customers.erasing.models import Ground
from liquor_app.privacy.erase import request_erasure
from tests.privacy.planted import run_jobs, scalar
from tests.privacy.test_former_identifiers import FIRST, add

pytestmark = pytest.mark.integration


async def _piece() -> AsyncIterator[bytes]:
    yield b"Zora Quillmark,first@example.com"


async def until(sql: str, **values: Any) -> None:
    for _ in range(400):
        if await scalar(sql, **values):
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"never: {sql}")


async def export_slowly(job: JobContext) -> dict[str, Any]:
    """Store what was read long ago, once the person of it is scrubbed."""
    await until("SELECT EXISTS (SELECT FROM erasures WHERE status = 'done')")
    await asyncio.sleep(0.5)
    await file_store().put(EXPORT_FILES.key(job.id, "xlsx"), _piece())
    return {}


@pytest.mark.parametrize("kind", [Job.EXPORT_ROWS, Job.EXPORT_PERSON])
async def test_what_was_being_written_meanwhile_is_not_kept(database: str, kind: Job) -> None:
    customer = await add(**FIRST)
    async with transaction() as session:
        job_id = await enqueue(session, kind, {})
    writing = asyncio.create_task(run(job_id, {kind: export_slowly}))
    await until("SELECT status = 'running' FROM jobs WHERE id = :id", id=job_id)
    async with transaction() as session:
        await request_erasure(session, SYSTEM, customer, ground=Ground.ASKED, confirmed=True)
    await run_jobs(Job.ERASE_PERSON)
    await writing
    assert [one.key async for one in file_store().list(EXPORT_FILES)] == []

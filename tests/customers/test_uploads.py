"""Uploaded files through the worker: all of it once, whatever happens to the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.models import JobStatus
from liquor_app.customers import importing, tasks
from liquor_app.customers.tasks import TASKS
from liquor_app.customers.uploads import ImportRow, file_of, get_import, request_import

pytestmark = pytest.mark.integration

PEOPLE = "email,name\n" + "".join(f"p{number}@example.com,Person {number}\n" for number in range(90)) + "bad,Bad\n"


class Killed(BaseException):
    """Nothing that handles errors sees it, as nothing sees kill -9."""


async def upload(content: str = PEOPLE) -> ImportRow:
    import_id = uuid7()
    path = file_of(f"{import_id}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    async with transaction() as session:
        return await request_import(
            session,
            SYSTEM,
            import_id=import_id,
            kind="customers",
            file_name="people.csv",
            file_key=path.name,
        )


async def state(import_id: UUID) -> ImportRow:
    async with transaction() as session:
        return await get_import(session, SYSTEM, import_id)


async def count() -> int:
    async with transaction() as session:
        return int((await session.execute(text("SELECT count(*) FROM customers"))).scalar_one())


async def test_a_job_imports_the_file_and_throws_it_away(database: str) -> None:
    row = await upload()
    assert row.job_id is not None
    assert await queue.run(row.job_id, TASKS) is JobStatus.SUCCEEDED
    done = await state(row.id)
    assert (done.status, done.rows, done.created, done.rejected) == ("completed", 91, 90, 1)
    assert not file_of(f"{row.id}.csv").exists()
    async with transaction() as session:
        job = await queue.get_job(session, row.job_id)
        bell = (await session.execute(text("SELECT title, body FROM notifications"))).one()
    assert job.result is not None
    assert (job.result["created"], job.result["reasons"]) == (90, {"bad_email": 1})
    assert bell == ("people.csv was imported", "90 new, 0 changed, 1 rejected.")


async def test_a_file_that_makes_no_sense_fails_with_the_reason(database: str) -> None:
    row = await upload("colour\nred\n")
    assert row.job_id is not None
    assert await queue.run(row.job_id, TASKS) is JobStatus.FAILED
    async with transaction() as session:
        job = await queue.get_job(session, row.job_id)
    assert job.error is not None
    assert "colour" in job.error
    assert (await state(row.id)).status == "failed"


async def test_a_lost_worker_neither_loses_nor_doubles(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 10)
    row = await upload()
    assert row.job_id is not None
    real = importing.people.write
    calls = 0

    async def dies(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise Killed
        await real(*args)

    monkeypatch.setattr(importing.people, "write", dies)
    with pytest.raises(Killed):
        await queue.run(row.job_id, TASKS)
    assert await count() == 0
    async with transaction() as session:  # the lease of the dead worker runs out
        await session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second'"))
    assert await queue.run(row.job_id, TASKS) is JobStatus.SUCCEEDED
    assert (await count(), (await state(row.id)).created) == (90, 90)


async def test_a_worker_lost_after_the_last_write_keeps_the_counts(database: str) -> None:
    row = await upload()
    assert row.job_id is not None
    await queue.run(row.job_id, TASKS)
    async with transaction() as session:
        await session.execute(text("UPDATE jobs SET status = 'running', lease_until = now() - interval '1 second'"))
    assert await queue.run(row.job_id, TASKS) is JobStatus.SUCCEEDED
    assert (await state(row.id)).created == 90


async def test_cancelling_leaves_nothing(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 10)
    monkeypatch.setattr(tasks, "BEAT_SECONDS", 0.01)
    row = await upload()
    assert row.job_id is not None
    job_id = row.job_id
    real = importing.people.write
    asked = False

    async def cancelled_meanwhile(*args: Any) -> None:
        nonlocal asked
        await real(*args)
        if not asked:
            asked = True
            async with transaction() as session:
                await queue.request_cancel(session, job_id)

    monkeypatch.setattr(importing.people, "write", cancelled_meanwhile)
    assert await queue.run(job_id, TASKS) is JobStatus.CANCELLED
    assert await count() == 0
    assert (await state(row.id)).status == "cancelled"

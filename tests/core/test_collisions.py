"""Two transactions wait for each other: ours is rolled back, and done again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.errors import Collided, Meanwhile
from liquor_app.core.models import JobStatus
from liquor_app.core.platform import collisions
from liquor_app.core.platform.collisions import again
from liquor_app.core.queue import Job, JobContext, get_job
from tests.collisions import Rival, rival

pytestmark = pytest.mark.integration
BUMP = "UPDATE settings SET value = to_jsonb(CAST(value AS int) + 1) WHERE key = '{}'"


async def two_rows() -> None:
    async with transaction() as session:
        await session.execute(text("INSERT INTO settings (key, value) VALUES ('one', '0'), ('two', '0')"))


async def bump_both(rivals: list[Rival]) -> None:
    """Change both rows, the rivals in the way once each."""
    async with transaction() as session:
        await session.execute(text(BUMP.format("one")))
        if rivals:
            await rivals.pop().want(BUMP.format("one"))
        await session.execute(text(BUMP.format("two")))


async def values() -> dict[str, int]:
    async with transaction() as session:
        found = await session.execute(text("SELECT key, value FROM settings WHERE key IN ('one', 'two')"))
        return {row.key: row.value for row in found}


async def test_a_job_that_collided_is_run_again(database: str) -> None:
    await two_rows()
    runs = 0

    async with rival(database) as other:
        await other.hold(BUMP.format("two"))
        rivals = [other]

        async def task(_: JobContext) -> dict[str, Any]:
            nonlocal runs
            runs += 1
            await bump_both(rivals)
            return {"runs": runs}

        async with transaction() as session:
            job_id = await queue.enqueue(session, Job.ROLL_UP)
        assert await queue.run(job_id, {Job.ROLL_UP: task}) is JobStatus.SUCCEEDED
        await other.done()
    async with transaction() as session:
        assert (await get_job(session, job_id)).result == {"runs": 2}
    assert await values() == {"one": 2, "two": 2}


async def test_it_is_tried_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collisions, "WAITS", (0.0, 0.0))
    tries = 0

    async def collides() -> None:
        nonlocal tries
        tries += 1
        raise Collided("Somebody else changed this at the same moment.")

    with pytest.raises(Meanwhile, match="kept changing") as told:
        await again(collides)
    assert tries == 3
    assert not isinstance(told.value, Collided), "nobody around it begins anew"


async def test_what_a_service_says_of_somebody_elses_change_is_not_tried_again() -> None:
    tries = 0

    async def refused() -> None:
        nonlocal tries
        tries += 1
        raise Meanwhile("Somebody changed this segment meanwhile.")

    with pytest.raises(Meanwhile):
        await again(refused)
    assert tries == 1

"""Which background work waits or runs now."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.models import UNFINISHED, JobStatus
from liquor_app.core.queue import Job
from liquor_app.core.states import sql_list


async def open_job(session: AsyncSession, job: Job, dedupe_key: str) -> UUID | None:
    """Return the job of this name and key that waits or runs, if there is one; where one waits for another's end, the
    one that waits: with it everything asked for is done."""
    found = await session.execute(
        text(
            f"SELECT id FROM jobs WHERE name = :name AND dedupe_key = :key AND status IN {sql_list(*UNFINISHED)}"
            f" ORDER BY status = '{JobStatus.QUEUED}' DESC LIMIT 1"
        ),
        {"name": job.value, "key": dedupe_key},
    )
    job_id = found.scalar()
    return None if job_id is None else UUID(str(job_id))


async def count_open(session: AsyncSession, job: Job, args: dict[str, Any]) -> int:
    """Tell how many jobs of this name with these among their arguments wait or run."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM jobs WHERE name = :name AND args @> CAST(:args AS jsonb)"
            f" AND status IN {sql_list(*UNFINISHED)}"
        ),
        {"name": job.value, "args": json.dumps(args)},
    )
    return int(found.scalar_one())


async def running_jobs(session: AsyncSession, jobs: Collection[Job]) -> frozenset[UUID]:
    """Return the jobs of these kinds that run now."""
    found = await session.execute(
        text(f"SELECT id FROM jobs WHERE name = ANY(:names) AND status = '{JobStatus.RUNNING}'"),
        {"names": [job.value for job in jobs]},
    )
    return frozenset(found.scalars())

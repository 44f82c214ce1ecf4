"""Waiting for a job of the worker, as long as a tab stands open for it."""

from __future__ import annotations

import asyncio

from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.ids import parse_id
from liquor_app.core.models import UNFINISHED
from liquor_app.core.queue import JobRow, get_job

WATCH_SECONDS, WATCH_EVERY = 120, 0.4


async def end_of(job: str) -> JobRow | None:
    """Return the job once it has ended; None if it still runs after two minutes, or is not there."""
    for _ in range(round(WATCH_SECONDS / WATCH_EVERY)):
        try:
            async with transaction() as session:
                row = await get_job(session, parse_id(job, "job"))
        except NotFound:
            return None
        if row.status not in UNFINISHED:
            return row
        await asyncio.sleep(WATCH_EVERY)
    return None

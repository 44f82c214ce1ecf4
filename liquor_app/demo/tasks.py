"""Jobs: load the sample and run the pipeline on it; clear it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.demo import sample_shop
from liquor_app.demo.load import clear_sample

STEPS = 1000
"""Progress is reported in thousandths."""


async def load(job: JobContext) -> dict[str, Any]:
    await _reporting(job, sample_shop.load_sample)
    return {"loaded": True}


async def clear(job: JobContext) -> dict[str, Any]:
    async with transaction() as session:
        return asdict(await clear_sample(session, SYSTEM))


async def _reporting(job: JobContext, work: Callable[[Callable[[float, float, str], None]], Awaitable[None]]) -> None:
    """Run `work`, passing what it reports on to the job twice a second (reports themselves must not wait)."""
    latest = (0, "Starting")

    def report(done: float, total: float, label: str) -> None:
        nonlocal latest
        latest = (int(done / max(total, 1e-9) * STEPS), label)

    async def tell() -> None:
        while True:
            await job.progress(latest[0], STEPS, latest[1])
            await asyncio.sleep(0.5)

    working, telling = asyncio.ensure_future(work(report)), asyncio.ensure_future(tell())
    try:
        # `telling` only ever ends by being cancelled from outside or by the job's own cancellation.
        await asyncio.wait({working, telling}, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            working.cancel()
            telling.result()
        await working
    finally:
        for task in (working, telling):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
    await job.progress(STEPS, STEPS, latest[1])


TASKS: dict[Job, Task] = {Job.LOAD_SAMPLE: load, Job.CLEAR_SAMPLE: clear}

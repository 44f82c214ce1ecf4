"""The product's worker with short leases and pauses, so that recovery can be watched:
`python -m tests.reliability.worker`."""

from __future__ import annotations

import asyncio

from liquor_app.providers import sender_health
from liquor_app.sending.pipeline import results
from liquor_app.sending.pipeline.dispatch import Pace, run_dispatcher
from worker import settings

PACE = Pace(batch=60, claim_lease=4, send_lease=4, recover_every=0.5, knowledge=0.5)


async def _impatient(stop: asyncio.Event) -> None:
    await run_dispatcher(stop, PACE)


settings.run_dispatcher = _impatient  # type: ignore[assignment]
results.BACKOFF_SECONDS = 1
results.MAX_RETRIES = 50
sender_health.FIRST_PAUSE_SECONDS = 1

import worker.__main__  # noqa: E402, F401 - runs

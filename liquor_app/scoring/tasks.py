"""Job: score customers, a batch a transaction."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, JobContext, Task, enqueue
from liquor_app.scoring.service import prepare, summary
from liquor_app.scoring.writing import BATCH, write

MAX_IDS = 100_000
"""More changed customers than this are cheaper scored with everybody."""


async def score(job: JobContext) -> dict[str, Any]:
    """Score everybody, or those of `customer_ids`; `then_segments` refreshes segments afterwards."""
    ids = _ids(job.args.get("customer_ids"))
    started = now()
    async with transaction() as session:
        scoring = await prepare(session, SYSTEM, ids)
    total = len(scoring.customers)
    for batch in range(scoring.batches):
        await job.progress(batch * BATCH, total, "Scoring customers")
        async with transaction() as session:
            await write(session, SYSTEM, scoring, batch)
    async with transaction() as session:
        publish(session, "dashboard", {"scored": total})
        if job.args.get("then_segments"):
            await enqueue(session, Job.REFRESH_SEGMENTS, created_by=job.created_by, dedupe_key="all")
    await job.progress(total, total, "Scored")
    return asdict(summary(scoring, started))


def _ids(given: object) -> list[UUID] | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) > MAX_IDS:
        raise Invalid(f"customer_ids must be a list of at most {MAX_IDS:,} ids", field="customer_ids")
    return [parse_id(str(value), "customer_ids") for value in given]


TASKS: dict[Job, Task] = {Job.SCORE_CUSTOMERS: score}

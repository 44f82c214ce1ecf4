"""Job: score customers, a batch a transaction."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, JobContext, Task, enqueue
from liquor_app.customers.rescore_queue import (
    claim_touched,
    does_anybody_wait,
    release_touched,
    take_touched,
    touched_share,
)
from liquor_app.scoring.model_lifecycle import load_standards, models_in_use
from liquor_app.scoring.models import ModelKind
from liquor_app.scoring.score_store import BATCH, write
from liquor_app.scoring.service import prepare, score_customers, summary
from liquor_app.ui.words import figure

MOST_TOUCHED = 0.25
"""With a larger share of the base changed, everybody is scored, and the models are fitted anew."""

MAX_IDS = 100_000
"""More changed customers than this are cheaper scored with everybody."""


async def score(job: JobContext) -> dict[str, Any]:
    """Score everybody, those of `customer_ids`, or with `touched` those whose purchases changed; `then_segments`
    refreshes segments afterwards."""
    ids = _ids(job.args.get("customer_ids"))
    started = now()
    if job.args.get("touched"):
        async with transaction() as session:
            are_few = await _has_models(session) and await touched_share(session) <= MOST_TOUCHED
        if are_few:
            return await _score_touched(job)
    if ids is None:
        async with transaction() as session:
            await claim_touched(session, job.id)
    async with transaction() as session:
        scoring = await prepare(session, SYSTEM, ids)
    total = len(scoring.customers)
    for batch in range(scoring.batches):
        await job.progress(batch * BATCH, total, "Scoring customers")
        async with transaction() as session:
            await write(session, SYSTEM, scoring, batch)
    async with transaction() as session:
        if ids is None:
            await release_touched(session, job.id)
        publish(session, "dashboard", {"scored": total})
        await _refresh(session, job, ids)
    await job.progress(total, total, "Scored")
    return asdict(summary(scoring, started))


async def _has_models(session: AsyncSession) -> bool:
    """Tell whether everybody was ever scored, so that a few can be scored beside them."""
    return await load_standards(session) is not None and len(await models_in_use(session)) == len(ModelKind)


async def _score_touched(job: JobContext) -> dict[str, Any]:
    """Return those whose purchases changed, a batch a transaction, until nobody waits."""
    started, done, going = now(), 0, True
    while going:
        async with transaction() as session:
            ids = await take_touched(session, BATCH)
            if ids:
                await score_customers(session, SYSTEM, ids)
                # with the scores, so that nobody scored is left where they were
                await _refresh(session, job, ids)
        done, going = done + len(ids), len(ids) == BATCH
        await job.progress(done, done + (BATCH if going else 0), "Scoring customers")
    async with transaction() as session:
        publish(session, "dashboard", {"scored": done})
    return {"customers": done, "touched": True, "seconds": round((now() - started).total_seconds(), 2)}


async def _refresh(session: AsyncSession, job: JobContext, ids: list[UUID] | None) -> None:
    """Have purchases attributed, and segments refreshed if asked for: of everybody, or of those scored alone."""
    named = {} if ids is None else {"customer_ids": [str(one) for one in ids]}
    await enqueue(session, Job.ATTRIBUTE, named, dedupe_key="all" if ids is None else None)
    if not job.args.get("then_segments"):
        return
    if ids is None:
        await enqueue(session, Job.REFRESH_SEGMENTS, created_by=job.created_by, dedupe_key="all")
    else:
        await enqueue(session, Job.REFRESH_SEGMENTS, named, created_by=job.created_by)


async def score_waiting() -> bool:
    """Have those scored whose purchases changed, if anybody waits: what a lost ring left behind."""
    async with transaction() as session:
        waiting = await does_anybody_wait(session)
        if waiting:
            await enqueue(session, Job.SCORE_CUSTOMERS, {"touched": True, "then_segments": True}, dedupe_key="touched")
    return waiting


def _ids(given: object) -> list[UUID] | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) > MAX_IDS:
        raise Invalid(f"customer_ids must be a list of at most {figure(MAX_IDS)} ids", field="customer_ids")
    return [parse_id(str(value), "customer_ids") for value in given]


TASKS: dict[Job, Task] = {Job.SCORE_CUSTOMERS: score}

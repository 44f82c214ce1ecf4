"""Background work: a row in `jobs` first, a ring of the worker's bell second.

The row is written in the transaction that asks for the work, so work is never announced and then rolled back, and
never lost between commit and Redis: the sweeper rings again for rows nobody picked up. ARQ is kept this thin on
purpose (it is in maintenance); everything a job needs to be safe lives in PostgreSQL.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from arq.connections import ArqRedis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core import redis
from liquor_app.core.db import after_commit, commit_guard, transaction
from liquor_app.core.errors import AppError, Conflict, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.lease import SECONDS, JobLost, Lease
from liquor_app.core.models import JOB, UNFINISHED, JobStatus
from liquor_app.core.platform.collisions import again
from liquor_app.core.pubsub import publish_now
from liquor_app.core.security.call_origin import CallOrigin, call_origin
from liquor_app.core.security.redact import describe
from liquor_app.core.states import sql_list

log = logging.getLogger(__name__)

RUN_JOB = "run_job"
"""The one function ARQ knows; everything else is looked up by the job's name."""

MAX_ATTEMPTS = 5
ENQUEUE_TRIES = 3


_ENQUEUE = f"""
INSERT INTO jobs (id, name, args, dedupe_key, created_by) VALUES (:id, :name, CAST(:args AS jsonb), :key, :by)
ON CONFLICT (name, dedupe_key) WHERE dedupe_key IS NOT NULL AND status = '{JobStatus.QUEUED}'
DO NOTHING RETURNING id
"""
_JOIN = f"""
SELECT id, args = CAST(:args AS jsonb) AS is_same FROM jobs
 WHERE name = :name AND dedupe_key = :key AND status = '{JobStatus.QUEUED}'
"""
_ASK_FOR_OTHER = (
    f"UPDATE jobs SET args = CAST(:args AS jsonb) WHERE id = :id AND status = '{JobStatus.QUEUED}' RETURNING id"
)
_IS_QUEUED = f"SELECT status = '{JobStatus.QUEUED}' FROM jobs WHERE id = :id"
_BEFORE_IT = f"""
EXISTS (SELECT FROM jobs b WHERE b.name = j.name AND b.dedupe_key = j.dedupe_key AND b.id <> j.id
          AND b.status = '{JobStatus.RUNNING}')
"""
"""Another of the same name and key runs: two of a kind are never at work together."""
_CLAIM = f"""
UPDATE jobs j SET status = '{JobStatus.RUNNING}', attempt = attempt + 1, started_at = now(), error = NULL,
       lease_until = now() + make_interval(secs => :lease)
 WHERE id = :id AND status IN {JOB.sources_sql(JobStatus.RUNNING)}
   AND (status <> '{JobStatus.RUNNING}' OR lease_until < now()) AND NOT {_BEFORE_IT}
RETURNING name, args, attempt, created_by
"""
_PROGRESS = f"""
UPDATE jobs SET done = :done, total = :total, message = COALESCE(:message, message)
 WHERE id = :id AND attempt = :attempt AND status = '{JobStatus.RUNNING}' RETURNING cancel_requested
"""
_END = f"""
UPDATE jobs SET status = :status, result = CAST(:result AS jsonb), error = :error, finished_at = now(),
       lease_until = NULL
 WHERE id = :id AND attempt = :attempt AND status = '{JobStatus.RUNNING}' RETURNING name, dedupe_key
"""
_NEXT = f"SELECT id FROM jobs WHERE name = :name AND dedupe_key = :key AND status = '{JobStatus.QUEUED}'"
_ASK_TO_STOP = f"""
UPDATE jobs SET cancel_requested = true
 WHERE id = :id AND NOT cancel_requested AND status IN {sql_list(*UNFINISHED)} RETURNING id
"""
# what runs stops at its next progress report
_STOP_WAITING = f"""
UPDATE jobs SET status = '{JobStatus.CANCELLED}', finished_at = now()
 WHERE id = :id AND status IN {JOB.sources_sql(JobStatus.CANCELLED)} AND status <> '{JobStatus.RUNNING}'
"""
_LEFT_LYING = f"""
SELECT id FROM jobs j
 WHERE (status = '{JobStatus.QUEUED}' AND created_at < now() - interval '5 seconds' AND NOT {_BEFORE_IT})
    OR (status = '{JobStatus.RUNNING}' AND lease_until < now()) ORDER BY created_at LIMIT 100
"""


class Job(StrEnum):
    """Every kind of background work. The worker registers exactly these; a test checks it."""

    SCORE_CUSTOMERS = "score_customers"
    REFRESH_SEGMENTS = "refresh_segments"
    GENERATE_CAMPAIGN = "generate_campaign"
    FIRE_TRIGGER = "fire_trigger"
    LAUNCH_CAMPAIGN = "launch_campaign"
    PLAY_WEEK = "play_week"
    IMPORT_FILE = "import_file"
    UNDO_IMPORT = "undo_import"
    LOOK_DROP_FOLDER = "look_drop_folder"
    LOAD_SAMPLE = "load_sample"
    CLEAR_SAMPLE = "clear_sample"
    ROLL_UP = "roll_up"
    COUNT_COHORTS = "count_cohorts"
    MAIL_REVIEW = "mail_review"
    JUDGE_AB_TESTS = "judge_ab_tests"
    PROCESS_WEBHOOKS = "process_webhooks"
    DELIVER_WEBHOOKS = "deliver_webhooks"
    ATTRIBUTE = "attribute"
    READ_HOLDOUT = "read_holdout"
    LEARN_UPLIFT = "learn_uplift"
    SIMULATE_PLAN = "simulate_plan"
    SEND_ERRAND = "send_errand"
    CHANGE_ROWS = "change_rows"
    EXPORT_ROWS = "export_rows"
    FIND_DOUBLES = "find_doubles"
    REMOVE_CUSTOM_FIELD = "remove_custom_field"
    CHECK_SENDERS = "check_senders"
    TELL_RESTOCKED = "tell_restocked"
    APPLY_RETENTION = "apply_retention"
    MAIL_ACCESS_LINK = "mail_access_link"
    TELL_ACCOUNT_CHANGE = "tell_account_change"
    EXPORT_PERSON = "export_person"
    ERASE_PERSON = "erase_person"
    ANONYMISE_BASE = "anonymise_base"


class JobCancelled(Exception):
    """Somebody pressed cancel; the task stops where it stands and its transaction rolls back."""


@dataclass(slots=True)
class JobContext:
    """What a task is given. `args` came from the enqueuer; validate ids as if they came from a stranger."""

    id: UUID
    name: Job
    args: dict[str, Any]
    attempt: int
    created_by: UUID | None
    _last: tuple[int, int] = field(default=(0, 0))

    async def progress(self, done: int, total: int, message: str | None = None) -> None:
        """Record progress, tell the browsers. The lease does not depend on it (`core.lease`).

        Raises:
            JobCancelled: somebody asked for the job to stop.
            JobLost: another worker was given the job.
        """
        async with transaction() as session:
            row = await session.execute(
                text(_PROGRESS),
                {"done": done, "total": total, "message": message, "attempt": self.attempt, "id": self.id},
            )
            cancel = row.scalar()
            if cancel is None:
                raise JobLost(f"job {self.id}, attempt {self.attempt}")
            if cancel:
                raise JobCancelled
        await publish_now(f"job:{self.id}", {"status": "running", "done": done, "total": total, "message": message})


Task = Callable[[JobContext], Awaitable[dict[str, Any] | None]]


@dataclass(frozen=True)
class JobFields:
    """What a job is, for people and programs alike."""

    id: UUID
    name: str
    done: int
    total: int
    message: str | None
    result: dict[str, Any] | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobRow(JobFields):
    """A job as shown to people and programs."""

    status: JobStatus


def unexpected(error: Exception) -> str:
    """Tell what a job says of an error nobody foresaw: its kind, for its words may hold somebody's data."""
    return f"Something went wrong on our side: {describe(error)}. The log says where."


def work_topic(job: Job, dedupe_key: str) -> str:
    """Return the topic that says when work of this name and key has ended, whichever job did it."""
    return f"work:{job.value}:{dedupe_key}"


async def ring(job_id: UUID) -> None:
    """Tell some worker that this job waits. A Redis that is down is harmless: the sweeper rings again."""
    try:
        pool = ArqRedis(pool_or_conn=redis.client().connection_pool)
        await pool.enqueue_job(RUN_JOB, str(job_id))
    except (RedisError, OSError) as error:
        log.warning("job %s waits for the sweeper, Redis is away: %s", job_id, error)


async def enqueue_another(session: AsyncSession, job: Job, args: dict[str, Any]) -> UUID:
    """Ask for background work in this transaction, whatever of it waits already; returns the job's id."""
    job_id = uuid7()
    await _insert(session, job_id, job, args)
    _ring_later(session, job_id)
    return job_id


async def _insert(
    session: AsyncSession, job_id: UUID, job: Job, args: dict[str, Any], *, key: str | None = None,
    by: UUID | None = None,
) -> bool:  # fmt: skip
    """Write a job down; whether there was none with this key."""
    values = {"id": job_id, "name": job.value, "args": json.dumps(args), "key": key, "by": by}
    return (await session.execute(text(_ENQUEUE), values)).scalar() is not None


def _ring_later(session: AsyncSession, job_id: UUID) -> None:
    async def bell() -> None:
        await ring(job_id)

    after_commit(session, bell)


async def enqueue(
    session: AsyncSession,
    job: Job,
    args: dict[str, Any] | None = None,
    *,
    created_by: UUID | None = None,
    dedupe_key: str | None = None,
) -> UUID:
    """Ask for background work in this transaction; returns the job's id.

    With `dedupe_key`, work of the same name and key that waits is joined instead of asked for twice; it does what was
    asked last. What runs already may have read before this transaction changed something, so it is never joined:
    another waits for its end. So does another where what was joined began before this transaction committed.
    """
    given, values = args or {}, {"name": job.value, "key": dedupe_key, "args": json.dumps(args or {})}
    job_id = uuid7()
    for _ in range(ENQUEUE_TRIES):
        if await _insert(session, job_id, job, given, key=dedupe_key, by=created_by):
            _ring_later(session, job_id)
            return job_id
        waiting = (await session.execute(text(_JOIN), values)).first()
        if waiting is None:  # it began between the two statements
            continue
        if waiting.is_same or (await session.execute(text(_ASK_FOR_OTHER), {**values, "id": waiting.id})).first():
            _ask_again_if_begun(session, waiting.id, job, given, key=dedupe_key, by=created_by)
            return UUID(str(waiting.id))
    raise Conflict("The same work began at this very moment. Please try again.")


def _ask_again_if_begun(
    session: AsyncSession, joined: UUID, job: Job, args: dict[str, Any], *, key: str | None, by: UUID | None
) -> None:
    """Once this transaction has committed: what was joined and has begun meanwhile may not have seen it."""

    async def look() -> None:
        async with transaction() as fresh:
            if not (await fresh.execute(text(_IS_QUEUED), {"id": joined})).scalar():
                await enqueue(fresh, job, args, created_by=by, dedupe_key=key)

    after_commit(session, look)


async def get_job(session: AsyncSession, job_id: UUID) -> JobRow:
    """Return one job.

    Raises:
        NotFound: there is none.
    """
    found = await session.execute(
        text(
            "SELECT id, name, status, done, total, message, result, error, created_at, finished_at"
            " FROM jobs WHERE id = :id"
        ),
        {"id": job_id},
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such job.")
    return JobRow(**{**row, "status": JobStatus(row["status"])})


async def request_cancel(session: AsyncSession, job_id: UUID) -> bool:
    """Ask a job to stop: at once if it still waits, at its next progress report if it runs. False if it has ended, or
    was asked before."""
    asked = await session.execute(text(_ASK_TO_STOP), {"id": job_id})
    await session.execute(text(_STOP_WAITING), {"id": job_id})
    return asked.first() is not None


async def run(job_id: UUID, tasks: dict[Job, Task], *, lease_seconds: float = SECONDS) -> JobStatus | None:
    """Run one job to its end; None if it is not ours to run (done, cancelled, leased by another worker, or waiting for
    another of its key), or no longer ours when it ended."""
    try:
        async with transaction() as session:
            claimed = await session.execute(text(_CLAIM), {"id": job_id, "lease": lease_seconds})
            row = claimed.mappings().first()
    except IntegrityError:  # another of the same key began at this very moment; its end rings for this one
        return None
    if row is None:
        return None
    context = JobContext(job_id, Job(row["name"]), row["args"], row["attempt"], row["created_by"])
    lease = Lease(job_id, context.attempt, seconds=lease_seconds)
    status, result, error = JobStatus.SUCCEEDED, None, None
    try:
        if context.attempt > MAX_ATTEMPTS:
            raise Conflict(f"Given up: {MAX_ATTEMPTS} workers died while running this job.")
        result = await _held(lease, tasks[context.name], context)
    except JobLost:
        log.warning("job %s (%s) was taken over; what attempt %d wrote last is undone",
                    context.name, job_id, context.attempt)  # fmt: skip
        return None
    except JobCancelled:
        status, error = JobStatus.CANCELLED, "cancelled"
    except AppError as problem:
        status, error = JobStatus.FAILED, problem.message
    except Exception as problem:
        log.exception("job %s (%s) failed", context.name, job_id)
        status, error = JobStatus.FAILED, unexpected(problem)
    async with transaction() as session:
        ended = await session.execute(
            text(_END),
            {
                "id": job_id,
                "attempt": context.attempt,
                "status": JOB.check(JobStatus.RUNNING, status).value,
                "result": None if result is None else json.dumps(result, default=str),
                "error": error,
            },
        )
        if (of := ended.first()) is None:
            return None
        following = (await session.execute(text(_NEXT), {"name": of.name, "key": of.dedupe_key})).scalar()
        if following is not None:
            _ring_later(session, following)
    ended_so = {"status": status.value, "error": error}
    await publish_now(f"job:{job_id}", ended_so)
    if of.dedupe_key is not None:
        await publish_now(work_topic(context.name, of.dedupe_key), ended_so)
    return status


async def _held(lease: Lease, task: Task, context: JobContext) -> dict[str, Any] | None:
    """Run the task under its lease: renewed by a thread while it lasts, asked for before each of its commits. One that
    collided with another writer is run again, as after a lost worker.

    Raises:
        JobLost: another worker was given the job; the task was stopped where it stood.
    """
    around = copy_context()
    around.run(commit_guard.set, lease.ask)
    around.run(call_origin.set, CallOrigin(via=f"job {context.id}"))
    loop = asyncio.get_running_loop()

    async def work() -> dict[str, Any] | None:
        return await again(lambda: task(context))

    working = loop.create_task(work(), context=around)
    lease.start(lambda: loop.call_soon_threadsafe(working.cancel))
    try:
        return await working
    except asyncio.CancelledError:
        if lease.lost:
            raise JobLost(f"job {context.id}, attempt {context.attempt}") from None
        raise
    finally:
        lease.stop()


async def sweep() -> int:
    """Ring again for jobs whose ring was lost or whose worker died; returns how many."""
    async with transaction() as session:
        found = await session.execute(text(_LEFT_LYING))
        waiting = [UUID(str(row)) for row in found.scalars()]
    for job_id in waiting:
        await ring(job_id)
    return len(waiting)

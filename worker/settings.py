"""What the worker runs: the slices' jobs, the dispatcher beside them, and the clockwork of `cron`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, ClassVar, cast
from uuid import UUID

from arq import func
from arq.connections import RedisSettings
from arq.typing import WorkerCoroutine

from liquor_app.accounts.bulk_actions import bulk_task
from liquor_app.accounts.job_rights import with_rights
from liquor_app.accounts.list_exports import export_task
from liquor_app.allocations.tasks import TASKS as ALLOCATIONS
from liquor_app.analytics.tasks import TASKS as ANALYTICS
from liquor_app.campaigns.lists import CAMPAIGN_ACTIONS
from liquor_app.core import db, redis
from liquor_app.core.platform.runtime_info import redis_url
from liquor_app.core.queue import RUN_JOB, Job, Task, run
from liquor_app.core.security.call_origin import SENDER, called_from
from liquor_app.demo.tasks import TASKS as DEMO
from liquor_app.doubles.tasks import TASKS as DOUBLES
from liquor_app.experiments.tasks import TASKS as EXPERIMENTS
from liquor_app.imports.drop_folders.tasks import TASKS as DROP_FOLDERS
from liquor_app.imports.tasks import TASKS as IMPORTS
from liquor_app.organization.settings import shop_zone
from liquor_app.organization.shop_currency import speak_in_shop_currency
from liquor_app.planning.tasks import TASKS as PLANNING
from liquor_app.privacy.tasks import TASKS as PRIVACY
from liquor_app.providers.sender_check.tasks import TASKS as SENDER_CHECKS
from liquor_app.scoring.tasks import TASKS as SCORING
from liquor_app.segments.lists import CUSTOMER_ACTIONS
from liquor_app.segments.tasks import TASKS as SEGMENTS
from liquor_app.sending.pipeline.dispatch import run_dispatcher
from liquor_app.sending.tasks import TASKS as SENDING
from liquor_app.webhooks.tasks import TASKS as WEBHOOKS
from worker.cron import CRON
from worker.retention import apply_retention

log = logging.getLogger(__name__)

LISTS = (CUSTOMER_ACTIONS, CAMPAIGN_ACTIONS)
"""Whose rows are changed and exported by jobs."""

TASKS: dict[Job, Task] = with_rights({
    Job.CHANGE_ROWS: bulk_task(LISTS),
    Job.EXPORT_ROWS: export_task((one.spec for one in LISTS), shop_zone),
    **IMPORTS,
    **DROP_FOLDERS,
    **SCORING,
    **SEGMENTS,
    **EXPERIMENTS,
    **PLANNING,
    **SENDING,
    **DOUBLES,
    **SENDER_CHECKS,
    **ALLOCATIONS,
    **ANALYTICS,
    **PRIVACY,
    **WEBHOOKS,
    **DEMO,
    Job.APPLY_RETENTION: apply_retention,
})  # fmt: skip

JOB_SECONDS = 3600


async def run_job(context: dict[str, Any], job_id: str) -> str | None:
    """The one function ARQ calls: look the job up and run it."""
    async with db.transaction() as session:
        await speak_in_shop_currency(session)
    status = await run(UUID(job_id), TASKS)
    return status.value if status else None


async def startup(context: dict[str, Any]) -> None:
    context["stop"] = asyncio.Event()
    with called_from(SENDER):
        context["dispatcher"] = asyncio.create_task(run_dispatcher(context["stop"]))
    log.info("worker ready")


async def shutdown(context: dict[str, Any]) -> None:
    context["stop"].set()
    with suppress(asyncio.CancelledError, TimeoutError):
        await asyncio.wait_for(context["dispatcher"], 2)
    await db.dispose()
    await redis.dispose()


class WorkerSettings:
    """ARQ's configuration. `keep_result` is 0 on the worker because a finished id would otherwise refuse its
    next ring; results live in the `jobs` table."""

    functions: ClassVar[list[Any]] = [
        func(cast(WorkerCoroutine, run_job), name=RUN_JOB, timeout=JOB_SECONDS, max_tries=1)
    ]
    cron_jobs: ClassVar[list[Any]] = CRON
    on_startup = startup
    on_shutdown = shutdown
    keep_result = 0
    poll_delay = 0.1
    max_jobs = 8
    job_completion_wait = 2
    handle_signals = True

    @staticmethod
    def redis_settings() -> RedisSettings:
        settings = RedisSettings.from_dsn(redis_url())
        settings.conn_retries = 30
        return settings

"""Whether whoever asked for a job may still have it done, asked when it begins."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from liquor_app.accounts.permission_table import JOBS
from liquor_app.accounts.permissions import ActorKind, require
from liquor_app.accounts.tokens import actor_again
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task


def with_rights(tasks: Mapping[Job, Task]) -> dict[Job, Task]:
    """Return the tasks, each of which asks first whether whoever it is done for has the permission it takes (`JOBS`).

    Raises:
        KeyError: a job says nothing of its permission.
    """
    return {job: _asking(job, task) for job, task in tasks.items()}


def _asking(job: Job, task: Task) -> Task:
    permission = JOBS[job]
    if permission is None:
        return task

    @functools.wraps(task)
    async def run(context: JobContext) -> dict[str, Any] | None:
        """Raises Forbidden: they are gone, deactivated, may do less by now, or their key was revoked."""
        by_user = [ActorKind.USER, str(context.created_by)] if context.created_by else [ActorKind.SYSTEM, ""]
        async with transaction() as session:
            require(await actor_again(session, context.args.get("actor") or by_user), permission)
        return await task(context)

    return run

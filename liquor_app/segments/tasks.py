"""Background work of segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task, enqueue
from liquor_app.segments.membership import refresh_segments, resolve_slugs


async def refresh(job: JobContext) -> dict[str, Any]:
    """Refresh membership; `args` may name `slugs`, else every active segment."""
    slugs = job.args.get("slugs")
    async with transaction() as session:
        rows = await refresh_segments(session, SYSTEM, None if slugs is None else [str(slug) for slug in slugs])
    return {
        "segments": len(rows),
        "entered": sum(row.entered for row in rows),
        "left": sum(row.left for row in rows),
    }


async def request_refresh(session: AsyncSession, actor: Actor, slugs: Sequence[str] | None = None) -> UUID:
    """Ask the worker to bring membership up to date, of every active segment unless `slugs` are given.

    Returns:
        The job.

    Raises:
        Forbidden: the actor may only read.
        Invalid: a slug does not exist.
    """
    require(actor, Role.MANAGER)
    if slugs is None:
        return await enqueue(session, Job.REFRESH_SEGMENTS, created_by=actor.user_id, dedupe_key="all")
    await resolve_slugs(session, slugs)
    # Not deduplicated: a refresh under way may have read the rules before they were changed.
    return await enqueue(session, Job.REFRESH_SEGMENTS, {"slugs": list(slugs)}, created_by=actor.user_id)


TASKS: dict[Job, Task] = {Job.REFRESH_SEGMENTS: refresh}

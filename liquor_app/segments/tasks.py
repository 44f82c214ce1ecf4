"""Background work of segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.queue import Job, JobContext, Task, enqueue
from liquor_app.segments.membership import refresh_segments, resolve_slugs
from liquor_app.ui.words import figure

MAX_IDS = 100_000
"""More changed customers than this are cheaper refreshed with everybody."""


async def refresh(job: JobContext) -> dict[str, Any]:
    """Refresh membership; `args` may name `slugs`, else every active segment, and `customer_ids`, else everybody's."""
    slugs, ids = job.args.get("slugs"), job.args.get("customer_ids")
    if ids is not None and (not isinstance(ids, list) or len(ids) > MAX_IDS):
        raise Invalid(f"customer_ids must be a list of at most {figure(MAX_IDS)} ids", field="customer_ids")
    async with transaction() as session:
        rows = await refresh_segments(
            session,
            SYSTEM,
            None if slugs is None else [str(slug) for slug in slugs],
            customer_ids=None if ids is None else [parse_id(str(one), "customer_ids") for one in ids],
        )
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
    require(actor, Permission.SEGMENTS_WRITE)
    if slugs is None:
        return await enqueue(session, Job.REFRESH_SEGMENTS, created_by=actor.user_id, dedupe_key="all")
    await resolve_slugs(session, slugs)
    # Not deduplicated: a refresh under way may have read the rules before they were changed.
    return await enqueue(session, Job.REFRESH_SEGMENTS, {"slugs": list(slugs)}, created_by=actor.user_id)


TASKS: dict[Job, Task] = {Job.REFRESH_SEGMENTS: refresh}

"""Background work of segments."""

from __future__ import annotations

from typing import Any

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.segments.membership import refresh_segments


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


TASKS: dict[Job, Task] = {Job.REFRESH_SEGMENTS: refresh}

"""Jobs: the daily rollups."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from liquor_app.analytics.rollups import roll_up
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, JobContext, Task

LATE_DAYS = 3
"""How far back the minutely rollup looks; imports of older purchases name their own first day."""


async def roll_up_days(job: JobContext) -> dict[str, Any]:
    given = job.args.get("since")
    try:
        since = date.fromisoformat(given) if given else (now() - timedelta(days=LATE_DAYS)).date()
    except (TypeError, ValueError) as error:
        raise Invalid(f"since must be a date, not {given!r}", field="since") from error
    async with transaction() as session:
        await roll_up(session, since)
        publish(session, "dashboard", {"rollup": since})
    return {"since": since.isoformat()}


TASKS: dict[Job, Task] = {Job.ROLL_UP: roll_up_days}

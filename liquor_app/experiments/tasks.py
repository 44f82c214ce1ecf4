"""Jobs: reading the global holdout, learning what messages change."""

from __future__ import annotations

from typing import Any

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.experiments.global_holdout import take_reading
from liquor_app.experiments.learning import learn


async def read_holdout(job: JobContext) -> dict[str, Any]:
    """Count both groups anew; harmless at any time and as often as one likes."""
    async with transaction() as session:
        row = await take_reading(session, SYSTEM)
    return {"share": row.share, "days": row.days, "missing": list(row.missing)}


async def learn_uplift(job: JobContext) -> dict[str, Any]:
    """Learn from decisions whose window is over; twice learns nothing twice."""
    async with transaction() as session:
        beliefs = await learn(session, SYSTEM)
    return {"version": beliefs.version, "people": sum(beliefs.posterior.people.values())}


TASKS: dict[Job, Task] = {Job.READ_HOLDOUT: read_holdout, Job.LEARN_UPLIFT: learn_uplift}

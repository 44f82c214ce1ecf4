"""Jobs: looking for doubles."""

from __future__ import annotations

from typing import Any

from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.doubles.likely_doubles import find_doubles as find


async def find_doubles(job: JobContext) -> dict[str, Any]:
    """Look at everybody anew; as often as one likes."""
    async with transaction() as session:
        return {"pairs": await find(session)}


TASKS: dict[Job, Task] = {Job.FIND_DOUBLES: find_doubles}

"""The job that looks for what is back in stock."""

from __future__ import annotations

from typing import Any

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.allocations.back_in_stock import tell_restocked
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, JobContext, Task


async def look_for_restocked(job: JobContext) -> dict[str, Any]:
    """Draft a campaign for each product that people waited for and that is back."""
    async with transaction() as session:
        made = await tell_restocked(session, SYSTEM)
    return {"products": len(made), "people": sum(one.people for one in made)}


TASKS: dict[Job, Task] = {Job.TELL_RESTOCKED: look_for_restocked}

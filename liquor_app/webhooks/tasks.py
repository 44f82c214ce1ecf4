"""The job that tells endpoints what happened."""

from __future__ import annotations

from typing import Any

from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.ui.words import figure
from liquor_app.webhooks.tell_endpoints import deliver_due

MOST_ROUNDS = 200
"""Of one job; what is left is due to the next one."""


async def deliver_webhooks(job: JobContext) -> dict[str, Any]:
    """Try everything that is due. Run twice, it tries what the other has not claimed."""
    tried = 0
    for _ in range(MOST_ROUNDS):
        if not (done := await deliver_due()):
            break
        tried += done
        await job.progress(tried, tried, f"{figure(tried)} tried")
    return {"tried": tried}


TASKS: dict[Job, Task] = {Job.DELIVER_WEBHOOKS: deliver_webhooks}

"""Jobs: launching a campaign, and playing its week."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.sending import play
from liquor_app.sending.launch import launch_campaign


async def launch(job: JobContext) -> dict[str, Any]:
    """Put a campaign's actions into the ledger."""
    campaign_id = parse_id(str(job.args.get("campaign_id", "")), "campaign_id")
    async with transaction() as session:
        return asdict(await launch_campaign(session, SYSTEM, campaign_id))


async def play_week(job: JobContext) -> dict[str, Any]:
    """Run a sandbox campaign's own clock to the end of its week."""
    campaign_id = parse_id(str(job.args.get("campaign_id", "")), "campaign_id")
    seconds = job.args.get("seconds", play.DEFAULT_SECONDS)
    if not isinstance(seconds, int | float) or not 0 <= seconds <= 3600:
        raise Invalid("seconds must lie between 0 and 3600", field="seconds")
    return await play.play_week(job, campaign_id, float(seconds))


TASKS: dict[Job, Task] = {Job.LAUNCH_CAMPAIGN: launch, Job.PLAY_WEEK: play_week}

"""Jobs: making a plan, simulating a large one, taking up what triggers a campaign."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.service import find_campaign
from liquor_app.core.db import allow_thinking, transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.ids import parse_id
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, JobContext, Task, enqueue
from liquor_app.planning.draft_job import generate_campaign
from liquor_app.planning.plan_store import STEPS, PlanRow
from liquor_app.planning.simulation_job import simulate_plan
from liquor_app.planning.triggered import fire

HEARTBEAT = 1.0
"""Seconds between looks whether somebody wants it stopped, also in the middle of a long step."""


async def simulate_job(job: JobContext) -> dict[str, Any]:
    """Return a plan's figures, worked out anew in one transaction: stopped half way, they stay as they were."""
    campaign_id = parse_id(str(job.args.get("campaign_id", "")), "campaign_id")
    last = (0, STEPS, "Waiting for the plan")

    async def report(done: int, total: int, words: str) -> None:
        nonlocal last
        last = (done, total, words)
        await job.progress(*last)

    async def work() -> PlanRow:
        async with transaction() as session:
            await allow_thinking(session)
            plan_id = (await find_campaign(session, campaign_id)).plan_id
            if plan_id is None:
                raise Conflict("The campaign was changed, so it has no plan any more. Plan again.")
            plan = await simulate_plan(session, SYSTEM, plan_id, report=report)
            publish(session, f"campaign:{plan.campaign_id}", {"plan": True})
            return plan

    working = asyncio.create_task(work())
    try:
        while not (await asyncio.wait({working}, timeout=HEARTBEAT))[0]:
            await job.progress(*last)
        plan = working.result()
    finally:
        working.cancel()
        await asyncio.wait({working})
    return {"campaign_id": str(plan.campaign_id), "plan_id": str(plan.id), "version": plan.version}


async def fire_trigger(job: JobContext) -> dict[str, Any]:
    """Take up what happened to the people of a triggered campaign, and have its new messages launched."""
    campaign_id = parse_id(str(job.args.get("campaign_id", "")), "campaign_id")
    async with transaction() as session:
        fired = await fire(session, SYSTEM, campaign_id)
        if fired.planned:
            await enqueue(session, Job.LAUNCH_CAMPAIGN, {"campaign_id": str(campaign_id)}, dedupe_key=str(campaign_id))
    return asdict(fired)


TASKS: dict[Job, Task] = {
    Job.GENERATE_CAMPAIGN: generate_campaign,
    Job.SIMULATE_PLAN: simulate_job,
    Job.FIRE_TRIGGER: fire_trigger,
}

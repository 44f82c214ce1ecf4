"""Jobs: making a campaign's plan."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM, Actor
from liquor_app.actions.service import generate_actions
from liquor_app.campaigns.lifecycle import start_campaign
from liquor_app.campaigns.service import plan_ready
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.organization.service import notify
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.planning.service import make_plan


async def generate_campaign(job: JobContext) -> dict[str, Any]:
    """Actions, then a plan, then before a person. One transaction: a plan is there whole or not at all."""
    campaign_id = parse_id(str(job.args.get("campaign_id", "")), "campaign_id")
    await job.progress(0, 3, "Looking for customers worth contacting")
    async with transaction() as session:
        generated = await generate_actions(session, SYSTEM, campaign_id)
        plan = await make_plan(session, SYSTEM, campaign_id)
        campaign = await plan_ready(session, SYSTEM, campaign_id)
        await notify(
            session,
            title=f"{campaign.name} waits for your approval",
            body=f"{generated.proposed:,} actions proposed.",
            link=f"/campaigns/{campaign_id}",
            user_id=job.created_by,
        )
    await job.progress(3, 3, "Waiting for approval")
    return {"campaign_id": str(campaign_id), "plan_id": str(plan.id), "proposed": generated.proposed}


async def start_due(session: AsyncSession, actor: Actor) -> int:
    """Start every approved campaign whose first day has begun in the store's calendar; returns how many."""
    general = await load_settings(session, GeneralSettings)
    today = now().astimezone(ZoneInfo(general.timezone)).date()
    due = await session.execute(
        text(
            "SELECT id FROM campaigns WHERE status = 'scheduled' AND start_date <= :today ORDER BY start_date LIMIT 50"
        ),
        {"today": today},
    )
    campaigns = list(due.scalars())
    for campaign_id in campaigns:
        await start_campaign(session, actor, campaign_id)
    return len(campaigns)


TASKS: dict[Job, Task] = {Job.GENERATE_CAMPAIGN: generate_campaign}

"""The job that plans a campaign: actions, the optimiser's plan, the AI planner's beside it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.generate import generate_within
from liquor_app.actions.plan_context import lock_context
from liquor_app.campaigns.models import CampaignStatus, CampaignType, Engine
from liquor_app.campaigns.service import hold_unapproved, lock_campaign
from liquor_app.core.config import get_settings
from liquor_app.core.db import allow_thinking, transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.ids import parse_id
from liquor_app.core.queue import JobContext
from liquor_app.organization.service import notify
from liquor_app.planning.ai.ai_plan import Asked, ask_within, make_ai_plan
from liquor_app.planning.ai.client import Consultation, consult
from liquor_app.planning.approval.autopilot import plan_ready
from liquor_app.planning.draft_plan import plan_within
from liquor_app.planning.plan_store import PlanRow, Report
from liquor_app.planning.triggered import plan_standing
from liquor_app.ui.words import figure

ROUNDS = 5
"""How often a campaign is planned that somebody changes while it is."""
HEARTBEAT = 10.0
"""Seconds between words to whoever waits while the AI planner thinks, and between looks whether to stop."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What planning a campaign came to: the current plan, and how many actions were proposed for it."""

    plan: PlanRow
    proposed: int


async def draft_plans(campaign_id: UUID, report: Report) -> Drafted:
    """Actions, then the optimiser's plan, then the AI planner's beside it if it was asked for; each step a transaction
    of its own, and the AI planner is asked outside any.

    Args:
        report: told how far it is (done, total, words); also every few seconds while the AI planner thinks, and may
            raise to stop it.

    Raises:
        Conflict: a plan was approved meanwhile; that one stands.
    """
    await report(0, 3, "Looking for customers worth contacting")

    async def looked(done: int, total: int) -> None:
        await report(0, 3, f"Looked at {figure(done)} of {figure(total)} customers")

    asked: Asked | None = None
    async with transaction() as session:
        await hold_unapproved(session, campaign_id)
        context = await lock_context(session, campaign_id)
        if context.brief.type is CampaignType.TRIGGERED:
            return Drafted(await plan_standing(session, SYSTEM, context), 0)
        await allow_thinking(session)
        generated = await generate_within(session, SYSTEM, context, tell=looked)
        await report(0, 3, f"Choosing among {figure(generated.proposed)} proposals")
        plan = await plan_within(session, SYSTEM, context)
        if context.brief.engine is Engine.LLM and get_settings().openai_api_key.get_secret_value():
            asked = await ask_within(session, context, plan)
    if asked is not None:
        plan = await _ask(asked, report, campaign_id)
    return Drafted(plan, generated.proposed)


async def _ask(asked: Asked, report: Report, campaign_id: UUID) -> PlanRow:
    await report(1, 3, "Asking the AI planner")
    thinking = asyncio.create_task(consult(asked.question, get_settings()))
    try:
        while not (await asyncio.wait({thinking}, timeout=HEARTBEAT))[0]:
            await report(1, 3, "The AI planner is thinking")
        answer: Consultation = thinking.result()
    finally:
        thinking.cancel()
    await report(2, 3, "Allocating its proposal")
    async with transaction() as session:
        await hold_unapproved(session, campaign_id)
        return await make_ai_plan(session, SYSTEM, asked, answer)


async def generate_campaign(job: JobContext) -> dict[str, Any]:
    """Plans for a campaign, then before a person, as far as the guidance wants one. Who changed it meanwhile and asked
    for a plan was given this very job: it plans what the campaign has become.

    Raises:
        Conflict: a plan was approved meanwhile, or the campaign was changed each time.
    """
    campaign_id = parse_id(str(job.args.get("campaign_id", "")), "campaign_id")
    for _ in range(ROUNDS):
        drafted = await draft_plans(campaign_id, job.progress)
        if (told := await _ready(job, campaign_id, drafted)) is not None:
            return told
    raise Conflict("The campaign was changed each time it was planned. Plan again.")


async def _ready(job: JobContext, campaign_id: UUID, drafted: Drafted) -> dict[str, Any] | None:
    """Put the plan where the guidance wants it; None where the campaign was changed since it was made, so that it has
    none."""
    async with transaction() as session:
        if (await lock_campaign(session, campaign_id)).plan_id is None:
            return None
        campaign = await plan_ready(session, SYSTEM, campaign_id)
        if campaign.status in {CampaignStatus.DRAFT, CampaignStatus.AWAITING_APPROVAL}:
            waits = "waits for approval" if campaign.status is not CampaignStatus.DRAFT else "has a suggested plan"
            await notify(
                session,
                title=f"{campaign.name} {waits}",
                body=f"{figure(drafted.proposed)} actions proposed.",
                link=f"/campaigns/{campaign_id}",
                user_id=job.created_by,
            )
    await job.progress(3, 3, "Waiting for approval")
    return {
        "campaign_id": str(campaign_id),
        "plan_id": str(drafted.plan.id),
        "proposed": drafted.proposed,
        "engine": drafted.plan.engine.value,
        "status": campaign.status.value,
    }

"""Simulating a plan before it is approved: at once while it is small, as a job with progress once it is not."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.bulk_actions import stop_job
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.plan_context import PlanContext, lock_context
from liquor_app.campaigns.models import CampaignType
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.core.platform.open_jobs import open_job
from liquor_app.core.queue import Job, enqueue
from liquor_app.planning.candidates import CHOSEN, day_weights, read_candidates
from liquor_app.planning.draft_plan import put_in_place
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.plan_store import STEPS, PlanRow, Report, fingerprint_of, get_plan, quiet, summarise

AT_ONCE = 2_000
"""Messages up to which a simulation is waited for: about a second."""


async def simulate_plan(session: AsyncSession, actor: Actor, plan_id: UUID, *, report: Report = quiet) -> PlanRow:
    """Work the plan's figures out anew from its actions as they stand, edits by hand included, and keep them.

    Args:
        report: told how far it is (done, total, words) between steps; may raise to stop it.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such plan.
        Conflict: it is not the campaign's current draft.
    """
    require(actor, Permission.PLANS_WRITE)
    plan = await get_plan(session, actor, plan_id)
    await report(0, STEPS, "Reading the plan's messages")
    return await simulate_within(
        session, await lock_context(session, plan.campaign_id), plan,
        fingerprint=await fingerprint_of(session, plan.campaign_id), report=report,
    )  # fmt: skip


async def simulate_within(
    session: AsyncSession, context: PlanContext, plan: PlanRow, *, fingerprint: str, report: Report = quiet
) -> PlanRow:
    """Return the same for a plan of a campaign that is held. A corridor.

    Args:
        fingerprint: of the actions as they stand.
    """
    brief = context.brief
    if brief.plan_id != plan.id or plan.status is PlanStatus.SUPERSEDED:
        raise Conflict("A newer plan has replaced this one.")
    if brief.type is CampaignType.TRIGGERED:
        raise Conflict("A triggered campaign's plan tells of the last seven days. Plan again for newer ones.")
    chosen = await read_candidates(session, brief, CHOSEN)
    weight = await day_weights(session, brief)
    held_out = plan.summary.get("totals", {}).get("held_out", 0)
    afresh = await summarise(session, context, chosen, weight, held_out, report=report)
    # how it was made stays: the arms that were drawn, what they cost, what they can show, the marketer's rules
    summary = {**plan.summary, **afresh}
    document = json.dumps(summary)
    await session.execute(
        text("UPDATE plans SET summary = CAST(:summary AS jsonb), fingerprint = :fingerprint WHERE id = :id"),
        {"summary": document, "fingerprint": fingerprint, "id": plan.id},
    )
    await put_in_place(session, plan.campaign_id, plan.id, plan.version, summary)
    await report(STEPS, STEPS, "Simulated")
    return replace(plan, summary=json.loads(document), fingerprint=fingerprint)


async def request_simulation(session: AsyncSession, actor: Actor, campaign_id: UUID) -> PlanRow | UUID:
    """Simulate a campaign's current plan: the plan with its new figures if it holds at most `AT_ONCE` messages, else
    the id of the job that does it. Asking twice asks once.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such campaign, or it has no plan.
        Conflict: as `simulate_plan`.
    """
    require(actor, Permission.PLANS_WRITE)
    found = await session.execute(
        text(
            "SELECT k.plan_id, (SELECT count(*) FROM (SELECT FROM actions a WHERE a.campaign_id = k.id"
            f" AND {CHOSEN} LIMIT :enough) few) > :at_once AS is_large FROM campaigns k WHERE k.id = :id"
        ),
        {"id": campaign_id, "enough": AT_ONCE + 1, "at_once": AT_ONCE},
    )
    row = found.first()
    if row is None:
        raise NotFound("There is no such campaign.")
    if row.plan_id is None:
        raise NotFound("This campaign has no plan yet. Generate one first.")
    if not row.is_large:
        return await simulate_plan(session, actor, row.plan_id)
    # the plan there is when it begins: whoever joins what waits may have seen a newer one
    args = {"campaign_id": str(campaign_id)}
    return await enqueue(session, Job.SIMULATE_PLAN, args, created_by=actor.user_id, dedupe_key=str(campaign_id))


async def open_simulation(session: AsyncSession, actor: Actor, campaign_id: UUID) -> UUID | None:
    """Return the job that simulates the campaign's plan now, if one does."""
    require(actor, Permission.PLANS_READ)
    return await open_job(session, Job.SIMULATE_PLAN, str(campaign_id))


async def cancel_simulation(session: AsyncSession, actor: Actor, campaign_id: UUID) -> bool:
    """Stop the simulation under way; the figures stay as they were. False if there is none.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.PLANS_WRITE)
    job_id = await open_simulation(session, actor, campaign_id)
    if job_id is not None:
        await stop_job(session, actor, job_id)
    return job_id is not None

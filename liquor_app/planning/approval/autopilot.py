"""How far the planner goes by itself, by the guidance's autonomy; and the switch that stops it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.campaigns.lifecycle import await_approval, mark_autopilot, pause_campaign
from liquor_app.campaigns.models import Campaign, CampaignStatus
from liquor_app.campaigns.service import CampaignRow, lock_campaign, row_of
from liquor_app.core.clock import now
from liquor_app.core.errors import AppError, Conflict
from liquor_app.core.pubsub import publish
from liquor_app.core.states import sql_list
from liquor_app.organization.guidance import Autonomy, AutopilotSettings, GuidanceRow, autopilot_stopped, load_guidance
from liquor_app.organization.service import notify
from liquor_app.organization.settings import load_settings, replace_settings
from liquor_app.planning.approval.approval_checks import beyond_autopilot
from liquor_app.planning.approval.approval_context import read_approval
from liquor_app.planning.approval.approve_campaign import approve_held, check_sender
from liquor_app.ui.words import show_weekday

AUTOPILOT = Actor(ActorKind.SYSTEM, None, "autopilot", Role.MANAGER)
"""A marketer at most: what the guidance reserves for an admin, it does not approve."""

_LOCK = "autopilot"

_FLYING = f"""
SELECT id FROM campaigns
 WHERE is_autopilot AND status IN {sql_list(CampaignStatus.ACTIVE, CampaignStatus.SCHEDULED)} ORDER BY id FOR UPDATE
"""


async def hold_switch(session: AsyncSession, *, alone: bool = False) -> None:
    """Whoever acts on the switch's position holds it until commit; throwing it waits for them (`alone`)."""
    kind = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    await session.execute(text(f"SELECT {kind}(hashtextextended(:name, 0))"), {"name": _LOCK})


async def plan_ready(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """Return the plan stands: by the guidance's autonomy it stays a suggestion, goes before a person, or, within the
    limits of autopilot, is approved and scheduled at once.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such campaign.
    """
    require(actor, Permission.SETTINGS_WRITE)
    campaign = await lock_campaign(session, campaign_id)
    bound_by = await load_guidance(session)
    level = bound_by.guidance.autonomy(campaign.type.value)
    if level is Autonomy.SUGGEST or campaign.status is not CampaignStatus.DRAFT:
        publish(session, f"campaign:{campaign.id}", {"status": campaign.status.value, "plan": True})
        if campaign.status is CampaignStatus.DRAFT:
            return row_of(campaign)
    else:
        await await_approval(session, actor, campaign)
    if level is Autonomy.AUTOPILOT and campaign.status is CampaignStatus.AWAITING_APPROVAL:
        return await _fly(session, campaign, bound_by)
    return row_of(campaign)


async def _fly(session: AsyncSession, campaign: Campaign, bound_by: GuidanceRow) -> CampaignRow:
    """Approve within limits; else leave it to a person, and say why."""
    await hold_switch(session)
    why = "Autopilot is stopped" if await autopilot_stopped(session) else ""
    try:
        if not why:
            planned, brand = await check_sender(session, campaign)
            context = await read_approval(session, campaign, planned, bound_by=bound_by, brand=brand)
            why = beyond_autopilot(context.plan, context.guidance)
        if not why:
            async with session.begin_nested():
                await approve_held(session, AUTOPILOT, context, fingerprint=context.planned.fingerprint)
    except AppError as error:
        why = error.message
    link = f"/campaigns/{campaign.id}"
    if why:
        await audit(session, AUTOPILOT, "autopilot.left_to_people", "campaign", campaign.id, why=why)
        await notify(
            session, title=f"{campaign.name} needs you", body=f"Not for autopilot: {why.rstrip('.')}.", link=link
        )
        return row_of(await lock_campaign(session, campaign.id))
    approved = await lock_campaign(session, campaign.id)
    await mark_autopilot(session, approved)
    await audit(session, AUTOPILOT, "autopilot.approved", "campaign", campaign.id, plan=campaign.plan_id)
    await notify(
        session,
        title=f"Autopilot approved {campaign.name}",
        body=(
            f"It starts on {show_weekday(approved.start_date, long=True)}. Stop autopilot under Guidance, or"
            " send the campaign back."
        ),
        link=link,
        level="warning",
    )
    return row_of(approved)


async def read_switch(session: AsyncSession, actor: Actor) -> AutopilotSettings:
    """Tell whether autopilot is stopped, since when and by whom."""
    require(actor, Permission.GUIDANCE_READ)
    return await load_settings(session, AutopilotSettings)


async def stop_autopilot(session: AsyncSession, actor: Actor) -> int:
    """Throw the kill switch: nothing is approved by the system any more, what it has running is paused, what it has
    scheduled waits for a person. Returns how many campaigns that stopped.

    Raises:
        Forbidden: the actor is not a marketer.
    """
    require(actor, Permission.SETTINGS_WRITE)
    await hold_switch(session, alone=True)
    was_stopped = await autopilot_stopped(session)
    await replace_settings(session, actor, AutopilotSettings(stopped=True, stopped_at=now(), stopped_by=actor.name))
    found = await session.execute(text(_FLYING))
    stopped = list(found.scalars())
    for campaign_id in stopped:
        campaign = await lock_campaign(session, campaign_id)
        if campaign.status is CampaignStatus.ACTIVE:
            await pause_campaign(session, actor, campaign_id, reason=f"Autopilot was stopped by {actor.name}")
        else:
            await await_approval(session, actor, campaign)
    await audit_change(
        session,
        actor,
        "autopilot.stopped",
        "settings",
        None,
        before={"stopped": was_stopped},
        after={"stopped": True},
        campaigns=len(stopped),
    )
    await notify(
        session,
        title="Autopilot was stopped",
        body=f"By {actor.name}. {len(stopped)} campaign(s) it had started or scheduled wait for a person.",
        link="/settings/guidance",
        level="warning",
    )
    return len(stopped)


async def release_autopilot(session: AsyncSession, actor: Actor) -> None:
    """Let autopilot work again, from the next plan on; what was paused stays so until a person resumes it.

    Raises:
        Forbidden: the actor is not an admin.
        Conflict: it is not stopped.
    """
    require(actor, Permission.SETTINGS_ADMIN)
    await hold_switch(session, alone=True)
    if not await autopilot_stopped(session):
        raise Conflict("Autopilot is not stopped.")
    await replace_settings(session, actor, AutopilotSettings())
    await audit_change(
        session, actor, "autopilot.released", "settings", None, before={"stopped": True}, after={"stopped": False}
    )
    await notify(
        session, title="Autopilot may work again", body=f"Released by {actor.name}.", link="/settings/guidance"
    )

"""Approve a plan: it stands as it was looked at, within the law, the limits and the guidance of this moment."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.models import CampaignType
from liquor_app.campaigns.service import lock_campaign
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.planning.approval.approval_context import ApprovalContext, read_approval
from liquor_app.planning.approval.approval_refusals import refuse
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.plan_status import record_approval
from liquor_app.planning.plan_store import PlanRow, planned_now
from liquor_app.planning.plan_switch import forget_choices
from liquor_app.planning.simulation_job import simulate_within

REPLACED = "A newer plan has replaced this one. Look at that before approving."


async def approve_plan(session: AsyncSession, actor: Actor, plan_id: UUID, *, fingerprint: str) -> PlanRow:
    """Approve the campaign's current plan. The campaign's own life is moved by `campaigns`.

    Args:
        fingerprint: of the plan as the approver saw it; refuses if its messages, or what they are made from,
            have changed.

    Raises:
        Forbidden: the actor is not a marketer, or the guidance wants an admin for it.
        NotFound: there is no such plan.
        Conflict: a newer plan replaced it, it holds no action, it changed since it was looked at, it breaks a limit
            beside a campaign approved since it was made, or the guidance does not allow what it holds.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    found = await session.execute(text("SELECT campaign_id FROM plans WHERE id = :id"), {"id": plan_id})
    campaign_id = found.scalar()
    if campaign_id is None:
        raise NotFound("There is no such plan.")
    campaign = await lock_campaign(session, campaign_id)
    if campaign.plan_id != plan_id:
        raise Conflict(REPLACED)
    return await approve_within(
        session,
        actor,
        await read_approval(session, campaign, await planned_now(session, campaign_id)),
        fingerprint=fingerprint,
    )


async def approve_within(session: AsyncSession, actor: Actor, context: ApprovalContext, *, fingerprint: str) -> PlanRow:
    """Return the same for a plan that is held with its campaign. A corridor."""
    plan, brief, current = context.plan, context.brief, context.planned.fingerprint
    is_standing = brief.type is CampaignType.TRIGGERED
    if plan.status is PlanStatus.SUPERSEDED:
        raise Conflict(REPLACED)
    if fingerprint != current:
        raise Conflict(
            "The plan has changed since you looked at it: a message, or the template, brand or rule it is made from."
            " Reload, then approve."
        )
    if plan.fingerprint != current and context.planned.messages and not is_standing:
        # changed by hand since it was last worked out: what is approved is what it is now
        plan = await simulate_within(session, context.planning, plan, fingerprint=current)
    await refuse(session, actor, replace(context, plan=plan))
    approved = replace(
        plan, status=PlanStatus.APPROVED, approved_by=actor.user_id, approved_at=now(), fingerprint=current,
        guidance_version=brief.bound_by.version, can_be_chosen=False,
    )  # fmt: skip
    await record_approval(session, approved, was=plan.status)
    await forget_choices(session, brief.id)
    await audit(session, actor, "plan.approved", "campaign", brief.id, plan=plan.id, fingerprint=current)
    return approved

"""Approve a campaign: its current plan is what is sent, from its first day on."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import ActionStatus
from liquor_app.campaigns.lifecycle import await_approval, check_stands, mark_approved
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import CampaignRow, lock_campaign, row_of
from liquor_app.core.errors import Conflict
from liquor_app.organization.models import Channel
from liquor_app.organization.service import get_brand
from liquor_app.organization.settings import shop_today
from liquor_app.organization.shop_identity import require_identity
from liquor_app.planning.approval.approve_plan import approve_plan


async def approve_campaign(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """Approve the campaign's current plan; it is then scheduled.

    Raises:
        Forbidden: the actor is not a marketer.
        Conflict: it does not wait for approval, has no plan, or its last day is over.
    """
    require(actor, Role.MANAGER)
    campaign = await lock_campaign(session, campaign_id)
    check_stands(campaign, CampaignStatus.AWAITING_APPROVAL, to="approved")
    if campaign.plan_id is None:
        raise Conflict("There is no plan to approve yet. Generate one first.")
    brand = await get_brand(session, campaign.brand_id)
    require_identity(brand)
    if not brand.sms_sender and await _has_texts(session, campaign.plan_id):
        raise Conflict(
            "The plan has text messages, and the brand has no sender for them: add one under Settings, Brand, or plan"
            " the campaign again without SMS."
        )
    if campaign.end_date < await shop_today(session):
        raise Conflict(f"The campaign's last day, {campaign.end_date}, is over. Give it new dates and a new plan.")
    await approve_plan(session, actor, campaign.plan_id)
    await mark_approved(session, actor, campaign)
    return row_of(campaign)


async def _has_texts(session: AsyncSession, plan_id: UUID) -> bool:
    found = await session.execute(
        text("SELECT EXISTS (SELECT FROM actions WHERE plan_id = :id AND channel = :sms AND status = :planned)"),
        {"id": plan_id, "sms": Channel.SMS.value, "planned": ActionStatus.PENDING.value},
    )
    return bool(found.scalar_one())


async def submit_plan(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """Take a suggested plan up: it then waits for approval.

    Raises:
        Conflict: the campaign is no draft, or has no plan for what it is now.
    """
    require(actor, Role.MANAGER)
    campaign = await lock_campaign(session, campaign_id)
    check_stands(campaign, CampaignStatus.DRAFT, to="put up for approval")
    if campaign.plan_id is None:
        raise Conflict("There is no plan for this campaign as it is now. Generate one first.")
    await await_approval(session, actor, campaign)
    return row_of(campaign)

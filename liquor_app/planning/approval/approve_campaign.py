"""Approve a campaign: its current plan is what is sent, from its first day on."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.lifecycle import await_approval, check_stands, mark_approved
from liquor_app.campaigns.models import Campaign, CampaignStatus, CampaignType
from liquor_app.campaigns.service import CampaignRow, lock_campaign, row_of
from liquor_app.core.errors import Conflict
from liquor_app.experiments.effects import fix_read
from liquor_app.organization.service import BrandRow, get_brand
from liquor_app.planning.approval.approval_context import ApprovalContext, read_approval
from liquor_app.planning.approval.approve_plan import REPLACED, approve_within
from liquor_app.planning.plan_store import Planned, planned_now
from liquor_app.providers.sender_check.sender_checks import failing_sender


async def approve_campaign(
    session: AsyncSession, actor: Actor, campaign_id: UUID, *, plan_id: UUID, fingerprint: str,
    despite_sender: bool = False,
) -> CampaignRow:  # fmt: skip
    """Approve the plan of the campaign that was looked at; it is then scheduled.

    Args:
        plan_id: the plan as the approver saw it; refuses if another has taken its place.
        fingerprint: of its messages as the approver saw them (`ApprovalOutlook`); refuses if one
            was changed by hand, or what they are made from.
        despite_sender: send although mailboxes will refuse mail of the brand's domain; recorded.

    Raises:
        Forbidden: the actor is not a marketer.
        Conflict: it does not wait for approval, has no plan, or others than were looked at, a rule forbids what the
            plan holds, its last day is over, or its domain failed the last sender check (the error's field is
            `sender_domain`).
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    campaign = await lock_campaign(session, campaign_id)
    check_stands(campaign, CampaignStatus.AWAITING_APPROVAL, to="approved")
    if campaign.plan_id not in (None, plan_id):
        raise Conflict(REPLACED)
    planned, brand = await check_sender(session, campaign, despite=despite_sender)
    if despite_sender:
        await audit(session, actor, "campaign.sender_accepted", "campaign", campaign.id, sender=brand.from_email)
    context = await read_approval(session, campaign, planned, brand=brand)
    return await approve_held(session, actor, context, fingerprint=fingerprint)


async def check_sender(session: AsyncSession, campaign: Campaign, *, despite: bool = False) -> tuple[Planned, BrandRow]:
    """Refuse e-mail that would not arrive, unless `despite`; returns what is planned, and under which brand. A
    corridor.

    Raises:
        Conflict: e-mail of the brand's domain is known to be refused.
    """
    brand = await get_brand(session, campaign.brand_id)
    planned = await planned_now(session, campaign.id)
    has_mail = planned.has_mail or campaign.type is CampaignType.TRIGGERED
    if has_mail and not despite and (why := await failing_sender(session, brand.from_email)):
        raise Conflict(
            f"{why} Most of these e-mails would not arrive. Mend it under Settings, Channels, or approve all the same.",
            field="sender_domain",
        )
    return planned, brand


async def approve_held(
    session: AsyncSession, actor: Actor, context: ApprovalContext, *, fingerprint: str
) -> CampaignRow:
    """Return the same for a campaign that is held, waits for approval and has a sender. A corridor."""
    await approve_within(session, actor, context, fingerprint=fingerprint)
    await fix_read(session, context.campaign.id, context.campaign.end_date, anew=True)
    await mark_approved(session, actor, context.campaign, wording=context.planned.wording)
    return row_of(context.campaign)


async def submit_plan(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """Take a suggested plan up: it then waits for approval.

    Raises:
        Conflict: the campaign is no draft, or has no plan for what it is now.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    campaign = await lock_campaign(session, campaign_id)
    check_stands(campaign, CampaignStatus.DRAFT, to="put up for approval")
    if campaign.plan_id is None:
        raise Conflict("There is no plan for this campaign as it is now. Generate one first.")
    await await_approval(session, actor, campaign)
    return row_of(campaign)

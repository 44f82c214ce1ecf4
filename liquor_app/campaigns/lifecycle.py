"""What happens to an approved campaign: start, pause, resume, cancel, or back to draft."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.approved_wording import take_up_wording
from liquor_app.campaigns.models import Campaign, CampaignStatus
from liquor_app.campaigns.service import CampaignRow, lock_campaign, move_campaign, row_of
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict
from liquor_app.core.queue import Job, enqueue
from liquor_app.organization.sending_switch import refuse_stopped
from liquor_app.organization.service import get_brand, notify
from liquor_app.organization.shop_identity import require_identity


def check_stands(campaign: Campaign, *allowed: CampaignStatus, to: str) -> None:
    """Tell whether a verb may begin where the campaign stands. Two verbs may lead to the same status from different
    ones: resuming what never started would leave it running with nothing to send.

    Raises:
        Conflict: it stands elsewhere; nothing has changed.
    """
    if campaign.status not in allowed:
        wanted = " or ".join(status.value.replace("_", " ") for status in allowed)
        here = campaign.status.value.replace("_", " ")
        raise Conflict(f"This campaign is {here}; only one that is {wanted} can be {to}.")


async def await_approval(session: AsyncSession, actor: Actor, campaign: Campaign) -> None:
    """Put a held campaign before a person; an approval it had is taken back. A corridor: the doors are in `planning`.

    Raises:
        Conflict: it is neither a draft nor scheduled.
    """
    campaign.approved_by = campaign.approved_at = None
    await move_campaign(session, actor, campaign, CampaignStatus.AWAITING_APPROVAL)


async def mark_approved(
    session: AsyncSession, actor: Actor, campaign: Campaign, *, wording: dict[str, Any] | None
) -> None:
    """Schedule a held campaign: its plan was approved by `actor`. A corridor: the door is `planning`'s.

    Args:
        wording: what its messages are made of from now on, whatever templates say later (`approved_wording`).

    Raises:
        Conflict: it does not wait for approval.
    """
    campaign.approved_by, campaign.approved_at, campaign.is_autopilot = actor.user_id, now(), False
    campaign.approved_wording = wording
    await move_campaign(session, actor, campaign, CampaignStatus.SCHEDULED)


async def mark_autopilot(session: AsyncSession, campaign: Campaign) -> None:
    """Note of a held campaign that the system approved it by itself: throwing the switch stops it."""
    campaign.is_autopilot = True
    await session.flush()


async def send_back(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """Back to draft, to be edited and planned again."""
    require(actor, Permission.CAMPAIGNS_WRITE)
    campaign = await lock_campaign(session, campaign_id)
    check_stands(campaign, CampaignStatus.AWAITING_APPROVAL, CampaignStatus.SCHEDULED, to="sent back")
    campaign.approved_by = campaign.approved_at = None
    campaign.is_autopilot = False
    await move_campaign(session, actor, campaign, CampaignStatus.DRAFT)
    return row_of(campaign)


async def start_campaign(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """Start an approved campaign now: its messages go into the ledger, each for its own moment.

    Raises:
        Conflict: it is not approved.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    await refuse_stopped(session)  # before the campaign is locked: who throws the switch locks them after it
    campaign = await lock_campaign(session, campaign_id)
    check_stands(campaign, CampaignStatus.SCHEDULED, to="started")
    require_identity(await get_brand(session, campaign.brand_id))
    campaign.started_at = now()
    await move_campaign(session, actor, campaign, CampaignStatus.ACTIVE)
    await enqueue(
        session,
        Job.LAUNCH_CAMPAIGN,
        {"campaign_id": str(campaign_id)},
        created_by=actor.user_id,
        dedupe_key=str(campaign_id),
    )
    return row_of(campaign)


async def pause_campaign(
    session: AsyncSession, actor: Actor, campaign_id: UUID, *, reason: str | None = None, tell: bool = True
) -> CampaignRow:
    """Stop sending: what waits keeps waiting, what is on the wire runs out. A `reason` is told by the bell, unless
    whoever pauses many tells of them together.

    Raises:
        Conflict: it does not run.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    campaign = await lock_campaign(session, campaign_id)
    campaign.pause_reason = reason or f"Paused by {actor.name}"
    await move_campaign(session, actor, campaign, CampaignStatus.PAUSED)
    if reason and tell:
        await notify(
            session,
            title=f"{campaign.name} was paused",
            body=reason,
            link=f"/campaigns/{campaign.id}",
            level="warning",
        )
    return row_of(campaign)


async def resume_campaign(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """Go on where it stopped; a played week goes on playing. One that was paused because its playbooks or templates had
    changed takes them up: whoever resumes it has looked.

    Raises:
        Conflict: it is not paused.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    await refuse_stopped(session)
    campaign = await lock_campaign(session, campaign_id)
    check_stands(campaign, CampaignStatus.PAUSED, to="resumed")
    campaign.pause_reason = None
    # whoever resumes it answers for it from now on
    campaign.is_autopilot = False
    take_up_wording(campaign)
    await move_campaign(session, actor, campaign, CampaignStatus.ACTIVE)
    if campaign.is_playing:
        await enqueue(
            session, Job.PLAY_WEEK, {"campaign_id": str(campaign_id)}, created_by=actor.user_id,
            dedupe_key=str(campaign_id),
        )  # fmt: skip
    return row_of(campaign)


async def cancel_campaign(session: AsyncSession, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """End it for good: what waits is cancelled by the worker, what is on the wire runs out.

    Raises:
        Conflict: it is already over.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    campaign = await lock_campaign(session, campaign_id)
    campaign.is_playing = False
    await move_campaign(session, actor, campaign, CampaignStatus.CANCELLED)
    return row_of(campaign)

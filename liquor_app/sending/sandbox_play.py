"""Let a sandbox campaign be played: asked for here, done by `sending.fast_forward`."""

from __future__ import annotations

from datetime import UTC, datetime, time
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import lock_campaign, move_campaign
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict
from liquor_app.core.queue import Job, enqueue
from liquor_app.organization.service import get_brand
from liquor_app.organization.shop_identity import require_identity


async def play_week(session: AsyncSession, actor: Actor, campaign_id: UUID, *, seconds: int = 90) -> UUID:
    """Let a sandbox campaign live its days in a minute or two, by a clock of its own; returns the job.

    The messages go through the same ledger and the same rules; only the clock differs.

    Raises:
        Conflict: it is not approved, has already sent something in real time, or would reach real people.
    """
    require(actor, Role.MANAGER)
    campaign = await lock_campaign(session, campaign_id)
    real = await session.execute(
        text("SELECT provider FROM channels WHERE is_enabled AND provider <> 'sandbox' ORDER BY position LIMIT 1")
    )
    if (provider := real.scalar()) is not None:
        raise Conflict(f"Playing the week is for the sandbox only, and {provider} is enabled. Disable it first.")
    if campaign.status is CampaignStatus.SCHEDULED:
        campaign.started_at = now()
        await move_campaign(session, actor, campaign, CampaignStatus.ACTIVE)
    elif campaign.status is CampaignStatus.PAUSED and campaign.virtual_now is not None:
        await move_campaign(session, actor, campaign, CampaignStatus.ACTIVE)
    elif campaign.status is not CampaignStatus.ACTIVE:
        raise Conflict(f"A campaign that is {campaign.status} cannot be played. Approve it first.")
    elif campaign.virtual_now is None and campaign.completed_sends:
        raise Conflict("This campaign already runs in real time; its clock cannot be changed any more.")
    require_identity(await get_brand(session, campaign.brand_id))
    if campaign.virtual_now is None:
        campaign.virtual_now = datetime.combine(campaign.start_date, time.min, UTC)
    campaign.is_playing = True
    await session.flush()
    return await enqueue(
        session,
        Job.PLAY_WEEK,
        {"campaign_id": str(campaign_id), "seconds": max(0, min(seconds, 600))},
        created_by=actor.user_id,
        dedupe_key=str(campaign_id),
    )

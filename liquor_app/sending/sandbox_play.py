"""Let a sandbox campaign be played: asked for here, done by `sending.fast_forward`."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.campaign_progress import begin_playing
from liquor_app.campaigns.service import lock_campaign
from liquor_app.core.errors import Conflict
from liquor_app.core.queue import Job, enqueue
from liquor_app.organization.sending_switch import refuse_stopped
from liquor_app.organization.service import get_brand
from liquor_app.organization.shop_identity import require_identity


async def play_week(session: AsyncSession, actor: Actor, campaign_id: UUID, *, seconds: int = 90) -> UUID:
    """Let a sandbox campaign live its days in a minute or two, by a clock of its own; returns the job.

    The messages go through the same ledger and the same rules; only the clock differs.

    Raises:
        Conflict: it is not approved, has already sent something in real time, would reach real people, or all
            sending is stopped.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    await refuse_stopped(session)  # before the campaign is locked: who throws the switch locks them after it
    campaign = await lock_campaign(session, campaign_id)
    real = await session.execute(
        text("SELECT provider FROM channels WHERE is_enabled AND provider <> 'sandbox' ORDER BY position LIMIT 1")
    )
    if (provider := real.scalar()) is not None:
        raise Conflict(f"Playing the week is for the sandbox only, and {provider} is enabled. Disable it first.")
    await begin_playing(session, actor, campaign)
    require_identity(await get_brand(session, campaign.brand_id))
    return await enqueue(
        session,
        Job.PLAY_WEEK,
        {"campaign_id": str(campaign_id), "seconds": max(0, min(seconds, 600))},
        created_by=actor.user_id,
        dedupe_key=str(campaign_id),
    )

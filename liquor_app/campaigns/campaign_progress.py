"""Keep what a campaign shows of its sending: counters, its own clock, its end. Corridors: no actor is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import Actor
from liquor_app.campaigns.models import OVER, Campaign, CampaignStatus
from liquor_app.campaigns.service import move_campaign
from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict

# Written only where something changed: a quiet campaign's row stays untouched.
_COUNTED = unnest(
    "x", campaign_id=Campaign.id, total=Campaign.total_sends, completed=Campaign.completed_sends,
    failed=Campaign.failed_sends, skipped=Campaign.skipped_sends, unknown=Campaign.unknown_sends,
    delivered=Campaign.delivered_sends, opens=Campaign.opens, clicks=Campaign.clicks,
    redeemed=Campaign.redeemed, conversions=Campaign.conversions, revenue=Campaign.revenue_generated,
)  # fmt: skip
_COUNTERS = f"""
UPDATE campaigns k SET
    total_sends = x.total, completed_sends = x.completed, failed_sends = x.failed, skipped_sends = x.skipped,
    unknown_sends = x.unknown, delivered_sends = x.delivered, opens = x.opens, clicks = x.clicks,
    redeemed = x.redeemed, conversions = x.conversions, revenue_generated = x.revenue
FROM {_COUNTED}
WHERE k.id = x.campaign_id
  AND (k.total_sends, k.completed_sends, k.failed_sends, k.skipped_sends, k.unknown_sends, k.delivered_sends, k.opens,
       k.clicks, k.redeemed, k.conversions, k.revenue_generated)
   IS DISTINCT FROM (x.total, x.completed, x.failed, x.skipped, x.unknown, x.delivered, x.opens, x.clicks,
       x.redeemed, x.conversions, x.revenue)
RETURNING k.id
"""

_TICK = """
UPDATE campaigns SET virtual_now = :moment
WHERE id = :id AND status = 'active' AND is_playing AND virtual_now < :moment
"""

_STOP = "UPDATE campaigns SET is_playing = false WHERE id = :id"


@dataclass(frozen=True, slots=True)
class Counters:
    """How many of a campaign's messages fared how."""

    campaign_id: UUID
    total: int
    completed: int
    failed: int
    skipped: int
    unknown: int
    delivered: int
    opens: int
    clicks: int
    redeemed: int
    conversions: int
    revenue: Decimal


async def write_counters(session: AsyncSession, counters: Sequence[Counters]) -> set[UUID]:
    """Write what was counted in the ledger; returns the campaigns for which anything changed."""
    if not counters:
        return set()
    changed = await session.execute(text(_COUNTERS), _COUNTED.rows(counters))
    return set(changed.scalars())


async def advance_clock(session: AsyncSession, campaign_id: UUID, moment: datetime) -> None:
    """Set the clock of a campaign whose week is played; forward only, and not while it is paused."""
    await session.execute(text(_TICK), {"id": campaign_id, "moment": moment})


async def stop_playing(session: AsyncSession, campaign_id: UUID) -> None:
    """End the playing of a campaign's week; its clock stays where it is."""
    await session.execute(text(_STOP), {"id": campaign_id})


async def begin_playing(session: AsyncSession, actor: Actor, campaign: Campaign) -> None:
    """Let a held campaign live its days by a clock of its own, from its first day or from where it stopped. A corridor.

    Raises:
        Conflict: it is not approved, is over, or runs in real time.
    """
    if campaign.status in OVER:
        raise Conflict(
            "This campaign is over. A week is played before anything of it was sent: plan another one to play."
        )
    if campaign.status is CampaignStatus.SCHEDULED:
        campaign.started_at = now()
        await move_campaign(session, actor, campaign, CampaignStatus.ACTIVE)
    elif campaign.status is CampaignStatus.PAUSED and campaign.virtual_now is not None:
        await move_campaign(session, actor, campaign, CampaignStatus.ACTIVE)
    elif campaign.status not in {CampaignStatus.ACTIVE, CampaignStatus.PAUSED}:
        raise Conflict("Only an approved campaign can be played. Approve this one first.")
    elif campaign.status is CampaignStatus.PAUSED or (campaign.virtual_now is None and campaign.completed_sends):
        raise Conflict("This campaign already runs in real time; its clock cannot be changed any more.")
    if campaign.virtual_now is None:
        campaign.virtual_now = datetime.combine(campaign.start_date, time.min, UTC)
    campaign.is_playing = True
    await session.flush()


async def complete_campaign(session: AsyncSession, actor: Actor, campaign: Campaign) -> None:
    """End a held campaign that has nothing left to send. A corridor.

    Raises:
        Conflict: it does not run.
    """
    campaign.completed_at = now()
    campaign.is_playing = False
    await move_campaign(session, actor, campaign, CampaignStatus.COMPLETED)

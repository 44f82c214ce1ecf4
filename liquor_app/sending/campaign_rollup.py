"""A campaign's counters, from the ledger, every two seconds; and its end, once every message is final."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.models import ActionStatus
from liquor_app.campaigns.campaign_progress import complete_campaign, write_counters
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.campaigns.service import lock_campaign
from liquor_app.core.db import transaction
from liquor_app.core.pubsub import publish
from liquor_app.core.states import sql_list
from liquor_app.ledger.models import UNFINISHED
from liquor_app.ledger.send_counts import count_sends
from liquor_app.organization.service import notify
from liquor_app.ui.words import figure

_LIVE = f"""
SELECT id FROM campaigns WHERE status IN {sql_list(CampaignStatus.ACTIVE, CampaignStatus.PAUSED)}
   OR (status IN {sql_list(CampaignStatus.COMPLETED, CampaignStatus.CANCELLED)} AND NOT is_history
       AND updated_at > now() - interval '30 days')
"""

# Open unknowns do not keep a campaign open; they stay visible. A standing campaign ends with its last day.
_FINISHED = f"""
SELECT k.id FROM campaigns k
WHERE k.id = ANY(:ids) AND k.status = '{CampaignStatus.ACTIVE}'
  AND (k.type <> 'triggered' OR k.end_date < CAST(COALESCE(k.virtual_now, now()) AS date))
  AND NOT EXISTS (SELECT 1 FROM sends s WHERE s.campaign_id = k.id AND s.status IN {sql_list(*UNFINISHED)})
  AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.campaign_id = k.id AND a.status = '{ActionStatus.PENDING}')
"""


async def roll_up_once(campaigns: Collection[UUID] | None = None) -> set[UUID]:
    """Recount some campaigns (all that live, by default) and close those that are done; returns which changed."""
    async with transaction() as session:
        ids = list(campaigns) if campaigns is not None else list((await session.execute(text(_LIVE))).scalars())
        if not ids:
            return set()
        changed = await write_counters(session, await count_sends(session, ids))
        finished = set((await session.execute(text(_FINISHED), {"ids": ids})).scalars())
        for campaign_id in sorted(finished):
            await _complete(session, campaign_id)
        for campaign_id in changed - finished:
            publish(session, f"campaign:{campaign_id}", {"counted": True})
        if changed or finished:
            publish(session, "dashboard", {"campaigns": len(changed | finished)})
    return changed | finished


async def _complete(session: AsyncSession, campaign_id: UUID) -> None:
    campaign = await lock_campaign(session, campaign_id)
    still = await session.execute(text(_FINISHED), {"ids": [campaign_id]})
    if still.scalar() is None:
        return
    # the last messages may have been recorded since the count above
    await write_counters(session, await count_sends(session, [campaign_id]))
    await session.refresh(campaign)
    await complete_campaign(session, SYSTEM, campaign)
    told = [f"{figure(campaign.completed_sends)} sent"]
    for count, words in (
        (campaign.skipped_sends, "skipped with a reason"),
        (campaign.failed_sends, "failed"),
        (campaign.unknown_sends, "unknown"),
        (campaign.held_out, "held out"),
    ):
        if count:
            told.append(f"{figure(count)} {words}")
    await notify(
        session, title=f"{campaign.name} is done", body=f"{', '.join(told)}.", link=f"/campaigns/{campaign.id}"
    )

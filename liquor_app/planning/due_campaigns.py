"""What the clock does to campaigns: start those whose day has come, wake those that wait for something to happen."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.campaigns.lifecycle import await_approval, start_campaign
from liquor_app.campaigns.models import CampaignStatus, CampaignType
from liquor_app.campaigns.service import lock_campaign
from liquor_app.core.queue import Job, enqueue
from liquor_app.organization.guidance import autopilot_stopped
from liquor_app.organization.sending_switch import hold_sending_switch, load_sending_switch
from liquor_app.organization.service import get_brand
from liquor_app.organization.settings import shop_today
from liquor_app.organization.shop_identity import missing_identity
from liquor_app.planning.approval.autopilot import hold_switch

_WAITING = f"""
SELECT id FROM campaigns WHERE type = :triggered AND status = '{CampaignStatus.ACTIVE}' ORDER BY id LIMIT 500
"""
_DUE = f"""
SELECT id, is_autopilot, brand_id FROM campaigns
 WHERE status = '{CampaignStatus.SCHEDULED}' AND start_date <= :today ORDER BY start_date LIMIT 50
"""


async def request_firings(session: AsyncSession) -> int:
    """Return a job for each running triggered campaign; returns how many. Asking twice asks once."""
    found = await session.execute(text(_WAITING), {"triggered": CampaignType.TRIGGERED.value})
    running = list(found.scalars())
    for campaign_id in running:
        await enqueue(session, Job.FIRE_TRIGGER, {"campaign_id": str(campaign_id)}, dedupe_key=str(campaign_id))
    return len(running)


async def start_due(session: AsyncSession, actor: Actor) -> int:
    """Start every approved campaign whose first day has begun in the store's calendar; returns how many.

    What autopilot approved is not started while it is stopped: it goes back before a person.

    Raises:
        Forbidden: the actor may only read.
    """
    require(actor, Permission.CAMPAIGNS_WRITE)
    today = await shop_today(session)
    await hold_sending_switch(session)
    if (await load_sending_switch(session)).stopped:
        return 0  # their day has come, and waits
    await hold_switch(session)
    stopped = await autopilot_stopped(session)
    due = await session.execute(text(_DUE), {"today": today})
    started = 0
    for row in due.all():
        if row.is_autopilot and stopped:
            await await_approval(session, actor, await lock_campaign(session, row.id))
            continue
        if missing_identity(await get_brand(session, row.brand_id)):
            continue  # it was named when this was approved; it waits until it is again
        await start_campaign(session, actor, row.id)
        started += 1
    return started

"""Stop all sending: one verb for the moment something is wrong, and one to go on from where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import ActionStatus
from liquor_app.campaigns.lifecycle import pause_campaign, resume_campaign
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict
from liquor_app.ledger.models import SendStatus
from liquor_app.organization.sending_switch import SendingSwitch, hold_sending_switch, load_sending_switch
from liquor_app.organization.service import notify
from liquor_app.organization.settings import replace_settings
from liquor_app.sending.recipients.transactional import queue_waiting
from liquor_app.ui.words import plural

# locked as they are read: what somebody pauses, ends or resumes at this moment is waited for, and then not counted
_RUNNING = f"SELECT id FROM campaigns WHERE status = '{CampaignStatus.ACTIVE}' ORDER BY id FOR UPDATE"
_HELD = f"""
SELECT id FROM campaigns WHERE id = ANY(CAST(:ids AS uuid[])) AND status = '{CampaignStatus.PAUSED}'
ORDER BY id FOR UPDATE
"""
_WAITING = f"""
SELECT k.id, k.name, k.status,
       (SELECT count(*) FROM sends s WHERE s.campaign_id = k.id AND s.status = '{SendStatus.PENDING}')
       + (SELECT count(*) FROM actions a WHERE a.campaign_id = k.id AND a.status = '{ActionStatus.PENDING}') AS waiting
  FROM campaigns k
 WHERE k.status = '{CampaignStatus.SCHEDULED}'
    OR (k.status = '{CampaignStatus.PAUSED}' AND k.id = ANY(CAST(:ids AS uuid[])))
 ORDER BY k.name
"""
"""What is approved is an action until its campaign begins, and a message of the ledger from then on."""


@dataclass(frozen=True, slots=True)
class StoppedCampaign:
    """A campaign the switch keeps from sending, and how many of its messages wait."""

    id: UUID
    name: str
    waiting: int


@dataclass(frozen=True, slots=True)
class StopRow:
    """How the switch stands. `campaigns` are those it paused that are still paused, `approved` those whose day is still
    to come, or has come and waits."""

    stopped: bool
    stopped_at: str | None
    stopped_by: str
    campaigns: list[StoppedCampaign]
    approved: list[StoppedCampaign]


async def read_stop(session: AsyncSession, actor: Actor) -> StopRow:
    """Return whether all sending is stopped, since when, by whom, and what waits for it."""
    require(actor, Permission.SENDS_READ)
    return await _row(session, await load_sending_switch(session))


async def stop_all_sending(session: AsyncSession, actor: Actor) -> StopRow:
    """Stop everything that leaves the house: every running campaign is paused, and nothing passes the fence any more,
    whatever it belongs to. What is on the wire already arrives. Returns what it stopped.

    Raises:
        Forbidden: the actor is not a marketer.
        Conflict: it is stopped already.
    """
    require(actor, Permission.SENDS_WRITE)
    await hold_sending_switch(session, alone=True)
    before = await load_sending_switch(session)
    if before.stopped:
        raise Conflict(f"All sending was stopped by {before.stopped_by} already.")
    running = list((await session.execute(text(_RUNNING))).scalars())
    switch = SendingSwitch(stopped=True, stopped_at=now(), stopped_by=actor.name, campaigns=tuple(running))
    await replace_settings(session, actor, switch)
    for campaign_id in running:
        await pause_campaign(session, actor, campaign_id, reason=f"All sending was stopped by {actor.name}", tell=False)
    row = await _row(session, switch)
    await audit_change(
        session, actor, "sending.stopped", "settings", None, before={"stopped": False}, after={"stopped": True},
        campaigns=len(running),
    )  # fmt: skip
    await notify(
        session,
        title="All sending was stopped",
        body=f"By {actor.name}: {held_words(row)}.",
        link="/campaigns",
        level="warning",
    )
    return row


async def resume_all_sending(session: AsyncSession, actor: Actor) -> StopRow:
    """Go on: what the switch had paused runs again, but for what somebody has moved on meanwhile. Returns what runs.

    Raises:
        Forbidden: the actor is not a marketer.
        Conflict: it is not stopped.
    """
    require(actor, Permission.SENDS_WRITE)
    await hold_sending_switch(session, alone=True)
    switch = await load_sending_switch(session)
    if not switch.stopped:
        raise Conflict("Sending is not stopped.")
    await session.execute(text(_HELD), {"ids": list(switch.campaigns)})
    row = await _row(session, switch)
    await replace_settings(session, actor, SendingSwitch())
    for one in row.campaigns:
        await resume_campaign(session, actor, one.id)
    await queue_waiting(session)
    await audit_change(
        session, actor, "sending.resumed", "settings", None, before={"stopped": True}, after={"stopped": False},
        campaigns=len(row.campaigns),
    )  # fmt: skip
    await notify(
        session,
        title="Sending goes on",
        body=f"Resumed by {actor.name}: {plural(len(row.campaigns), 'campaign')}.",
        link="/campaigns",
    )
    return StopRow(False, None, "", row.campaigns, [])


def held_words(row: StopRow) -> str:
    """Tell what waits for the switch: what ran, and what is approved and has not begun."""
    told = []
    if row.campaigns:
        waiting = sum(one.waiting for one in row.campaigns)
        told.append(f"{plural(len(row.campaigns), 'campaign')} and {plural(waiting, 'message')} wait")
    if row.approved:
        count, waiting = len(row.approved), sum(one.waiting for one in row.approved)
        verb = "is" if count == 1 else "are"
        told.append(f"{plural(count, 'campaign')} with {plural(waiting, 'message')} {verb} approved and will wait")
    return "; ".join(told) or "no campaign was running or approved"


async def _row(session: AsyncSession, switch: SendingSwitch) -> StopRow:
    since = switch.stopped_at.isoformat() if switch.stopped_at else None
    if not switch.stopped:  # nothing waits for it then, and nothing is counted
        return StopRow(False, since, switch.stopped_by, [], [])
    found = (await session.execute(text(_WAITING), {"ids": list(switch.campaigns)})).all()
    paused, approved = (
        [StoppedCampaign(row.id, row.name, row.waiting) for row in found if row.status == status.value]
        for status in (CampaignStatus.PAUSED, CampaignStatus.SCHEDULED)
    )
    return StopRow(True, since, switch.stopped_by, paused, approved)

"""Play the week: a sandbox campaign lives its days in a minute or two, by a clock of its own.

Only the clock is special. Its messages are claimed, asked about, fenced, sent to the sandbox and recorded by the
same pump as everybody else's. The clock is a column of the campaign, so a worker that dies leaves it where it stood.
What people of the sample then do is simulated and kept apart (`experiments.played_week`); your own are not made up.
"""

from __future__ import annotations

import asyncio
import time as monotonic
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.campaign_progress import advance_clock, stop_playing
from liquor_app.campaigns.lifecycle import pause_campaign
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.models import JobStatus
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, JobContext, enqueue
from liquor_app.core.states import sql_list
from liquor_app.experiments.played_week import has_sample_people, live_through
from liquor_app.ledger.models import ON_ITS_WAY, SendStatus
from liquor_app.organization.settings import shop_now
from liquor_app.sending.campaign_rollup import roll_up_once
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.ui.words import figure, show_moment

STEP = timedelta(minutes=15)
DEFAULT_SECONDS = 75
QUIET_SHARE = 0.3
"""Share of the playing time for hours in which nothing is due: long enough to see the nights go by."""

WAIT_SECONDS = 120.0
POLL_SECONDS = 0.05
WESTERNMOST = ZoneInfo("Pacific/Honolulu")

_STATE = """
SELECT name, status, is_playing, virtual_now, start_date, end_date, total_sends,
    completed_sends + failed_sends + skipped_sends + unknown_sends AS done
FROM campaigns WHERE id = :id
"""

_OPEN = f"""
SELECT count(*) FROM sends s JOIN campaigns k ON k.id = s.campaign_id
WHERE s.campaign_id = :id
  AND (s.status IN {sql_list(*ON_ITS_WAY)} OR (s.status = '{SendStatus.PENDING}' AND s.not_before <= k.virtual_now))
"""

_NEXT = f"SELECT min(not_before) FROM sends WHERE campaign_id = :id AND status = '{SendStatus.PENDING}'"

_BUSY_STEPS = f"""
SELECT count(DISTINCT floor(extract(epoch FROM not_before) / :step)) FROM sends
WHERE campaign_id = :id AND status = '{SendStatus.PENDING}'
"""

_STOPPED = f"""
SELECT k.id FROM campaigns k
WHERE k.status = '{CampaignStatus.ACTIVE}' AND k.is_playing AND k.virtual_now IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.name = :job AND j.dedupe_key = CAST(k.id AS text)
                  AND j.status IN {sql_list(JobStatus.QUEUED, JobStatus.RUNNING)})
"""


@dataclass(frozen=True, slots=True)
class Tempo:
    """Seconds of real time per step in which something is due, and per step in which nothing is."""

    busy: float
    quiet: float


def tempo(seconds: float, steps: int, busy_steps: int) -> Tempo:
    """Return share `seconds` out over the week's steps; busy ones get the larger part, at most a second and a half
    each."""
    quiet_steps = max(steps - busy_steps, 1)
    busy = min(seconds * (1 - QUIET_SHARE) / max(busy_steps, 1), 1.5)
    return Tempo(busy if seconds else 0.0, seconds * QUIET_SHARE / quiet_steps)


async def play_week(job: JobContext, campaign_id: UUID, seconds: float) -> dict[str, object]:
    """Advance the campaign's clock to the end of its last day, waiting at each step for what is due.

    Ends early once the campaign is paused (resuming starts it again), over, or no longer played.
    """
    if (state := await _state(campaign_id)).status in (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED):
        return {"stopped": state.status, "virtual_now": state.virtual_now}  # asked for while it was played to its end
    async with transaction() as session:
        await launch_campaign(session, SYSTEM, campaign_id)
        at = await shop_now(session)
        is_simulated = await has_sample_people(session, campaign_id)
    state = await _state(campaign_id)
    end = datetime.combine(state.end_date + timedelta(days=1), time.min, WESTERNMOST).astimezone(UTC)
    start = datetime.combine(state.start_date, time.min, UTC)
    steps = max(1, (end - state.virtual_now) // STEP)
    async with transaction() as session:
        found = await session.execute(text(_BUSY_STEPS), {"id": campaign_id, "step": STEP.total_seconds()})
        pace = tempo(seconds, steps, int(found.scalar_one()))
    told, stepped = 0.0, monotonic.monotonic()
    while True:
        state = await _state(campaign_id)
        if state.status != CampaignStatus.ACTIVE or not state.is_playing:
            if state.status == CampaignStatus.COMPLETED:  # by the dispatcher, as soon as its last message was out
                await _finish(campaign_id, end if is_simulated else None)
            return {"stopped": state.status, "virtual_now": state.virtual_now}
        if monotonic.monotonic() - told > 0.5:
            told = monotonic.monotonic()
            await job.progress(
                (state.virtual_now - start) // STEP, (end - start) // STEP, show_moment(state.virtual_now, at)
            )
        if not await _settled(job, campaign_id):
            async with transaction() as session:
                reason = f"Messages due at {show_moment(state.virtual_now, at)} did not go out within two minutes."
                await pause_campaign(session, SYSTEM, campaign_id, reason=reason)
            continue
        if state.virtual_now >= end:
            await roll_up_once([campaign_id])
            await _finish(campaign_id, end if is_simulated else None)
            return {"virtual_now": state.virtual_now}
        if is_simulated:
            async with transaction() as session:
                await live_through(session, campaign_id, state.virtual_now)
        rest = await _advance(campaign_id, state.virtual_now, end, pace)
        # sending has taken some of the step's time already
        await asyncio.sleep(max(0.0, rest - (monotonic.monotonic() - stepped)))
        stepped = monotonic.monotonic()


async def keep_playing(session: AsyncSession) -> int:
    """Start the clock again where a worker died, or where pausing and resuming crossed; returns how many."""
    found = await session.execute(text(_STOPPED), {"job": Job.PLAY_WEEK.value})
    stopped = list(found.scalars())
    for campaign_id in stopped:
        await enqueue(session, Job.PLAY_WEEK, {"campaign_id": str(campaign_id)}, dedupe_key=str(campaign_id))
    return len(stopped)


async def _advance(campaign_id: UUID, virtual_now: datetime, end: datetime, pace: Tempo) -> float:
    """On to where the next message is due; returns the seconds this step is to take."""
    async with transaction() as session:
        due = (await session.execute(text(_NEXT), {"id": campaign_id})).scalar()
        # at no pace at all nobody watches the clock run
        moment = next_stop(virtual_now, due, end, stride=4 * STEP if pace.quiet else end - virtual_now)
        await advance_clock(session, campaign_id, moment)
        publish(session, f"campaign:{campaign_id}", {"virtual_now": moment})
    is_busy = due is not None and due <= moment
    return pace.busy if is_busy else pace.quiet * ((moment - virtual_now) / STEP)


def next_stop(virtual_now: datetime, due: datetime | None, end: datetime, *, stride: timedelta = 4 * STEP) -> datetime:
    """Return the quarter of an hour in which the next message is due, but at most a stride on, so that the clock is
    seen to run, and never beyond the end."""
    if due is None:
        return min(virtual_now + stride, end)
    quarter = _on_grid(due + STEP - timedelta(microseconds=1))
    return min(max(_on_grid(virtual_now + STEP), quarter), virtual_now + stride, end)


def _on_grid(moment: datetime) -> datetime:
    """Return the last quarter of an hour at or before `moment`."""
    return moment - timedelta(seconds=moment.timestamp() % STEP.total_seconds())


async def _settled(job: JobContext, campaign_id: UUID) -> bool:
    """Wait until nothing that is due is open; False if that takes too long. A pause ends the wait."""
    began = told = monotonic.monotonic()
    pause = POLL_SECONDS
    while True:
        async with transaction() as session:
            still_open = int((await session.execute(text(_OPEN), {"id": campaign_id})).scalar_one())
        if not still_open:
            return True
        moment = monotonic.monotonic()
        if moment - told > 5:
            told = moment
            state = await _state(campaign_id)
            if state.status != CampaignStatus.ACTIVE:
                return True
            await job.progress(0, 0, f"Waiting for {figure(still_open)} messages")
        if moment - began > WAIT_SECONDS:
            return False
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.5)


@dataclass(frozen=True, slots=True)
class _State:
    name: str
    status: str
    is_playing: bool
    virtual_now: datetime
    start_date: datetime
    end_date: datetime
    total_sends: int
    done: int


async def _state(campaign_id: UUID) -> _State:
    async with transaction() as session:
        found = await session.execute(text(_STATE), {"id": campaign_id})
        row = found.mappings().first()
    if row is None or row["virtual_now"] is None:
        raise NotFound("There is no such campaign, or its week is not being played.")
    return _State(**row)


async def _finish(campaign_id: UUID, simulated_until: datetime | None) -> None:
    async with transaction() as session:
        if simulated_until is not None:
            await live_through(session, campaign_id, simulated_until)
        await stop_playing(session, campaign_id)
        publish(session, f"campaign:{campaign_id}", {"is_playing": False})

"""The played week: the same pump, another clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.lifecycle import pause_campaign, resume_campaign
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, enqueue, run
from liquor_app.sending import fast_forward
from liquor_app.sending.fast_forward import STEP, next_stop, tempo
from liquor_app.sending.pipeline.dispatch import Pace, run_dispatcher
from liquor_app.sending.pipeline.recover import recover_once
from liquor_app.sending.tasks import TASKS
from tests.experiments.test_played_week import of_sample, outcomes
from tests.factories import MONDAY, add_people, add_played_campaign, add_ready_campaign, at, open_shop

FAST = Pace(poll=0.01, recover_every=0.5, roll_up_every=0.2, lanes=1)


@asynccontextmanager
async def dispatching() -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(run_dispatcher(stop, FAST))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def play_job(campaign: UUID, seconds: float = 0) -> UUID:
    async with transaction() as session:
        return await enqueue(
            session, Job.PLAY_WEEK, {"campaign_id": str(campaign), "seconds": seconds}, dedupe_key=str(campaign)
        )


async def campaign_row(campaign: UUID) -> object:
    async with transaction() as session:
        return (await session.execute(text("SELECT * FROM campaigns WHERE id = :id"), {"id": campaign})).one()


async def test_a_whole_week(database: str) -> None:
    """Two evenings' messages go out on their own evenings, to the sandbox, and the campaign ends."""
    async with transaction() as session:
        await open_shop(session)
        monday, friday = await add_people(session, 5), await add_people(session, 5, timezone="America/Los_Angeles")
        campaign = await add_played_campaign(session, monday, clock=datetime(2026, 11, 2, tzinfo=UTC))
        other = await add_ready_campaign(session, friday, scheduled=MONDAY + timedelta(days=4), status="draft")
        await session.execute(
            text("UPDATE actions SET campaign_id = :to WHERE campaign_id = :of"), {"to": campaign, "of": other}
        )
    job = await play_job(campaign)
    async with dispatching():
        status = await asyncio.wait_for(run(job, TASKS), 60)
    assert status == "succeeded"
    async with transaction() as session:
        rows = (
            await session.execute(
                text(
                    "SELECT customer_id, contact_at, status, sent_at FROM sends WHERE campaign_id = :id"
                    " ORDER BY contact_at"
                ),
                {"id": campaign},
            )
        ).all()
    assert len(rows) == 10
    assert {row.status for row in rows} == {"sent"}
    for row in rows[:5]:
        assert row.customer_id in monday
        assert at(1, 17, 30) <= row.contact_at < at(1, 17, 30) + STEP
    for row in rows[5:]:
        assert row.customer_id in friday
        opening = at(5, 17, 30, "America/Los_Angeles")
        assert opening <= row.contact_at < opening + STEP
    assert all(datetime.now(UTC) - row.sent_at < timedelta(minutes=2) for row in rows), "sent_at is real time"
    row = await campaign_row(campaign)
    assert (row.status, row.is_playing, row.completed_sends) == ("completed", False, 10)  # type: ignore[attr-defined]


async def test_whoever_was_written_to_last_lives_the_week_too(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispatcher ends a campaign with its last message, before the clock comes round again: 824 of 825 lived."""
    async with transaction() as session:
        campaign = await of_sample(session)
        await session.execute(text("UPDATE actions SET status = 'sent' WHERE status = 'pending'"))

    async def last_message_left(*_: object) -> bool:
        async with transaction() as session:
            await session.execute(text("UPDATE campaigns SET status = 'completed', is_playing = false"))
        return True

    monkeypatch.setattr(fast_forward, "_settled", last_message_left)
    assert await run(await play_job(campaign), TASKS) == "succeeded"
    async with transaction() as session:
        assert len(await outcomes(session)) == 120


async def test_pause_stops_the_clock_and_resume_goes_on(database: str) -> None:
    """Nothing goes out while it is paused; afterwards everything does, once."""
    async with transaction() as session:
        await open_shop(session)
        people = await add_people(session, 10)
        campaign = await add_played_campaign(session, people, clock=datetime(2026, 11, 2, tzinfo=UTC))
    job = await play_job(campaign, seconds=30)
    async with dispatching():
        playing = asyncio.create_task(run(job, TASKS))
        await asyncio.sleep(0.6)
        async with transaction() as session:
            await pause_campaign(session, SYSTEM, campaign)
        await asyncio.wait_for(playing, 10)
        stood = (await campaign_row(campaign)).virtual_now  # type: ignore[attr-defined]
        await asyncio.sleep(0.3)
        assert (await campaign_row(campaign)).virtual_now == stood  # type: ignore[attr-defined]
        assert stood.date() == MONDAY or stood < at(1, 17, 30)
        async with transaction() as session:
            await resume_campaign(session, SYSTEM, campaign)
            found = await session.execute(text("SELECT id FROM jobs WHERE status = 'queued'"))
            again = found.scalar_one()
            await session.execute(
                text("UPDATE jobs SET args = args || '{\"seconds\": 0}' WHERE id = :id"), {"id": again}
            )
        await asyncio.wait_for(run(again, TASKS), 60)
    async with transaction() as session:
        sent = await session.execute(text("SELECT count(*), count(DISTINCT send_id) FROM outbox_messages"))
    assert sent.one() == (10, 10)


async def test_a_dead_worker_leaves_the_clock_where_it_stood(database: str) -> None:
    """Recovery starts the clock again from there; it does not begin anew."""
    stood = at(2, 9)
    async with transaction() as session:
        await open_shop(session)
        people = await add_people(session, 3)
        campaign = await add_played_campaign(session, people, clock=stood)
    await recover_once()
    await recover_once()
    async with transaction() as session:
        jobs = (await session.execute(text("SELECT id, args FROM jobs WHERE name = 'play_week'"))).all()
        assert len(jobs) == 1
        await session.execute(text("UPDATE jobs SET args = args || '{\"seconds\": 0}'"))
    async with dispatching():
        await asyncio.wait_for(run(jobs[0].id, TASKS), 60)
    row = await campaign_row(campaign)
    assert row.status == "completed"  # type: ignore[attr-defined]
    assert row.virtual_now > stood  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("clock", "due", "stop"),
    [
        (at(1, 12), None, at(1, 13)),
        (at(1, 12), at(1, 17, 30), at(1, 13)),
        (at(1, 17, 15), at(1, 17, 30), at(1, 17, 30)),
        (at(1, 17, 0), at(1, 17, 31), at(1, 17, 45)),
        (at(1, 17, 0), at(1, 12), at(1, 17, 15)),
        (at(7, 23, 50), None, at(8, 0)),
    ],
)
def test_next_stop(clock: datetime, due: datetime | None, stop: datetime) -> None:
    """Quarters of an hour, an hour at most, never beyond the end."""
    assert next_stop(clock, due, at(8, 0)) == stop


def test_tempo_fills_the_time() -> None:
    """75 seconds are 75 seconds; nothing takes no time at all."""
    pace = tempo(75, steps=778, busy_steps=70)
    assert pace.busy * 70 + pace.quiet * 708 == pytest.approx(75)
    assert tempo(0, 700, 3) == tempo(0, 700, 3).__class__(0.0, 0.0)

"""Stop all sending: nothing leaves from that moment on, whatever it belongs to, and one click goes on from there."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.campaigns.lifecycle import cancel_campaign, pause_campaign, resume_campaign, start_campaign
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden
from liquor_app.organization.models import Channel
from liquor_app.planning.due_campaigns import start_due
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.shell.state import ShellState
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.recipients.transactional import Kind, prepare_errand, request_errand
from liquor_app.sending.sandbox_play import play_week
from liquor_app.sending.stop_all import read_stop, resume_all_sending, stop_all_sending
from tests.factories import add_people, add_played_campaign, add_ready_campaign, open_shop
from tests.people import add_campaign
from tests.sending.test_pump import execute, outbox, sends, shop, statuses
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)


async def stop() -> Any:
    async with transaction() as session:
        return await stop_all_sending(session, MARKETER)


async def go_on() -> Any:
    async with transaction() as session:
        return await resume_all_sending(session, MARKETER)


async def status_of(campaign: UUID) -> str:
    async with transaction() as session:
        found = await session.execute(text("SELECT status FROM campaigns WHERE id = :id"), {"id": campaign})
        return str(found.scalar_one())


async def test_nothing_leaves_while_it_is_stopped_and_each_once_after(database: str) -> None:
    campaign, ids = await shop(5)
    done = await stop()
    assert [(one.name, one.waiting) for one in done.campaigns] == [(done.campaigns[0].name, 5)]
    assert (done.stopped, done.stopped_by) == (True, "Dana")
    for _ in range(2):
        assert await Dispatcher().pump_once() == 0
    assert (await outbox(), await status_of(campaign)) == (0, "paused")
    with pytest.raises(Conflict, match="by Dana already"):
        await stop()
    assert len((await go_on()).campaigns) == 1
    await Dispatcher().pump_once()
    assert (await outbox(), await statuses(campaign)) == (len(ids), ["sent"] * len(ids))
    with pytest.raises(Conflict, match="not stopped"):
        await go_on()


async def test_what_is_claimed_already_does_not_pass_the_fence(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thrown between a worker's claim and its hand: the last look before leaving sees it. Of a campaign that is over,
    whose failed messages go once more, too: no pause holds those."""
    campaign, ids = await shop(3)
    dispatcher = Dispatcher()
    compose = dispatcher._compose

    async def late(*args: Any) -> Any:
        made = await compose(*args)
        await execute("UPDATE campaigns SET status = 'completed', completed_at = now()")
        await execute("UPDATE sends SET attempt = 2")
        await stop()
        return made

    monkeypatch.setattr(dispatcher, "_compose", late)
    assert await dispatcher.pump_once() == len(ids)
    assert await outbox() == 0
    assert not {"sent", "sending"} & {row.status for row in await sends(campaign)}
    assert await Dispatcher().pump_once() == 0, "nor is it taken up again and again"


async def test_nothing_is_set_going_meanwhile(database: str) -> None:
    campaign, _ = await shop(2)
    async with transaction() as session:
        (person,) = await add_people(session, 1)
        planned = await add_campaign(
            session, ["all"], status="scheduled", start_date=(now() - timedelta(days=1)).date()
        )
    await stop()
    for verb, which in ((resume_campaign, campaign), (start_campaign, planned)):
        with pytest.raises(Conflict, match="stopped by Dana"):
            async with transaction() as session:
                await verb(session, MARKETER, which)
    async with transaction() as session:
        assert await start_due(session, SYSTEM) == 0
    assert await status_of(planned) == "scheduled", "its day has come, and waits"
    async with transaction() as session:
        errand = await request_errand(session, SYSTEM, person, Channel.EMAIL, Kind.AGE)
        assert await prepare_errand(session, SYSTEM, errand.id) is None
        status = await session.execute(text("SELECT status FROM service_messages"))
        assert status.scalar_one() == "waiting", "who asked for it gets it once sending goes on"
        await session.execute(text("DELETE FROM jobs WHERE name = 'send_errand'"))  # its job came and went
    await go_on()
    async with transaction() as session:
        asked = await session.execute(text("SELECT args FROM jobs WHERE name = 'send_errand'"))
        assert [row.args for row in asked] == [{"errand_id": str(errand.id)}]
        assert await prepare_errand(session, SYSTEM, errand.id) is not None


async def test_what_is_approved_and_has_not_begun_is_counted_and_said(database: str) -> None:
    """Of a campaign whose day is to come the banner said "0 campaigns and 0 messages wait" and the toast "Nothing was
    running"; and neither beginning it nor playing its week is a way round the switch."""
    async with transaction() as session:
        await open_shop(session)
        people = await add_people(session, 3)
        planned = await add_ready_campaign(session, people, status="scheduled", started_at=None)
    tab = Tab("/", MARKETER)
    shell = await tab.state(ShellState)
    toast = said(await run(ShellState.stop_sending, shell))
    words = "1 campaign with 3 messages is approved and will wait"
    assert words in toast
    assert words in shell.stopped
    assert "0 campaigns" not in shell.stopped
    async with transaction() as session:
        row = await read_stop(session, MARKETER)
        told = await session.execute(text("SELECT body FROM notifications WHERE title = 'All sending was stopped'"))
    assert (row.campaigns, [(one.id, one.waiting) for one in row.approved]) == ([], [(planned, 3)])
    assert told.scalar_one() == f"By Dana: {words}."
    for verb in (start_campaign, play_week):
        with pytest.raises(Conflict, match="stopped by Dana"):
            async with transaction() as session:
                await verb(session, MARKETER, planned)
    page = await Tab(f"/campaigns/{planned}", MARKETER).state(CampaignState)
    await run(CampaignState.load, page)
    for button in ("start", "play"):
        assert "stopped by Dana" in said(await run(CampaignState.act, page, button))
    assert await status_of(planned) == "scheduled"
    await go_on()
    async with transaction() as session:
        assert not (await read_stop(session, MARKETER)).approved, "nothing waits for a switch that is not thrown"
        await start_campaign(session, MARKETER, planned)
    assert [(one.id, one.waiting) for one in (await stop()).campaigns] == [(planned, 3)], "begun, not yet in the ledger"


async def test_what_did_not_run_before_does_not_run_after(database: str) -> None:
    """Paused by hand before, or cancelled since: resuming all leaves both alone."""
    running, _ = await shop(1)
    async with transaction() as session:
        ids = await add_people(session, 1)
        by_hand = await add_played_campaign(session, ids, clock=None)
        gone = await add_played_campaign(session, ids, clock=None)
        await pause_campaign(session, MARKETER, by_hand)
    done = await stop()
    assert {one.id for one in done.campaigns} == {running, gone}
    await execute("UPDATE campaigns SET status = 'cancelled' WHERE id = :id", id=gone)
    assert [one.id for one in (await go_on()).campaigns] == [running]
    assert [await status_of(one) for one in (running, by_hand, gone)] == ["active", "paused", "cancelled"]


async def test_the_button_works_whatever_somebody_does_to_a_campaign_at_that_moment(database: str) -> None:
    """Paused, or ended, by another while the switch is thrown: the rest stops all the same, and goes on likewise."""
    campaign, _ = await shop(1)
    async with transaction() as session:
        other = await add_played_campaign(session, await add_people(session, 1))
    for change, back, then in (
        (pause_campaign, resume_campaign, "paused"), (cancel_campaign, None, "cancelled"),
    ):  # fmt: skip
        async with transaction() as session:
            await change(session, SYSTEM, other)
            stopping = asyncio.create_task(stop())
            await asyncio.sleep(0.3)
            assert not stopping.done(), "it waits for whoever has the campaign in hand"
        done = await asyncio.wait_for(stopping, 10)
        assert (done.stopped, [one.id for one in done.campaigns]) == (True, [campaign])
        assert (await status_of(campaign), await status_of(other)) == ("paused", then)
        await go_on()
        assert (await status_of(campaign), await status_of(other)) == ("active", then)
        if back:
            async with transaction() as session:
                await back(session, SYSTEM, other)


async def test_the_switch_and_a_resume_at_once_wait_for_each_other(database: str) -> None:
    campaign, _ = await shop(1)

    async def by_hand() -> None:
        with suppress(Conflict):
            async with transaction() as session:
                await resume_campaign(session, MARKETER, campaign)

    for _ in range(4):
        await stop()
        await asyncio.wait_for(asyncio.gather(go_on(), by_hand(), by_hand()), 10)
        assert await status_of(campaign) == "active"


async def test_viewers_read_it_only(database: str) -> None:
    await shop(1)
    for verb in (stop_all_sending, resume_all_sending):
        with pytest.raises(Forbidden):
            async with transaction() as session:
                await verb(session, VIEWER)
    async with transaction() as session:
        assert not (await read_stop(session, VIEWER)).stopped

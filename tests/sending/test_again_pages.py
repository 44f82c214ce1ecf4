"""Once more, on the pages: counted before it is offered, asked about before it happens, told afterwards."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.analytics.daily_rollups import roll_up
from liquor_app.analytics.service import CampaignDay
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.providers.kit.base import Outcome
from liquor_app.screens.campaigns.detail.resend_state import AgainState, day_bars, people_words
from liquor_app.screens.sending.outbox.unknown_state import UnknownState
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.resend import COUNTED, Waiting, Whom, count_waiting, send_again
from tests.sending.test_pump import always, answering, execute, shop, statuses
from tests.tabs import Tab, run, said

MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)


async def test_the_page_offers_what_there_is_and_nothing_else(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, ids = await shop(5)
    tab = Tab(f"/campaigns/{campaign}", MARKETER)
    state = await tab.state(AgainState)
    await run(AgainState.load, state)
    assert (state.failed, state.rest, state.days, state.reasons) == ("", "", [], [])
    await execute("UPDATE customers SET email_consent = 'withdrawn' WHERE id = ANY(:ids)", ids=ids[:2])
    answering(monkeypatch, always(Outcome.REJECTED))
    await Dispatcher().pump_once()
    async with transaction() as session:
        await session.execute(text("UPDATE sends SET sent_at = now() WHERE status = 'failed'"))
        await roll_up(session, (now() - timedelta(days=2)).date())
    await run(AgainState.load, state)
    assert (state.failed, state.rest) == ("3 people", "5 people")
    assert [(bar.name, bar.value) for bar in state.reasons] == [("No consent for the channel", "2")]
    assert [(bar.value, bar.share) for bar in state.days] == [("3", "– delivered")], "nobody told of a delivery"
    await run(AgainState.ask, state, "everybody")
    assert state.asking == ""
    assert await run(AgainState.send, state) is None, "nothing was asked"
    await run(AgainState.ask, state, "failed")
    assert "3 messages in the queue" in said(await run(AgainState.send, state))
    assert (state.failed, state.rest, state.asking) == ("", "2 people", "")
    await run(AgainState.ask, state, "failed")
    assert "Nothing to send again" in said(await run(AgainState.send, state))
    tab.actor = VIEWER
    state = await tab.state(AgainState)
    await run(AgainState.ask, state, "rest")
    assert "role" in said(await run(AgainState.send, state))
    assert (await statuses(campaign)).count("pending") == 3


def test_the_share_delivered_is_told_where_deliveries_are_told_of() -> None:
    told = ((4, 3, 4), (2, 0, 0), (0, 0, 0))
    days = [CampaignDay(date(2026, 10, 1 + nth), *counts) for nth, counts in enumerate(told)]
    assert [bar.share for bar in day_bars(days)] == ["75.0% delivered", "– delivered", ""]


async def test_what_is_counted_is_what_is_sent(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, _ = await shop(4)
    answering(monkeypatch, always(Outcome.REJECTED))
    await Dispatcher().pump_once()
    async with transaction() as session:
        assert await count_waiting(session, VIEWER, campaign) == Waiting(4, 4)
        assert (await send_again(session, SYSTEM, campaign, Whom.FAILED)).added == 4
        assert await count_waiting(session, VIEWER, campaign) == Waiting(0, 0)
        await session.execute(text("UPDATE campaigns SET status = 'cancelled'"))
        assert await count_waiting(session, VIEWER, campaign) == Waiting(0, 0), "it is no longer open"
    assert people_words(COUNTED) == "100,000 or more people"
    lost = await Tab(f"/campaigns/{uuid7()}", VIEWER).state(AgainState)
    await run(AgainState.load, lost)
    assert lost.failed == ""


async def test_unknown_outcomes_are_decided_after_a_question(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, _ = await shop(3)
    answering(monkeypatch, always(Outcome.UNKNOWN))
    await Dispatcher().pump_once()
    await execute("UPDATE sends SET status = 'unknown', lease_until = NULL WHERE campaign_id = :id", id=campaign)
    tab = Tab("/outbox", MARKETER)
    state = await tab.state(UnknownState)
    await run(UnknownState.load, state)
    assert (state.total, state.next_cursor) == (3, "")
    first, second = state.rows[0].id, state.rows[1].id
    assert await run(UnknownState.decide, state) is None, "nothing was asked"
    await run(UnknownState.ask, state, str(uuid7()), "sent")
    assert (state.asking, state.answer) == ("", "")
    await run(UnknownState.ask, state, first, "sent")
    assert state.who == state.rows[0].recipient
    assert "counts as sent" in said(await run(UnknownState.decide, state))
    assert (state.total, state.asking, state.answer) == (2, "", "")
    await run(UnknownState.ask, state, second, "again")
    assert "sent again" in said(await run(UnknownState.decide, state))
    assert await statuses(campaign) == ["failed", "pending", "sent", "unknown"]
    tab.actor = VIEWER
    state = await tab.state(UnknownState)
    await run(UnknownState.ask, state, state.rows[0].id, "sent")
    assert "role" in said(await run(UnknownState.decide, state))
    assert state.total == 1

"""A campaign's page follows what becomes of its A/B test, and of what else stands on it, without being loaded anew."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.service import skip_action
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.experiments.ab_tests.judge_tests import judge_test
from liquor_app.experiments.ab_tests.service import choose_ab_winner, define_ab_test, note_learned, remove_ab_test
from liquor_app.screens.campaigns.detail.page import PAGES
from liquor_app.screens.campaigns.detail.planned_actions_state import ActionsState
from liquor_app.screens.campaigns.detail.state import PANELS, CampaignState, PanelsState
from liquor_app.screens.experiments.ab_test.state import AbTestState
from liquor_app.screens.experiments.ab_test.view import PLAYED_WORDS
from liquor_app.screens.experiments.campaign_effect.effect_state import CampaignEffectState
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.experiments.test_ab_tests import approve, asked, draft
from tests.experiments.test_holdout import campaign_with, started
from tests.planning.test_what_was_looked_at import hearing
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration
MARKETER = Actor(ActorKind.USER, uuid7(), "Dana", Role.MANAGER)
FOLLOW_BY_THEMSELVES = {"CampaignState", "VersionsState", "SimulateState", "OutlookState"}
"""The campaign's own loop and that of its plans; a job of this tab's; what `CampaignState` has read again with a
plan."""


def test_every_panel_of_the_page_follows() -> None:
    """A panel that is loaded with the page is read again with it: a new one is added to `PANELS`, or follows by
    itself."""
    (page,) = PAGES
    names = [str(one.fn.__qualname__) for one in page.on_load]
    loaded = {name.removesuffix(".load") for name in names if name.endswith(".load")}
    assert PanelsState.live in page.on_load
    assert loaded - FOLLOW_BY_THEMSELVES == {kind.__name__ for kind in PANELS}


async def opened(campaign: UUID) -> tuple[PanelsState, AbTestState]:
    tab = Tab(f"/campaigns/{campaign}", MARKETER)
    page, test = await tab.state(CampaignState), await tab.state(AbTestState)
    await run(CampaignState.load, page)
    await run(AbTestState.load, test)
    return await tab.state(PanelsState), test


async def next_hint(heard: asyncio.Queue[dict[str, Any]], panels: PanelsState) -> None:
    """What the page's loop does for a hint."""
    await asyncio.wait_for(heard.get(), 10)
    while not heard.empty():
        heard.get_nowait()
    await panels._refresh()


async def test_the_card_follows_a_start_a_look_and_a_decision(database: str) -> None:
    """It said "Planned" of a test that was under way, and what it then offered was refused."""
    async with transaction() as session:
        campaign, people = await draft(session, 30, started_at=None)
    panels, test = await opened(campaign)
    assert (test.has_test, test.can_change) == (False, True)
    async with hearing(f"campaign:{campaign}") as heard:
        async with transaction() as session:
            await define_ab_test(session, SYSTEM, campaign, asked())
        await next_hint(heard, panels)
        assert (test.has_test, test.status, test.can_change, test.is_open) == (True, "Planned", True, False)
        await run(AbTestState.ask, test, "remove")

        async with transaction() as session:
            await approve(session, campaign)
            await session.execute(text("UPDATE campaigns SET started_at = now()"))
            await launch_campaign(session, SYSTEM, campaign)
        await next_hint(heard, panels)
        assert (test.status, test.can_change, test.is_open) == ("Under way", False, True)
        assert test.asking == "", "whether it is to be removed is no question any more"
        assert [line.people for line in test.lines] == ["0", "0"]

        async with transaction() as session:
            await session.execute(
                text("UPDATE sends SET status = 'sent', provider = 'mailgun', contact_at = now(), sent_at = now()")
            )
            assert not await judge_test(session, campaign)
        await next_hint(heard, panels)
        assert sum(int(line.people) for line in test.lines) == len(people)

        played = await Tab(f"/campaigns/{campaign}", MARKETER).state(AbTestState)
        async with transaction() as session:
            await session.execute(text("UPDATE campaigns SET virtual_now = now()"))
        await run(AbTestState.load, played)
        assert played.words == PLAYED_WORDS
        told = {(one.people, one.value, one.beside, one.final, one.detail, one.mark) for one in played.lines}
        assert told == {("–", "–", "–", "–", "", "")}, "a played week is in no figure"
        async with transaction() as session:
            await session.execute(text("UPDATE campaigns SET virtual_now = NULL"))

        await run(AbTestState.ask, test, "B")
        async with transaction() as session:
            await choose_ab_winner(session, MARKETER, campaign, "B")
        await next_hint(heard, panels)
        assert (test.status, test.is_open, test.asking) == ("Decided", False, "")
        assert [line.mark for line in test.lines] == ["", "Won"]

        async with transaction() as session:
            await note_learned(session, MARKETER, campaign, "A date hurries.")
        await next_hint(heard, panels)
        assert test.learned == "A date hurries."


async def test_what_is_typed_stays(database: str) -> None:
    """Another's hint takes nothing away from under one's hands; what is stored is read once the form is shut."""
    async with transaction() as session:
        campaign, _ = await draft(session, 4)
        await define_ab_test(session, SYSTEM, campaign, asked(name="Old"))
        other, _ = await draft(session, 4)
    panels, test = await opened(campaign)
    await run(AbTestState.ask, test, "form")
    await run(AbTestState.touch, test)
    async with transaction() as session:
        await define_ab_test(session, SYSTEM, campaign, asked(name="New"))
    await panels._refresh()
    assert (test.asking, test.name, test.form_values["name"]) == ("form", "Old", "Old")
    await run(AbTestState.load, test)  # a socket that came back
    assert (test.asking, test.name, test.dirty) == ("form", "Old", True)
    await run(AbTestState.drop, test)
    await panels._refresh()
    assert (test.asking, test.name, test.form_values["name"]) == ("", "New", "New")
    async with transaction() as session:
        await remove_ab_test(session, SYSTEM, campaign)
    await panels._refresh()
    assert (test.has_test, test.name, test.form_values, test.lines) == (False, "", {}, [])
    await run(AbTestState.ask, test, "form")
    await run(AbTestState.touch, test)
    tab = Tab(f"/campaigns/{other}", MARKETER)
    test.router = tab.root.router
    await run(AbTestState.load, test)
    assert test.asking == "", "what was typed of one campaign is not sent for another"


async def test_siblings_follow_too(database: str) -> None:
    """What it changed, what it brought, its codes, its messages and what came back stood as they were when the page was
    opened."""
    async with transaction() as session:
        campaign = await campaign_with(session, 30, 20, explore=0)
    tab = Tab(f"/campaigns/{campaign}", MARKETER)
    for kind in (CampaignState, *PANELS):
        await run(kind.load, await tab.state(kind))
    panels, actions, effect = await tab.state(PanelsState), await tab.state(ActionsState), await tab.state(
        CampaignEffectState
    )  # fmt: skip
    page = await tab.state(CampaignState)
    assert effect.lines == []
    assert "sent" not in {line.status for line in actions.rows}
    waiting = next(line.id for line in actions.rows if line.status == "pending")
    async with transaction() as session:
        await skip_action(session, SYSTEM, UUID(waiting))
        await started(session, campaign, 9)
        await session.execute(
            text("UPDATE sends SET provider = 'mailgun', sent_at = now() - interval '8 days',"
                 " converted_at = now() - interval '7 days', conversion_value = 20"
                 " WHERE campaign_id = :id"),
            {"id": campaign},
        )  # fmt: skip
        await session.execute(
            text("INSERT INTO purchases (id, customer_id, occurred_at, total, alcohol_total)"
                 " SELECT gen_random_uuid(), customer_id, now() - interval '1 day', -5, -5 FROM sends"
                 " WHERE campaign_id = :id AND customer_id IS NOT NULL LIMIT 1"),
            {"id": campaign},
        )  # fmt: skip
    await panels._refresh()
    assert waiting not in {line.id for line in actions.rows}
    assert {line.status for line in actions.rows} <= {"sent", "held_out"}
    assert "sent" in {line.status for line in actions.rows}
    assert len(effect.lines) == 3
    assert page.returned == "$5.00"


async def test_a_deleted_campaign_ends_in_no_error(database: str) -> None:
    async with transaction() as session:
        campaign, _ = await draft(session, 4)
    panels, _ = await opened(campaign)
    async with transaction() as session:
        await session.execute(text("DELETE FROM actions WHERE campaign_id = :id"), {"id": campaign})
        await session.execute(text("DELETE FROM campaigns WHERE id = :id"), {"id": campaign})
    await panels._refresh()
    stranger = await Tab(f"/campaigns/{campaign}", None).state(AbTestState)
    assert "/login" in said(await run(AbTestState.load, stranger))

"""The plan's page, the builder and the guidance page, as tabs without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

import liquor_app
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.campaigns.lifecycle import send_back
from liquor_app.campaigns.models import CAMPAIGN, CampaignStatus
from liquor_app.campaigns.service import get_campaign
from liquor_app.commands.planning import _show_simulation
from liquor_app.core import config, queue
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.organization.guidance import load_guidance
from liquor_app.planning import simulation_job
from liquor_app.planning.approval.approve_campaign import submit_plan
from liquor_app.planning.draft_job import draft_plans
from liquor_app.planning.plan_store import get_plan
from liquor_app.planning.plan_summary import NO_MESSAGES, UPLIFT_NOTE, uplift_basis
from liquor_app.scoring.estimators.uplift import PRIOR_MEAN
from liquor_app.screens.campaigns.builder.page import builder_page
from liquor_app.screens.campaigns.builder.state import BuilderState
from liquor_app.screens.campaigns.detail.edit_state import EditState
from liquor_app.screens.campaigns.detail.edits_state import EditsState
from liquor_app.screens.campaigns.detail.page import campaign_page
from liquor_app.screens.campaigns.detail.planned_actions_state import ActionsState
from liquor_app.screens.campaigns.detail.simulate_state import SimulateState
from liquor_app.screens.campaigns.detail.state import VERBS, CampaignState
from liquor_app.screens.campaigns.detail.versions_state import VersionsState
from liquor_app.screens.campaigns.detail.view import plan_view
from liquor_app.screens.campaigns.words import waiting_words
from liquor_app.screens.organization.guidance.page import guidance_page
from liquor_app.screens.organization.guidance.state import GuidanceState
from liquor_app.screens.organization.guidance.versions_state import GuidanceVersionsState
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.ui.words import figure, plural
from tests.people import add_campaign, add_customer, believe, ensure_shop
from tests.planning.chat_server import answering, chat_server
from tests.tabs import Tab, run, said
from worker.settings import TASKS

MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)


@pytest.fixture
async def campaign(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[UUID]:
    """A campaign with two plans on the table."""
    async with chat_server() as server:
        monkeypatch.setenv("LIQUOR_OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("LIQUOR_OPENAI_API_KEY", "test-key")
        config.get_settings.cache_clear()
        server.say(answering())
        async with transaction() as session:
            await ensure_shop(session)
            for index in range(12):
                await add_customer(session, name=f"Person {index}", value_at_risk=20 + index)
            await believe(session)
            await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
            await refresh_segments(session, SYSTEM)
            made = await add_campaign(session, ["all"], engine="llm")

        async def quiet(done: int, total: int, words: str) -> None:
            """Nobody watches."""

        drafted = await draft_plans(made, quiet)
        assert drafted.plan.engine.value == "llm"
        yield made


async def test_two_plans_are_compared_explained_and_chosen(campaign: UUID) -> None:
    tab = Tab(f"/campaigns/{campaign}", MARKETER)
    state = await tab.state(VersionsState)
    await run(VersionsState.load, state)
    assert [name for _, name in state.options] == ["Plan 2 (AI planner), current", "Plan 1 (Optimiser)"]
    assert [line.label for line in state.side.figures][
        -1
    ] == "Expected incremental profit (uplift assumed, not measured)"
    assert state.side.figures[-1].left_range
    assert "A quiet return" in [line.title for line in state.why.reasoning]
    assert "gpt-4.1-mini: used" in state.why.made
    await run(VersionsState.show, state, state.options[1][0])
    assert state.why.version == "Plan 1"
    await run(VersionsState.choose, state)
    assert [name for _, name in state.options][1] == "Plan 1 (Optimiser), current"
    viewer = Tab(f"/campaigns/{campaign}", VIEWER)
    seen = await viewer.state(VersionsState)
    await run(VersionsState.load, seen)
    assert "role" in said(await run(VersionsState.choose, seen))
    nobody = await Tab(f"/campaigns/{campaign}", None).state(VersionsState)
    assert "/login" in said(await run(VersionsState.load, nobody))
    assert nobody.options == []


async def test_a_plan_is_changed_from_its_page(campaign: UUID) -> None:
    tab = Tab(f"/campaigns/{campaign}", MARKETER)
    actions, state = await tab.state(ActionsState), await tab.state(EditState)
    await run(ActionsState.load, actions)
    first = actions.rows[0]
    await run(EditState.ask, state, "copy", first.id)
    assert state.values["message"]
    await run(EditState.save, state, {"message": "Free beer! {{ offer.text }}"})
    assert "promises" in state.error
    await run(EditState.save, state, {"message": "Kept for you: {{ offer.text }}."})
    assert (state.error, state.asking) == ("", "")
    await run(EditState.ask, state, "move", first.id)
    await run(EditState.save, state, {"day": "soon"})
    assert state.error == "Choose a day."
    await run(EditState.save, state, {"day": state.days[-1][0]})
    await run(EditState.ask, state, "offer", first.id)
    await run(EditState.save, state, {"offer": "None such"})
    assert "none of" in state.error
    await run(EditState.ask_bulk, state)
    assert "Person" not in state.who, "the question is not about whoever was asked about before"
    await run(EditState.save, state, {"segment": "all", "day": "", "channel": ""})
    await run(ActionsState.refresh, actions)
    assert actions.rows == []
    for _ in range(3):
        await run(EditState.undo, state)
    await run(ActionsState.refresh, actions)
    assert actions.rows[0].message == first.message
    versions, changes = await tab.state(VersionsState), await tab.state(EditsState)
    await run(VersionsState.load, versions)
    assert [(line.kind, line.undone) for line in changes.rows] == [
        ("Taken out", True), ("Moved", True), ("Words changed", True),
    ]  # fmt: skip
    assert int(changes.rows[0].messages) > 1, "what was taken out together is one change"
    await run(EditsState.choose, changes, "kind", "move")
    assert [line.kind for line in changes.rows] == ["Moved"]
    assert f"plan={versions.shown}" in changes.exported
    assert "kind=move" in changes.exported
    assert "Simulated" in said(await run(SimulateState.simulate, await tab.state(SimulateState)))
    head = await tab.state(CampaignState)
    await run(CampaignState.load, head)
    assert head.plan.foreseen
    assert "Simulated" not in said(
        await run(SimulateState.simulate, await Tab(f"/campaigns/{campaign}", VIEWER).state(SimulateState))
    )
    for component in (campaign_page(), builder_page(), guidance_page()):
        assert component.render()


async def test_a_large_plan_is_simulated_by_a_job_that_can_be_stopped(
    campaign: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation_job, "AT_ONCE", 0)
    tab = Tab(f"/campaigns/{campaign}", MARKETER)
    state = await tab.state(SimulateState)
    assert "watch" in said(await run(SimulateState.simulate, state))
    assert (state.running, state.words) == (True, "Waiting for the worker")
    later = await Tab(f"/campaigns/{campaign}", VIEWER).state(SimulateState)
    assert "watch" in said(await run(SimulateState.load, later)), "another tab takes it up"
    assert later._job == state._job
    await run(SimulateState.cancel, later)
    assert not later.stopping, "a viewer stops nothing"
    await run(SimulateState.cancel, state)
    assert state.stopping
    assert "stopped" in said(await run(SimulateState.watch, state))
    assert not state.running
    await run(SimulateState.simulate, state)
    assert await queue.run(UUID(state._job), TASKS) is JobStatus.SUCCEEDED
    assert "Simulated" in said(await run(SimulateState.watch, state))
    assert await run(SimulateState.load, state) is None


async def test_the_builder_keeps_a_draft_and_finds_it_again(campaign: UUID) -> None:
    tab = Tab("/campaigns/new", MARKETER)
    state = await tab.state(BuilderState)
    await run(BuilderState.load, state)
    await run(BuilderState.toggle, state, "all")
    assert state.saved == "", "a draft needs a name"
    event = await run(BuilderState.keep, state, "name", "Weekend")
    assert state.saved == "Draft saved"
    assert "draft=" in said(event)
    await run(BuilderState.choose_engine, state, "llm")
    await run(BuilderState.keep, state, "llm_prompt", "Wine lovers")
    await run(BuilderState.keep, state, "holdout_pct", "80")
    await run(BuilderState.keep, state, "status", "active")
    assert "Not saved yet" in state.saved
    async with transaction() as session:
        rows = await session.execute(text("SELECT id, name, engine, llm_prompt FROM campaigns WHERE name = 'Weekend'"))
        draft = rows.one()
    assert (draft.engine, draft.llm_prompt) == ("llm", "Wine lovers")
    tab.go(f"/campaigns/new?draft={draft.id}")
    await run(BuilderState.load, state)
    assert (state.fields["name"], state.chosen, state.engine) == ("Weekend", ["all"], "llm")
    await run(BuilderState.choose_type, state, "triggered")
    assert state.engine == "heuristic", "there is no week for the AI planner to share out"
    await run(BuilderState.keep, state, "trigger_kind", "event")
    await run(BuilderState.generate, state, {"name": "Weekend", "trigger_event": "cart left!"})
    assert "trigger.event" in state.errors
    assert "/campaigns/" in said(await run(BuilderState.generate, state, {"trigger_event": "cart_left"}))
    async with transaction() as session:
        kept = await session.execute(text("SELECT type, trigger FROM campaigns WHERE id = :id"), {"id": draft.id})
        row = kept.one()
    assert (row.type, row.trigger["event"]) == ("triggered", "cart_left")


async def test_the_guidance_page_saves_versions_and_stops_autopilot(database: str) -> None:
    state = await Tab("/settings/guidance", ADMIN).state(GuidanceState)
    await run(GuidanceState.load, state)
    await run(GuidanceState.save, state, {**state.values, "max_discount_pct": "a lot"})
    assert "max_discount_pct" in state.errors
    await run(
        GuidanceState.save, state, {**state.values, "max_discount_pct": "12", "banned_other": "cheap\n\nbargain*"}
    )
    assert (state.version, state.errors) == (1, {})
    async with transaction() as session:
        row = await load_guidance(session)
    assert (str(row.guidance.max_discount_pct), row.guidance.banned_other) == ("12", ("cheap", "bargain*"))
    versions = await Tab("/settings/guidance", ADMIN).state(GuidanceVersionsState)
    await run(GuidanceVersionsState.load, versions)
    assert versions.rows[0].what == "banned other, max discount pct"
    await run(GuidanceState.stop, state)
    assert (state.stopped, "Ada" in state.stopped_words) == (True, True)
    marketer = await Tab("/settings/guidance", MARKETER).state(GuidanceState)
    await run(GuidanceState.load, marketer)
    await run(GuidanceState.release, marketer)
    assert "role" in said(await run(GuidanceState.save, marketer, {**marketer.values, "tone": "Loud"}))
    await run(GuidanceState.release, state)
    assert not state.stopped
    viewer = await Tab("/settings/guidance", VIEWER).state(GuidanceState)
    assert "role" in said(await run(GuidanceState.load, viewer))
    assert viewer.values == {}
    async with transaction() as session:
        logged = await session.execute(text("SELECT changes FROM audit_log WHERE action = 'autopilot.stopped'"))
        assert json.loads(json.dumps(logged.scalar_one())) == {"campaigns": 0, "stopped": [False, True]}


async def _row(campaign: UUID) -> Any:
    async with transaction() as session:
        return (await session.execute(text("SELECT * FROM campaigns WHERE id = :id"), {"id": campaign})).one()


async def test_a_plan_is_sent_back_only_once_that_is_asked(campaign: UUID) -> None:
    """One click beside "Start now" took an approval back."""
    async with transaction() as session:
        await submit_plan(session, SYSTEM, campaign)
    state = await Tab(f"/campaigns/{campaign}", MARKETER).state(CampaignState)
    await run(CampaignState.load, state)
    await run(CampaignState.act, state, "send_back")
    await run(CampaignState.ask, state, "send_back")
    await run(CampaignState.ask, state, "")
    await run(CampaignState.act, state, "send_back")
    assert (await _row(campaign)).status == "awaiting_approval", "unasked, and thought better of"
    await run(CampaignState.ask, state, "send_back")
    assert "Back to draft" in said(await run(CampaignState.act, state, "send_back"))
    assert ((await _row(campaign)).status, state.asking) == ("draft", "")


async def test_nothing_asked_is_kept_as_nothing(campaign: UUID) -> None:
    """The question's field is not on the page while the optimiser plans, and comes as None: You asked: "None"."""
    state = await Tab("/campaigns/new", MARKETER).state(BuilderState)
    await run(BuilderState.load, state)
    await run(BuilderState.toggle, state, "all")
    form = {**dict.fromkeys(("llm_prompt", "trigger_event", "description")), "name": "Weekend", "holdout_pct": "10"}
    assert "/campaigns/" in said(await run(BuilderState.generate, state, form))
    await run(BuilderState.keep, state, "llm_prompt", None)
    row = await _row(UUID(state._draft))
    assert (row.llm_prompt, row.description) == (None, None)


async def test_a_sent_back_plan_is_opened_and_changed_again(campaign: UUID) -> None:
    """The page of a draft leads to the builder; looking alone keeps the plan, changing takes it away."""
    async with transaction() as session:
        await submit_plan(session, SYSTEM, campaign)
        await send_back(session, SYSTEM, campaign)
    before = await _row(campaign)
    assert (before.status, before.plan_id is not None) == ("draft", True)
    assert "/campaigns/new?draft=" in str(campaign_page().render())
    tab = Tab(f"/campaigns/new?draft={campaign}", MARKETER)
    state = await tab.state(BuilderState)
    await run(BuilderState.load, state)
    assert state.fields["name"] == before.name
    await run(BuilderState.keep, state, "name", before.name)
    assert state.saved == "Draft saved"
    assert (await _row(campaign)).plan_id == before.plan_id, "nothing was changed"
    await run(BuilderState.keep, state, "holdout_pct", "25")
    after = await _row(campaign)
    assert (after.holdout_pct, after.plan_id) == (25, None)
    assert "/campaigns/" in said(await run(BuilderState.generate, state, {"name": "Changed"}))
    assert (await _row(campaign)).name == "Changed"


LEADS_TO = {
    "submit": CampaignStatus.AWAITING_APPROVAL, "approve": CampaignStatus.SCHEDULED, "send_back": CampaignStatus.DRAFT,
    "start": CampaignStatus.ACTIVE, "play": CampaignStatus.ACTIVE, "pause": CampaignStatus.PAUSED,
    "resume": CampaignStatus.ACTIVE, "cancel": CampaignStatus.CANCELLED,
}  # fmt: skip
"""What a button of the page makes of a campaign; "plan" leaves it where it is, before it was approved."""


def test_the_page_offers_what_a_campaign_may_become() -> None:
    def arms(node: Any) -> Iterator[tuple[str, str]]:
        if isinstance(node, dict):
            for (status,), drawn in node.get("match_cases", ()):
                yield status.strip('"'), str(drawn)
        for inner in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
            yield from arms(inner)

    offered = {
        CampaignStatus(status): re.findall(r'campaign_state\.(?:act|approve)"[^)]*?\["verb"\] : "(\w+)"', drawn)
        for status, drawn in arms(campaign_page().render())
        if status in [*CampaignStatus] and "campaign_state.act" in drawn
    }
    assert set(offered) == {one for one in CampaignStatus if one in CAMPAIGN.table}, "whoever is not over, has a way on"
    # those behind a dialogue or a card of their own
    behind = {"cancel", "send_back", "approve_warned", "approve_anyway", "explore"}
    asked = {verb for verb in behind if f'"{verb}"' in str(campaign_page().render())}
    assert asked == behind
    assert {verb for verbs in offered.values() for verb in verbs} | asked == set(VERBS)
    for status, verbs in offered.items():
        assert verbs, status
        for verb in verbs:
            assert verb == "plan" or CAMPAIGN.allows(status, LEADS_TO[verb]), (status, verb)
        assert CAMPAIGN.allows(status, LEADS_TO["cancel"]), status


def test_no_form_makes_a_word_of_nothing() -> None:
    """Every state reads forms by `typed`: `str(form…)` writes "None" for a field that is not on the page."""
    wrong = re.compile(r"str\(form(?:\.get\(|\[)")
    folder = Path(liquor_app.__file__).parent
    files = [*folder.glob("screens/**/*state.py")]
    assert len(files) > 40
    assert [file.name for file in files if wrong.search(file.read_text())] == []


async def test_the_forecast_says_that_its_uplift_is_assumed(campaign: UUID, capsys: pytest.CaptureFixture[str]) -> None:
    """On the page and at the command line, until it was learned."""
    state = await Tab(f"/campaigns/{campaign}", MARKETER).state(CampaignState)
    await run(CampaignState.load, state)
    assert state.plan.uplift.startswith("No such message so far, too few to say what they change")
    assert uplift_basis(0, 0)["note"] == UPLIFT_NOTE
    assert UPLIFT_NOTE.endswith("1.0 more buyers in a hundred, give or take 2.8 four times in five."), (
        "1.28 · 2.2 points"
    )
    assert uplift_basis(0, 3, messages=0)["note"] == NO_MESSAGES, "said that nobody got any, of 819 who did"
    assert uplift_basis(1, 3)["basis"] == uplift_basis(99, 3)["basis"] == "assumed"
    assert uplift_basis(1, 3)["note"].startswith("1 such message so far, too few")
    assert "assumed" in state.plan.sentence
    async with transaction() as session:
        plan = await get_plan(session, SYSTEM, UUID(state.plan.id))
        row = await get_campaign(session, SYSTEM, campaign)
    assert "how much a message adds is assumed, not measured" in waiting_words(row)
    assert "left out, each for one reason" in waiting_words(row)
    learned = {**plan.summary["simulation"], "uplift": uplift_basis(1200, 3)}
    after = plan_view(replace(plan, summary={**plan.summary, "simulation": learned}))
    assert after.basis == "uplift learned from 1,200 messages"
    assert after.sentence.endswith("80% interval; uplift learned from 1,200 messages")
    assert "learned from 1,200 such messages" in after.uplift
    _show_simulation(plan.id, plan.summary, "Simulated")
    assert "uplift assumed" in " ".join(capsys.readouterr().out.split())


async def test_each_kind_of_message_says_what_its_uplift_rests_on(campaign: UUID) -> None:
    """The page's lines are the plan's actions counted, and those learned from people say from how many."""
    state = await Tab(f"/campaigns/{campaign}", MARKETER).state(CampaignState)
    await run(CampaignState.load, state)
    async with transaction() as session:
        plan = await get_plan(session, SYSTEM, UUID(state.plan.id))
        found = await session.execute(
            text(
                "SELECT count(*), avg(100 * CAST(offer_terms ->> 'uplift' AS double precision)) FROM actions"
                " WHERE campaign_id = :id AND status = 'pending' GROUP BY segment_slug, offer_terms ->> 'name', channel"
            ),
            {"id": campaign},
        )
    shown = sorted((line.messages, line.believed) for line in state.plan.beliefs)
    assert shown == sorted((figure(row[0]), figure(row[1], 1, sign=True)) for row in found)
    assert {(line.basis, line.is_learned) for line in state.plan.beliefs} == {("Learned from other messages", False)}
    total = plan.summary["totals"]["sends"]
    assert state.plan.beliefs_words == f"{total} of {plural(total, 'message')} of kinds not learned of yet"
    few = [{**cell, "learned_from": 1} for cell in plan.summary["cells"]]
    assert {line.basis for line in plan_view(replace(plan, summary={**plan.summary, "cells": few})).beliefs} == {
        "Learned from other messages, 1 message of its own so far"
    }
    as_assumed = [{**cell, "uplift": PRIOR_MEAN} for cell in plan.summary["cells"]]
    assert {line.basis for line in plan_view(replace(plan, summary={**plan.summary, "cells": as_assumed})).beliefs} == {
        "Assumed"
    }
    cells = [{**cell, "learned_from": 1200 if cell["channel"] == "email" else 0} for cell in plan.summary["cells"]]
    after = plan_view(replace(plan, summary={**plan.summary, "cells": cells}))
    for line in state.plan.beliefs:  # this shop knows to a hundredth of a point
        low, high = (float(end) for end in line.within.split(" to "))
        assert low == pytest.approx(float(line.believed), abs=0.1)
        assert high == pytest.approx(low, abs=0.1)
    assert {line.basis for line in after.beliefs if line.channel == "E-mail"} == {"Learned from 1,200 messages"}
    assert after.beliefs_words != state.plan.beliefs_words
    # a spread of two points: 80 % lie within 2 · 1.2816 of the mean
    cells = [{**cell, "uplift": 0.01, "uplift_sd": 0.02} for cell in plan.summary["cells"]]
    assert {line.within for line in plan_view(replace(plan, summary={**plan.summary, "cells": cells})).beliefs} == {
        "−1.6 to +3.6"
    }
    for cell in cells:
        del cell["uplift_sd"]
    assert {line.within for line in plan_view(replace(plan, summary={**plan.summary, "cells": cells})).beliefs} == {""}

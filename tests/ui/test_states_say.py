"""What states make of rows and choices: who is signed in, which question stands, what a figure is a share of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args, get_origin

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.campaigns.lists import list_campaigns
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.compliance.rule_pack import PACK
from liquor_app.compliance.service import RuleRow
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.organization.settings import SettingsModel
from liquor_app.screens.campaigns.builder.state import BuilderState
from liquor_app.screens.campaigns.list.state import line_of
from liquor_app.screens.campaigns.words import progress_words
from liquor_app.screens.compliance.law.state import rule_line
from liquor_app.screens.organization.guidance.state import GuidanceState
from liquor_app.screens.organization.settings.state import CHOICES, DOCUMENTS, SettingsState
from liquor_app.screens.segments.discover.state import overlap_rows
from liquor_app.screens.session.state import SessionState
from liquor_app.segments.discovery import Overlap, OverlapRow
from liquor_app.ui.words import show_full_day
from tests.factories import open_shop
from tests.people import add_campaign
from tests.tabs import Tab, run, said

ADMIN = Actor(ActorKind.USER, None, "Ada King Lovelace", Role.ADMIN)


async def test_the_shell_knows_who_is_there() -> None:
    session = await Tab("/", ADMIN).state(SessionState)
    assert await run(SessionState.require_sign_in, session) is None
    assert (session.name, session.role, session.initials) == ("Ada King Lovelace", "admin", "AK")
    nobody = await Tab("/customers", None).state(SessionState)
    assert "/login" in said(await run(SessionState.require_sign_in, nobody))
    assert nobody.name == ""


@pytest.mark.parametrize(("asked", "stands"), [("stop", "stop"), ("release", "release"), ("delete", ""), ("", "")])
async def test_only_questions_there_are_are_asked(asked: str, stands: str) -> None:
    state = await Tab("/settings/guidance", ADMIN).state(GuidanceState)
    await run(GuidanceState.ask, state, asked)
    assert state.asking == stands


def test_a_rule_whose_end_is_known_says_so() -> None:
    rule = PACK[0]
    row = RuleRow(
        uuid7(), rule.jurisdiction, rule.kind.value, rule.channel, dict(rule.value), rule.citation, rule.valid_from,
        None, True,
    )  # fmt: skip
    today = date(2026, 11, 28)
    assert (rule_line(row, today).limited, rule_line(row, today).ended) == (False, False)
    for last, ended in ((date(2026, 11, 29), False), (today, True)):
        line = rule_line(replace(row, valid_to=last), today)
        assert (line.limited, line.ended, line.until) == (True, ended, show_full_day(last))


def test_an_overlap_is_a_share_of_the_rows_people() -> None:
    rows = [OverlapRow("a", "a", 200), OverlapRow("b", "b", 50), OverlapRow("a", "b", 50)]
    head, table = overlap_rows(Overlap(rows, True), {"a": "All", "b": "Beer", "none": "Nobody"})
    assert head == ["Of those in", "Customers", "All", "Beer"]
    assert table == [["All", "200", "", "25"], ["Beer", "50", "100", ""]]


@pytest.mark.integration
async def test_messages_are_told_with_what_they_are_of(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
        await add_campaign(session, ["all"], total_sends=3, completed_sends=3, conversions=1)
        (row,) = (await list_campaigns(session, SYSTEM, ListQuery())).items
    line = line_of(row)
    assert (line.sends, line.bought, line.rate) == ("3", "1", "33.3%")
    assert line_of(replace(row, completed_sends=2)).sends == "2 of 3"
    assert line_of(replace(row, completed_sends=0)).rate == "–", "nothing was measured"
    assert line.revenue == "$0.00", "one order that came to nothing is measured"
    done = replace(row, status=CampaignStatus.COMPLETED)
    now = datetime(2026, 11, 30, tzinfo=UTC)
    assert progress_words(done, now) == "Done, 1 attributed order", "whether others bought is not said here"


@pytest.mark.integration
async def test_what_was_typed_is_not_dropped_by_another_tab_of_the_settings(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
    state = await Tab("/settings", ADMIN).state(SettingsState)
    await run(SettingsState.load, state)
    await run(SettingsState.touch, state)
    assert "Not saved yet" in said(await run(SettingsState.choose, state, "planning"))
    assert state.tab == "general"
    state.dirty = False
    assert await run(SettingsState.choose, state, "planning") is None
    assert state.tab == "planning"
    assert any(line.name == "margin_pct" for line in state.lines)


@pytest.mark.parametrize("model", DOCUMENTS.values(), ids=lambda model: model.key)
def test_a_setting_that_is_not_free_is_chosen_from_words(model: type[SettingsModel]) -> None:
    for name, field in model.model_fields.items():
        if get_origin(field.annotation) is Literal:
            assert set(CHOICES[name]) == set(get_args(field.annotation)), name


@pytest.mark.integration
async def test_guidance_saved_as_it_was_is_no_new_version(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
    state = await Tab("/settings/guidance", ADMIN).state(GuidanceState)
    await run(GuidanceState.load, state)
    form: dict[str, Any] = {**state.values, "max_discount_pct": "20"}
    assert "is in force" in said(await run(GuidanceState.save, state, form))
    assert "Nothing changed" in said(await run(GuidanceState.save, state, form))


@pytest.mark.integration
async def test_a_draft_keeps_so_many_letters(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
    state = await Tab("/campaigns/new", ADMIN).state(BuilderState)
    await run(BuilderState.load, state)
    await run(BuilderState.keep, state, "llm_prompt", "x" * 5_000)
    assert len(state.fields["llm_prompt"]) == 4_000
    await run(BuilderState.keep, state, "no such field", "x")
    assert "no such field" not in state.fields

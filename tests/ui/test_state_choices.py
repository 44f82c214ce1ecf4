"""What a page does with what it is told to show: the choices there are, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import reflex as rx
from reflex_base.event import Event

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.liquor_app import PAGES
from liquor_app.screens.analytics.dashboard.state import DashboardState
from liquor_app.screens.campaigns.builder.state import trigger_of
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.organization.settings.state import SettingsState
from liquor_app.screens.segments.discover.state import overlap_rows
from liquor_app.screens.segments.edit.state import EditSegmentState
from liquor_app.screens.session.state import EntryState, SessionGuard, SessionState, next_of
from liquor_app.screens.shell.places import know_places
from liquor_app.screens.shell.state import ShellState
from liquor_app.screens.templates.editor.state import EditorState
from liquor_app.segments.discovery import Overlap, OverlapRow
from liquor_app.segments.service import create_segment
from tests.people import add_campaign, add_customer, add_user, ensure_shop
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration


@pytest.fixture
async def admin(database: str) -> Any:
    async with transaction() as session:
        await ensure_shop(session)
    return await add_user(Role.ADMIN)


async def test_a_period_a_tab_and_a_view_are_of_those_there_are(admin: Any) -> None:
    tab = Tab("/", admin)
    board = await tab.state(DashboardState)
    for asked, shown in (("7", "7"), ("365", "30"), (["7"], "30")):
        await run(DashboardState.choose_period, board, asked)
        assert board.period == shown
    settings = await tab.state(SettingsState)
    await run(SettingsState.choose, settings, "compliance")
    assert settings.tab == "compliance"
    await run(SettingsState.choose, settings, "no such")
    assert settings.tab == "general"
    assert [line.channel for line in settings.channels if line.provider == "sandbox"] == ["E-mail", "SMS"]
    editor = await tab.state(EditorState)
    for asked, shown in (("phone", "phone"), ("text", "text"), ("wall", "desktop")):
        await run(EditorState.show_view, editor, asked)
        assert editor.view == shown


async def test_a_campaigns_page_knows_its_verbs_and_no_others(admin: Any) -> None:
    async with transaction() as session:
        campaign = await add_campaign(session, ["all"], status="active")
    state = await Tab(f"/campaigns/{campaign}", admin).state(CampaignState)
    await run(CampaignState.load, state)
    assert await run(CampaignState.act, state, "explode") is None
    assert state.head.status == "active"
    assert "Paused" in said(await run(CampaignState.act, state, "pause"))
    assert state.head.status == "paused"


async def test_the_search_shows_five_people(admin: Any) -> None:
    async with transaction() as session:
        for number in range(7):
            await add_customer(session, name=f"Quentin {number}")
    state = await Tab("/", admin).state(ShellState)
    await run(ShellState.search, state, "Quentin")
    assert len([hit for hit in state.hits if hit.kind == "customer"]) == 5
    await run(ShellState.search, state, "Q")
    assert state.hits == []


async def test_every_page_is_found_by_its_name(admin: Any) -> None:
    """Allocations could be reached from the catalogue alone; now whatever has an address is found in the palette."""
    know_places(PAGES)
    state = await Tab("/", admin).state(ShellState)
    for page in PAGES:
        if "[" in page.route or page.bare:
            continue
        await run(ShellState.search, state, page.title)
        assert (page.title, page.route) in [(hit.title, hit.href) for hit in state.hits if hit.kind == "page"]
    await run(ShellState.search, state, "alloc")
    assert [(hit.heading, hit.href) for hit in state.hits] == [("Pages", "/allocations")]
    viewer = await Tab("/", await add_user(Role.USER)).state(ShellState)
    await run(ShellState.search, viewer, "audit")
    assert viewer.hits == []


async def test_a_segment_may_ask_for_every_other_one(admin: Any) -> None:
    async with transaction() as session:
        for name in ("One", "Two"):
            await create_segment(session, SYSTEM, {"name": name, "rules": {"all": []}})
    state = await Tab("/segments/one", admin).state(EditSegmentState)
    await run(EditSegmentState.load, state)
    assert ("two", "Two") in state.others
    assert ("one", "One") not in state.others, "none asks for itself"
    new = await Tab("/segments/new", admin).state(EditSegmentState)
    await run(EditSegmentState.load_new, new)
    assert {("one", "One"), ("two", "Two")} <= set(new.others)


def test_how_segments_overlap_in_percent_of_the_row() -> None:
    found = Overlap([OverlapRow("a", "a", 20), OverlapRow("a", "b", 5), OverlapRow("b", "b", 10)], True)
    head, rows = overlap_rows(found, {"a": "A", "b": "B", "c": "C"})
    assert head == ["Of those in", "Customers", "A", "B"]
    assert rows == [["A", "20", "", "25"], ["B", "10", "50", ""]]


def test_a_trigger_asks_for_what_its_kind_needs() -> None:
    told = {"trigger_event": " birthday ", "trigger_segment": " vip ", "trigger_days": " 3 "}
    assert trigger_of({**told, "trigger_kind": "event"}) == {"kind": "event", "event": "birthday"}
    assert trigger_of({**told, "trigger_kind": "segment_entered"}) == {"kind": "segment_entered", "segment": "vip"}
    assert trigger_of(told) == {"kind": "after_first_purchase", "days": 3}
    with pytest.raises(Invalid, match="whole number"):
        trigger_of({"trigger_days": "soon"})


async def test_the_way_on_after_signing_in_is_ours(admin: Any) -> None:
    for asked, target in (
        ("/customers?search=Ann", "/customers?search=Ann"), ("//evil.example", "/"), ("https://evil.example", "/"),
        ("/\\\\evil.example", "/%5C%5Cevil.example"), ("/" + "x" * 600, "/" + "x" * 499),
    ):  # fmt: skip
        tab = Tab("/login", None)
        tab.go(f"/login?next={asked.replace('?', '%3F').replace('=', '%3D')}")
        assert next_of(tab.root) == target
    # `load` comes after the fields are there: who was faster went where the tab had once been asked to go
    entry = await tab.state(EntryState)
    await run(EntryState.load, entry)
    tab.go("/login")
    await SessionGuard().preprocess(None, tab.root, Event(name="state.hydrate_and_load", payload={"hashes": []}))
    assert (await tab.state(EntryState)).target == "/"
    known = await Tab("/login", admin).state(SessionState)
    assert isinstance(known, rx.State)
    assert "/" in said(await run(SessionState.skip_if_signed_in, known))
    stranger = await Tab("/login", None).state(SessionState)
    assert await run(SessionState.skip_if_signed_in, stranger) is None

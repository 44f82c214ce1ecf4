"""The templates' pages: what is typed is drawn at once, mistakes are named, and only admins change anything."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.entry.passwords import Hashed
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.accounts.users import create_user
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.screens.templates.editor.history_state import HistoryState
from liquor_app.screens.templates.editor.page import template_page
from liquor_app.screens.templates.editor.sample_state import SampleState
from liquor_app.screens.templates.editor.state import EditorState
from liquor_app.screens.templates.editor.test_state import TrialState
from liquor_app.screens.templates.list.state import TemplatesState
from liquor_app.segments.service import ensure_default_segments
from liquor_app.templates.lists import list_templates
from liquor_app.templates.service import get_template, update_template
from liquor_app.templates.template_versions import duplicate_template
from liquor_app.ui.words import listed
from tests.factories import add_people, open_shop
from tests.tabs import Tab, run, said

VIEWER = Actor(ActorKind.USER, uuid7(), "Vi", Role.USER)


@pytest.fixture
async def dana(database: str) -> Actor:
    async with transaction() as session:
        await open_shop(session)
        user = await create_user(
            session, SYSTEM, email="dana@example.com", password=Hashed("never signed in with"), full_name="Dana Ruiz",
            role=Role.ADMIN,
        )  # fmt: skip
    return Actor(ActorKind.USER, user.id, "Dana Ruiz", Role.ADMIN)


async def of(channel: str) -> UUID:
    async with transaction() as session:
        return (
            (await list_templates(session, SYSTEM, ListQuery({"channel": channel, "category": "win_back"}))).items[0].id
        )


async def opened(channel: str, actor: Actor) -> tuple[Tab, EditorState]:
    tab = Tab(f"/templates/{await of(channel)}", actor)
    editor = await tab.state(EditorState)
    await run(EditorState.load, editor)
    return tab, editor


async def test_the_list_says_what_is_in_use(dana: Actor) -> None:
    tab = Tab("/templates?channel=sms", VIEWER)
    state = await tab.state(TemplatesState)
    await run(TemplatesState.load, state)
    assert {row.channel for row in state.rows} == {"sms"}
    assert all(row.current for row in state.rows)
    await run(TemplatesState.make, state, True)
    answer = await run(TemplatesState.create, state, {"name": "x", "channel": "sms", "category": "loyalty"})
    assert "role" in said(answer), "a viewer makes nothing"
    tab.actor = dana
    state = await tab.state(TemplatesState)
    answer = await run(TemplatesState.create, state, {"name": " ", "channel": "sms", "category": "loyalty"})
    assert "name" in state.errors
    answer = await run(TemplatesState.create, state, {"name": "Mine", "channel": "sms", "category": "loyalty"})
    assert "/templates/" in said(answer)
    await run(TemplatesState.choose, state, "channel", "")
    mine = next(row for row in state.rows if row.name == "Mine")
    assert (mine.active, mine.current) == (False, False), "a new one changes no message yet"
    answer = await run(TemplatesState.duplicate, state, mine.id)
    assert "Mine, copy" in said(answer)


async def test_what_is_typed_is_drawn_and_checked(dana: Actor) -> None:
    _, editor = await opened("email", dana)
    assert editor.problems == []
    assert "Must be 21" in editor.seen.html, "what the law wants stands below"
    answer = await run(EditorState.type_in, editor, "subject_template", "Hello {{ customer.first_name }}")
    assert "guard(true)" in said(answer)
    assert (editor.seen.subject, editor.dirty) == ("Hello Marguerite", True)
    broken = editor.values["body_html_template"].replace("</mj-body>", "{% if offer.code %}</mj-body>")
    good = editor.seen.html
    await run(EditorState.type_in, editor, "body_html_template", broken)
    assert editor.broken
    assert editor.seen.html == good, "the last good picture stays"
    (problem,) = editor.problems
    line = broken[: broken.index("{% if offer.code %}</mj-body>")].count("\n") + 1
    assert (problem.where, problem.warning) == (f"Design, line {line}", False)
    jump = await run(EditorState.find, editor, problem.field, problem.line)
    assert f'goTo(\\"body_html_template\\", {line})' in said(jump) or str(line) in said(jump)
    answer = await run(EditorState.save, editor)
    assert "Not saved" in said(answer)
    assert "body_html_template" in editor.errors
    for name, value in (("id", "x"), ("is_active", "x"), ("", "")):
        await run(EditorState.type_in, editor, name, value)
    assert set(editor.values) == {
        "subject_template", "body_html_template", "body_text_template", "name", "category"
    }  # fmt: skip


async def test_saving_makes_a_version_that_can_be_compared_and_undone(dana: Actor) -> None:
    tab, editor = await opened("sms", dana)
    history = await tab.state(HistoryState)
    await run(HistoryState.load, history)
    first = editor.values["body_text_template"]
    await run(EditorState.type_in, editor, "body_text_template", "Come by: {{ offer.text }}")
    assert (editor.seen.segments, editor.seen.detail.split(",")[0]) == ("1 segment", "GSM-7")
    await run(EditorState.type_in, editor, "body_text_template", "Kommt vorbei 🍷: {{ offer.text }}")
    assert editor.seen.detail.startswith("UCS-2")
    answer = await run(HistoryState.save, history)
    assert "Version 2 saved" in said(answer)
    assert "guard(false)" in said(answer)
    assert [(line.number, line.current) for line in history.rows] == [(2, True), (1, False)]
    assert history.rows[0].who.startswith("Dana Ruiz")
    await run(HistoryState.compare, history, 1)
    assert {change.kind for change in history.changes} == {"gap", "gone", "new"}
    await run(EditorState.type_in, editor, "body_text_template", "lost")
    await run(HistoryState.restore, history)
    assert (editor.values["body_text_template"], editor.head.version, editor.dirty) == (first, "v3", False)
    other = Tab(f"/templates/{editor.head.id}", dana)
    stale = await other.state(EditorState)
    await run(EditorState.load, stale)
    await run(EditorState.type_in, editor, "body_text_template", "Mine {{ offer.text }}")
    await run(EditorState.save, editor)
    await run(EditorState.type_in, stale, "body_text_template", "Theirs {{ offer.text }}")
    assert "saved meanwhile" in said(await run(EditorState.save, stale))


async def test_readers_read(dana: Actor) -> None:
    tab, editor = await opened("sms", VIEWER)
    await run(EditorState.type_in, editor, "body_text_template", "Hi")
    history, trial = await tab.state(HistoryState), await tab.state(TrialState)
    assert "role" in said(await run(EditorState.save, editor))
    await run(EditorState.ask_to_switch, editor, True)
    assert "role" in said(await run(EditorState.switch, editor))
    await run(HistoryState.compare, history, 1)
    assert "role" in said(await run(HistoryState.restore, history))
    assert "role" in said(await run(TrialState.send, trial, {"phone": "+12075550100"}))
    async with transaction() as session:
        row = await get_template(session, SYSTEM, UUID(editor.head.id))
    assert (row.version, row.is_active) == (1, True)
    nobody = Tab(f"/templates/{editor.head.id}", None)
    closed = await nobody.state(EditorState)
    assert "/login" in said(await run(EditorState.load, closed))
    assert closed.values == {}
    for address in (f"/templates/{uuid7()}", "/templates/nonsense"):
        lost = await Tab(address, VIEWER).state(EditorState)
        await run(EditorState.load, lost)
        assert lost.missing


async def test_as_one_customer_and_to_oneself(dana: Actor) -> None:
    async with transaction() as session:
        (person,) = await add_people(session, 1, name="Kwame", city=None)
    tab, editor = await opened("email", dana)
    sample = await tab.state(SampleState)
    await run(SampleState.search, sample, "kwam")
    assert [hit.words for hit in sample.hits] == ["Kwame"]
    await run(EditorState.type_in, editor, "subject_template", "{{ customer.first_name }} of {{ customer.city }}")
    await run(EditorState.look_as, editor, str(person))
    assert (editor.seen.subject, editor.seen.missing) == ("Kwame of [customer.city]", "customer.city")
    trial = await tab.state(TrialState)
    await run(TrialState.load, trial)
    assert [way for way, _ in trial.ways] == ["", "sandbox"]
    await run(TrialState.send, trial, {"provider": ""})
    assert "customer.city" in trial.error, "what is not known is not sent"
    await run(EditorState.look_as, editor, "")
    answer = await run(TrialState.send, trial, {"provider": ""})
    assert "dana@example.com" in trial.said
    assert "Sent to" not in said(answer), "it stands beside the button, once"


async def test_switching_on_and_off_keeps_what_is_typed(dana: Actor) -> None:
    _, editor = await opened("sms", dana)
    await run(EditorState.type_in, editor, "body_text_template", "Draft {{ offer.text }}")
    await run(EditorState.ask_to_switch, editor, True)
    assert "Switched off" in said(await run(EditorState.switch, editor))
    assert (editor.head.active, editor.values["body_text_template"]) == (False, "Draft {{ offer.text }}")
    await run(EditorState.ask_to_switch, editor, True)
    assert "Active" in said(await run(EditorState.switch, editor))


async def test_what_replaces_the_message_of_segments_asks_with_their_names(dana: Actor) -> None:
    """It acted at once, and the page said just before that no segment asked for it."""
    async with transaction() as session:
        await ensure_default_segments(session)
        row = await get_template(session, SYSTEM, await of("email"))
        copy = await duplicate_template(session, SYSTEM, row.id)
        found = await session.execute(
            text(
                "SELECT name FROM segments WHERE is_active AND template_category = 'win_back'"
                " AND 'email' = ANY(optimal_channels) ORDER BY position, name"
            )
        )
    names = list(found.scalars())
    assert len(names) > 1
    editor = await Tab(f"/templates/{copy.id}", dana).state(EditorState)
    await run(EditorState.load, editor)
    whose = f"{len(names)} segments ask for its kind: {listed(names)}"
    assert (editor.head.used_by, editor.head.would) == ("", f"Not in use; {whose}")
    page = str(template_page().render())
    assert (page.count('editor_state.ask_to_switch", ({ ["open"] : true })'), page.count('editor_state.switch"')) == (
        2,
        1,
    )
    assert await run(EditorState.switch, editor) is None, "nothing happens unasked"
    assert not editor.head.active
    await run(EditorState.ask_to_switch, editor, True)
    assert f"{len(names)} segments ({listed(names)})" in editor.switching
    assert f"instead of “{row.name}”" in editor.switching
    await run(EditorState.ask_to_switch, editor, False)
    assert (editor.switching, await run(EditorState.switch, editor)) == ("", None)
    await run(EditorState.ask_to_switch, editor, True)
    await run(EditorState.switch, editor)
    assert (editor.head.active, editor.head.current, editor.switching) == (True, True, "")
    await run(EditorState.ask_to_switch, editor, True)
    assert f"({listed(names)}) are made of “{row.name}” from then on" in editor.switching
    assert editor.switchable
    async with transaction() as session:
        await update_template(session, dana, row.id, {"is_active": False})
    await run(EditorState.ask_to_switch, editor, True)
    assert "cannot be without: activate another one first." in editor.switching
    assert not editor.switchable, "and then no button does it"
    assert "switchable_rx_state_" in page

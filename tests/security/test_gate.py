"""What strangers and people may send on the event socket, how much, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from reflex_base.registry import RegistrationContext
from socketio.exceptions import ConnectionRefusedError as Refused

from liquor_app.accounts.cookies import SESSION
from liquor_app.accounts.models import Role
from liquor_app.accounts.sessions import close_session
from liquor_app.core.db import transaction
from liquor_app.liquor_app import app
from liquor_app.screens.campaigns.list.state import CampaignsState
from liquor_app.screens.segments.edit.state import EditSegmentState
from liquor_app.screens.session import event_gate, tab_store
from liquor_app.screens.session.event_gate import OF_PEOPLE, OF_STRANGERS, fits, is_within
from liquor_app.screens.shell.state import ShellState
from liquor_app.screens.templates.editor.state import EditorState
from tests.api.client import Client
from tests.security.test_streams import opened
from tests.security.wire import BOOT, Wire, quiet

pytestmark = pytest.mark.integration

HANDLERS = RegistrationContext.get().event_handlers


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


async def test_before_sign_in_only_the_entry_page_is_answered(wire: Wire, anybody: Client) -> None:
    """Every event of the product is called by nobody: none of them reaches a handler, a state or a log."""
    tab = await wire.connect("/login")
    await tab.until("is_hydrated")
    await quiet()
    told = len(tab.heard)
    assert told > 0
    for name in HANDLERS:
        if name not in event_gate.entry_events() and not event_gate._is_gallerys(name):
            await wire.namespace.on_event(tab.sid, tab.event(name))
    await quiet()
    assert len(tab.heard) == told


@pytest.mark.parametrize(
    "data",
    [
        None, "x" * 10_000, [], {"name": 5}, {"name": "x" * 100_000}, {"name": "nothing.of.the.kind"},
        {"payload": "x"}, {"payload": {"vars": {"a": "x" * 5_000}}}, {"payload": {"hashes": ["x"] * 5_000}},
        {"payload": {"vars": nested(900)}}, {"payload": {"unknown": 1}}, {"router_data": "x"},
        {"router_data": {"pathname": "/" + "x" * 20_000}}, {"router_data": {"query": nested(900)}},
        {"router_data": {"query": {"a": nested(50)}}}, {"payload": {"vars": 5}},
    ],
)  # fmt: skip
async def test_a_stranger_says_little(wire: Wire, anybody: Client, data: Any) -> None:
    tab = await wire.connect("/login")
    await tab.until("is_hydrated")
    await quiet()
    told = len(tab.heard)
    event = {**tab.event("reflex___state____state.hydrate_and_load"), **data} if isinstance(data, dict) else data
    await wire.namespace.on_event(tab.sid, event)
    await quiet()
    assert len(tab.heard) == told


async def test_a_stranger_says_it_a_few_times(wire: Wire, anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_gate, "STRANGERS_EVENTS", 3)
    tab = await wire.connect("/login")
    await quiet()
    for _ in range(20):
        await wire.namespace.on_event(tab.sid, tab.event("reflex___state____state.hydrate"))
    await quiet()
    assert json.dumps(tab.heard).count('"is_hydrated_rx_state_": false') <= 4


@pytest.mark.parametrize("token", ["", "short", "x" * 65, "../../../../etc", "a b c d e f g h", "liquor:limit:*"])
async def test_a_tab_has_a_name(wire: Wire, anybody: Client, token: str) -> None:
    environ = {"QUERY_STRING": f"token={token}", "asgi.scope": {"headers": []}}
    with pytest.raises(Refused):
        await wire.namespace.on_connect(uuid4().hex, environ, None)


async def test_states_of_nobody_are_small_few_and_soon_gone(
    wire: Wire, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab_store, "NOBODYS_TABS", 5)
    await wire.redis.flushdb()
    made = [await wire.connect("/login") for _ in range(5)]
    await quiet()
    with pytest.raises(Refused):
        await wire.connect("/login")
    stored = [key async for key in wire.redis.scan_iter("*_reflex___state____state*")]
    assert len(stored) >= 5
    for key in stored:
        assert 0 < await wire.redis.ttl(key) <= 300, key
    for tab in made[:5]:
        size = [await wire.redis.strlen(key) async for key in wire.redis.scan_iter(f"{tab.token}_reflex*")]
        assert sum(size) <= 64 * 1024


async def test_one_address_does_not_take_the_room_of_others(
    wire: Wire, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_gate, "TABS_OF_ONE", 3)
    one, other = (f"2001:db8:{uuid4().hex[:4]}:{side}::1" for side in "12")  # never the same: Redis remembers
    for _ in range(3):
        await wire.connect("/login", source=one)
    with pytest.raises(Refused):
        await wire.connect("/login", source=one)
    await wire.connect("/login", source=other)
    await quiet()


async def test_a_stranger_with_long_headers_is_not_let_in(wire: Wire, anybody: Client) -> None:
    """Headers are kept with a tab's state."""
    scope = {"headers": [(b"x-filler", b"x" * 60_000)], "client": ("192.0.2.1", 1)}
    environ = {"QUERY_STRING": f"token={uuid4()}", "asgi.scope": scope}
    with pytest.raises(Refused):
        await wire.namespace.on_connect(uuid4().hex, environ, None)


async def test_the_states_of_people_live_on_until_they_sign_out(wire: Wire, anybody: Client) -> None:
    tab, _, cookie = await opened(wire, "/campaigns")
    await asyncio.sleep(0.3)
    lives = [await wire.redis.ttl(key) async for key in wire.redis.scan_iter(f"{tab.token}_reflex*")]
    assert min(lives) > 600
    async with transaction() as session:
        await close_session(session, cookie)
    await tab.until("/login?next=")
    await quiet()
    lives = [await wire.redis.ttl(key) async for key in wire.redis.scan_iter(f"{tab.token}_reflex*")]
    assert max(lives) <= 300


@pytest.mark.parametrize(
    ("handler", "payload"),
    [
        (CampaignsState.search, {"query": {"a": 1}}),
        (CampaignsState.search, {"query": 5}),
        (CampaignsState.search, {"query": "x" * 500_000}),
        (CampaignsState.search, {}),
        (CampaignsState.search, {"query": "a", "more": "b"}),
        (CampaignsState.choose, {"key": "status", "value": nested(5)}),
        (CampaignsState.choose, {"key": "status", "value": ["a"] * 50_000}),
        (ShellState.look, {"open": "yes"}),
        (EditorState.find, {"field": "body", "line": 10**30}),
        (EditorState.find, {"field": "body", "line": True}),
        (EditorState.find, {"field": "body", "line": 1.5}),
    ],
)
async def test_arguments_are_what_the_handler_names(
    wire: Wire, anybody: Client, handler: Any, payload: dict[str, Any]
) -> None:
    tab, _, _ = await opened(wire, "/campaigns", Role.USER)
    since = len(tab.heard)
    await tab.send(handler, **payload)
    await tab.until("This was not taken", since, 2)
    assert "Something went wrong" not in tab.text()


@pytest.mark.parametrize(
    ("handler", "payload"),
    [
        (EditSegmentState.add, {"group_id": "1", "kind": "field"}),
        (EditSegmentState.remove, {"line_id": "1"}),
        (EditSegmentState.change, {"line_id": "1", "part": "op", "value": "x"}),
        (EditSegmentState.save, {"form": {}}),
    ],
)
async def test_a_rule_that_was_never_loaded_is_not_changed(
    wire: Wire, anybody: Client, handler: Any, payload: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    tab, _, _ = await opened(wire, "/campaigns", Role.MANAGER)
    since = len(tab.heard)
    await tab.send(handler, **payload)
    await tab.until("There is no rule here", since, 3)
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ("name", "vars"),
    [
        ("reflex___state____update_vars_internal_state.update_vars_internal", {"nothing.of.the.kind": "x"}),
        ("reflex___state____update_vars_internal_state.update_vars_internal", {"x": 1}),
        ("reflex___state____state.hydrate_and_load", {"nothing.of.the.kind": "x"}),
    ],
)
async def test_no_state_is_set_by_name(
    wire: Wire, anybody: Client, name: str, vars: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert any(known.endswith(name) for known in HANDLERS), "Reflex calls it so"
    full = next(known for known in HANDLERS if known.endswith(name))
    tab, _, _ = await opened(wire, "/campaigns", Role.USER)
    since = len(tab.heard)
    await wire.namespace.on_event(tab.sid, tab.event(full, vars=vars))
    await tab.until("This was not taken", since, 3)
    assert not [record for record in caplog.records if record.exc_info]


async def test_what_a_page_sends_is_taken(wire: Wire, anybody: Client) -> None:
    tab, _, _ = await opened(wire, "/campaigns")
    since = len(tab.heard)
    await tab.send(CampaignsState.search, query="Christmas")
    await tab.until("Christmas", since)
    await tab.send(EditorState.type_in, name="body_mjml", value="x" * 100_000)
    await tab.send(CampaignsState.choose, key="status", value=["draft"])
    await tab.until('"value": "draft"', since)
    event = tab.event(BOOT)  # of an address that leads nowhere
    await wire.namespace.on_event(tab.sid, event | {"router_data": {"pathname": "/no", "query": {"splat": ["no"]}}})
    assert "This was not taken" not in tab.text(since)


def test_every_handler_names_the_kind_of_its_arguments() -> None:
    """What the gate cannot check is `Any`: only where a script of ours answers with an object."""
    loose = {
        f"{name.rpartition('.')[2]}({argument})"
        for name, registered in HANDLERS.items()
        if ".liquor_app___" in name and not name.endswith(".setvar")
        for argument, hint in (registered.handler._type_hints or {}).items()
        if hint is Any and argument != "return"
    }
    assert loose <= {"sent(answer)", "sent(said)"}, loose


def test_no_state_is_kept_in_the_browser() -> None:
    """Values a browser keeps would come before sign-in, for any state: the gate lets them be empty only."""
    for kind in app._state.get_substates():
        assert not [name for name in kind.vars if kind._is_client_storage(name)], kind


@pytest.mark.parametrize(
    ("value", "hint", "is_fitting"),
    [
        ("a", str, True), (1, str, False), (None, str, False), (True, bool, True), (1, bool, False), (1, int, True),
        (True, int, False), (1.0, float, True), (1, float, True), (True, float, False), (["a"], str | list[str], True),
        ([1], str | list[str], False), ({"a": [1]}, dict[str, Any], True), ({1: 1}, dict[str, Any], False),
        (None, dict[str, Any] | None, True), (object(), SESSION.__class__, False), ([], list, True), ("a", dict, False),
    ],
)  # fmt: skip
def test_kinds(value: Any, hint: Any, is_fitting: bool) -> None:
    assert fits(value, hint) is is_fitting


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), 2**53 + 1, -(10**400)])
def test_numbers_are_javascripts(number: float) -> None:
    assert not is_within({"a": number}, OF_PEOPLE)


def test_sizes() -> None:
    assert is_within("x" * OF_STRANGERS.text, OF_STRANGERS)
    assert not is_within("x" * (OF_STRANGERS.text + 1), OF_STRANGERS)
    assert not is_within({"x" * (OF_STRANGERS.text + 1): 1}, OF_STRANGERS)
    assert is_within(nested(OF_PEOPLE.depth), OF_PEOPLE)
    assert not is_within(nested(OF_PEOPLE.depth + 1), OF_PEOPLE)
    assert not is_within(nested(100_000), OF_PEOPLE)
    assert not is_within([[1] * 100] * 250, OF_PEOPLE)

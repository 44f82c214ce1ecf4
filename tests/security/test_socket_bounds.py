"""What strangers do on sockets before any handler of ours is asked: packets nobody can read, floods, and silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest
import socketio
from starlette.types import ASGIApp

from liquor_app.api import socket_bounds
from liquor_app.api.body_limits import Edge
from liquor_app.api.socket_bounds import PEOPLES_PACE, STRANGERS_PACE, FailureLog, Pace, Socket
from liquor_app.core.admission import Crowd
from liquor_app.liquor_app import app
from tests.api import test_sockets as client
from tests.api.client import Client, whole_api
from tests.security.wire import Wire

pytestmark = pytest.mark.integration

EVENTS = "/_event/"
UPGRADE = (("origin", "http://shop.test"), ("connection", "Upgrade"), ("upgrade", "websocket"))


@pytest.fixture
def events(wire: Wire) -> ASGIApp:
    """The product's own event socket behind its edge, as the web server calls it."""
    return Edge(socketio.ASGIApp(app.sio, socketio_path="_event"), {})


@asynccontextmanager
async def opened(events: ASGIApp, *, joins: bool = True) -> AsyncIterator[client.Socket]:
    """A stranger's socket from an address nobody has come from."""
    source = f"2001:db8:{uuid4().hex[:4]}::1"
    query = f"EIO=4&transport=websocket&token={uuid4()}"
    async with client.connect(events, EVENTS, *UPGRADE, query=query, source=source) as socket:
        if joins:
            await socket.say_text("40/_event,")
            while True:
                event = await asyncio.wait_for(socket.from_app.get(), 10)
                assert event["type"] == "websocket.send", event
                if str(event.get("text", "")).startswith("40/_event"):
                    break
        yield socket


@pytest.mark.parametrize(
    "packet",
    [
        "42/_event,[[[[", "42/_event,1", "42/_event,{}", "42/_event,null", '42/_event,["event"]', "49/_event,",
        "4", "4x", "42/_event,[" + "[" * 10_000, "4599999999999-/_event,[]", "44/_event,{}", "x", "9",
        "42/_event," + "1" * 200, '43/_event,1["x"]' + "]" * 50, "bnobase64",
    ],
)  # fmt: skip
async def test_the_first_packet_nobody_can_read_is_the_last(
    events: ASGIApp, anybody: Client, packet: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(events) as socket:
        for _ in range(50):
            await socket.say_text(packet)
        assert await socket.closed() in {1000, 1007, 1008, 1011}
        await asyncio.sleep(0.05)
        assert socket.to_app.qsize() >= 48, "what follows is not read"
    assert not [record for record in caplog.records if record.exc_info]
    assert not [record for record in caplog.records if "Traceback" in record.getMessage()]


async def test_failures_are_one_line_now_and_then(
    events: ASGIApp, anybody: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_bounds.failures, "_next", 0.0)
    for _ in range(20):
        async with opened(events) as socket:
            await socket.say_text("42/_event,[[[[")
            await socket.closed()
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    told = [line for line in said if "socket" in line]
    assert len(told) == 1
    assert "[[[[" not in told[0]
    assert len(told[0]) < 300


def test_how_many_were_passed_over_is_told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = FailureLog()
    for _ in range(5):
        failures.tell(ValueError("x"))
    monkeypatch.setattr(failures, "_next", 0.0)
    failures.tell(ValueError("x"))
    assert "4 more" in caplog.messages[-1]
    assert len(caplog.messages) == 2


@pytest.mark.parametrize("said", ['42/_event,["ping"]', "3", '42/_event,["event", {}]', "42/elsewhere,[1]"])
async def test_a_flood_ends_the_socket(events: ASGIApp, anybody: Client, said: str) -> None:
    """Packets that are sound, and of no interest to anybody."""
    many = STRANGERS_PACE.at_once * 5
    async with opened(events) as socket:
        for _ in range(many):
            await socket.say_text(said)
        assert await socket.closed() == 1008
        assert socket.to_app.qsize() >= many - 2 * STRANGERS_PACE.at_once


async def test_at_its_pace_a_socket_goes_on(events: ASGIApp, anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_bounds, "STRANGERS_PACE", Pace(50, 3))
    monkeypatch.setattr(socket_bounds, "STRANGERS_MESSAGES", 12)
    async with opened(events) as socket:
        for _ in range(10):
            await asyncio.sleep(0.04)
            await socket.say_text("3")
        assert socket.from_app.empty()
        await socket.say_text("3")
        await socket.say_text("3")
        assert await socket.closed() == 1008, "so many in all"
    assert PEOPLES_PACE.a_second > STRANGERS_PACE.a_second


async def test_who_joins_nothing_is_let_go(events: ASGIApp, anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_bounds, "JOIN_SECONDS", 0.3)
    async with opened(events, joins=False) as idle, opened(events) as joined:
        assert await asyncio.wait_for(idle.closed(), 2) == 1008
        await asyncio.sleep(0.4)
        assert joined.from_app.empty()
    assert len(socket_bounds.EVENT_STRANGERS) == 0


async def test_silent_sockets_do_not_refuse_those_with_a_token(
    events: ASGIApp, viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stranger's seat is taken, of the app's sockets as of the API's: who has a token is heard, and then holds
    none."""
    monkeypatch.setattr(socket_bounds, "EVENT_STRANGERS", Crowd[Socket](of_one=3, in_all=6))
    monkeypatch.setattr(socket_bounds, "API_STRANGERS", Crowd[Socket](of_one=3, in_all=6))
    api = whole_api()
    async with AsyncExitStack() as stack:
        silent = []
        for n in range(6):
            source = f"192.0.2.{n % 2}"
            await stack.enter_async_context(
                client.connect(
                    events, EVENTS, *UPGRADE, query=f"EIO=4&transport=websocket&token={uuid4()}", source=source
                )
            )
            silent.append(await stack.enter_async_context(client.connect(api, "/ws/analytics", source=source)))
        for _ in range(8):
            socket = await stack.enter_async_context(
                client.connect(api, "/ws/analytics", client.bearer(viewer), source="198.51.100.1")
            )
            assert (await socket.heard())["type"] == "analytics"
        assert len(socket_bounds.API_STRANGERS) < 6
        assert await asyncio.wait_for(silent[0].closed(), 2) == 1013, "the oldest silent one made room"
        assert len(socket_bounds.EVENT_STRANGERS) == 6


async def test_silent_sockets_of_one_address_do_not_refuse_its_neighbours(
    wire: Wire, viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody in the shop's own network holds every seat of its address: tickets and tokens are heard."""
    monkeypatch.setattr(socket_bounds, "API_STRANGERS", Crowd[Socket](of_one=3, in_all=6))
    api, source = whole_api(), "192.0.2.7"
    async with AsyncExitStack() as stack:
        silent = [
            await stack.enter_async_context(client.connect(api, "/ws/analytics", source=source)) for _ in range(3)
        ]
        ticket = await client.ticket(viewer)
        for headers, query in (((), f"ticket={ticket}"), ((client.bearer(viewer),), "")):
            socket = await stack.enter_async_context(
                client.connect(api, "/ws/analytics", *headers, query=query, source=source)
            )
            assert (await socket.heard())["type"] == "analytics"
        assert await asyncio.wait_for(silent[0].closed(), 2) == 1013, "the one that was silent longest made room"
        assert len(socket_bounds.API_STRANGERS) <= 3

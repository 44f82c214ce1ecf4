"""Live connections: the state at once, every change after it, and nobody who may not listen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import ASGIApp

from liquor_app.accounts.cookies import SESSION
from liquor_app.accounts.models import Role
from liquor_app.accounts.sessions import close_session, open_session
from liquor_app.accounts.users import get_user
from liquor_app.api import sockets
from liquor_app.core.db import transaction
from liquor_app.core.pubsub import hub, publish, publish_now
from liquor_app.organization.service import notify
from tests.api.client import Client, address_of, whole_api
from tests.factories import add_people, add_ready_campaign

pytestmark = pytest.mark.integration

HOST = ("host", "shop.test")


class Socket:
    """A WebSocket client that speaks ASGI to the app in this very loop."""

    def __init__(self) -> None:
        self.to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def heard(self) -> dict[str, Any]:
        """The next JSON message."""
        event = await asyncio.wait_for(self.from_app.get(), 10)
        assert event["type"] == "websocket.send", event
        message: dict[str, Any] = json.loads(event["text"])
        return message

    async def closed(self) -> int:
        """The code it was closed with; messages before that are passed over."""
        while True:
            event = await asyncio.wait_for(self.from_app.get(), 10)
            if event["type"] == "websocket.close":
                return int(event["code"])

    async def say(self, message: object) -> None:
        await self.say_text(json.dumps(message))

    async def say_text(self, said: str) -> None:
        await self.to_app.put({"type": "websocket.receive", "text": said})


@asynccontextmanager
async def connect(
    app: ASGIApp, path: str, *headers: tuple[str, str], query: str = "", source: str = "192.0.2.1"
) -> AsyncIterator[Socket]:
    socket = Socket()
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (HOST, *headers)],
        "subprotocols": [],
        "client": (source, 4711),
    }
    await socket.to_app.put({"type": "websocket.connect"})
    running = asyncio.create_task(app(scope, socket.to_app.get, socket.from_app.put))
    try:
        accepted = await asyncio.wait_for(socket.from_app.get(), 10)
        assert accepted["type"] == "websocket.accept", accepted
        yield socket
    finally:
        await socket.to_app.put({"type": "websocket.disconnect", "code": 1000})
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(running, 10)


@pytest.fixture
async def app(anybody: Client) -> AsyncIterator[FastAPI]:
    """The API with its process's listener."""
    listening = asyncio.create_task(hub.run())
    async with hub.subscribe("probe") as heard:
        while heard.empty():  # until it hears, whatever else the machine does
            await publish_now("probe", {})
            await asyncio.sleep(0.02)
    yield whole_api()
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


def token_of(client: Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


async def campaign() -> UUID:
    async with transaction() as session:
        return await add_ready_campaign(session, await add_people(session, 2))


async def change(campaign_id: UUID, sends: int) -> None:
    async with transaction() as session:
        await session.execute(
            text("UPDATE campaigns SET total_sends = 2, completed_sends = :n WHERE id = :id"),
            {"n": sends, "id": campaign_id},
        )
        publish(session, f"campaign:{campaign_id}", {"counted": True})


async def test_a_campaign_is_told_at_once_and_after_every_change(app: FastAPI, viewer: Client) -> None:
    campaign_id = await campaign()
    path = f"/ws/campaign/{campaign_id}/status"
    async with connect(app, path, query=f"token={token_of(viewer)}") as socket:
        first = await socket.heard()
        assert (first["type"], first["campaign_id"], first["status"]) == ("campaign.status", str(campaign_id), "active")
        assert (first["progress"], first["completed_sends"]) == (0, 0)
        await change(campaign_id, 1)
        assert (await socket.heard())["progress"] == 0.5
        await asyncio.gather(*(change(campaign_id, 2) for _ in range(5)))
        assert (await socket.heard())["completed_sends"] == 2


async def test_a_token_may_come_in_the_first_message(app: FastAPI, viewer: Client) -> None:
    async with connect(app, "/ws/analytics") as socket:
        await socket.say({"type": "auth", "token": token_of(viewer)})
        message = await socket.heard()
        assert message["type"] == "analytics"
        assert {kpi["name"] for kpi in message["kpis"]} >= {"revenue", "sends"}


@pytest.mark.parametrize("said", [{"type": "auth", "token": "nonsense"}, {"type": "hello"}, ["x"], {"type": "auth"}, 5])
async def test_nobody_known_hears_nothing(app: FastAPI, said: object) -> None:
    async with connect(app, "/ws/notifications") as socket:
        await socket.say(said)
        event = await asyncio.wait_for(socket.from_app.get(), 10)
        assert (event["type"], event["code"]) == ("websocket.close", 4401)


async def test_a_guessed_key_is_recorded(app: FastAPI) -> None:
    async with connect(app, "/ws/notifications", query="token=lk_guess") as socket:
        assert await socket.closed() == 4401
    async with transaction() as session:
        found = await session.execute(text("SELECT count(*) FROM audit_log WHERE action = 'api_key.refused'"))
        assert found.scalar_one() == 1


async def test_who_says_nothing_is_let_go(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "AUTH_SECONDS", 0.05)
    async with connect(app, "/ws/notifications") as socket:
        assert await socket.closed() == 4401


async def test_an_unknown_campaign(app: FastAPI, viewer: Client) -> None:
    path = "/ws/campaign/018f0000-0000-7000-8000-000000000000/status"
    async with connect(app, path, query=f"token={token_of(viewer)}") as socket:
        assert await socket.closed() == 4404


async def test_notices_reach_whom_they_are_for(app: FastAPI, viewer: Client) -> None:
    async with transaction() as session:
        await notify(session, title="Before")
        other = (await session.execute(text("SELECT id FROM users WHERE role = 'admin'"))).scalar_one()
    async with connect(app, "/ws/notifications", query=f"token={token_of(viewer)}") as socket:
        assert (await socket.heard())["title"] == "Before"
        async with transaction() as session:
            await notify(session, title="For the admin", user_id=other)
            await notify(session, title="For everybody", body="Hello", link="/campaigns")
        message = await socket.heard()
        assert (message["title"], message["body"], message["link"]) == ("For everybody", "Hello", "/campaigns")


async def cookie(role: Role) -> str:
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM users WHERE email = :email"), {"email": address_of(role)})
        user = await get_user(session, found.scalar_one())
        assert user is not None
        return await open_session(session, user, ip=None, user_agent=None)


async def test_the_browsers_cookie_counts_only_on_our_own_pages(app: FastAPI) -> None:
    token = await cookie(Role.USER)
    signed = ("cookie", f"{SESSION}={token}")
    async with connect(app, "/ws/analytics", signed, ("origin", "http://shop.test")) as socket:
        assert (await socket.heard())["type"] == "analytics"
    for foreign in (("origin", "http://evil.test"), ("x-nothing", "")):
        async with connect(app, "/ws/analytics", signed, foreign) as socket:
            await socket.say({"type": "hello"})
            assert await socket.closed() == 4401


async def test_a_revoked_session_is_closed_at_the_next_word(app: FastAPI) -> None:
    token = await cookie(Role.USER)
    campaign_id = await campaign()
    path = f"/ws/campaign/{campaign_id}/status"
    async with connect(app, path, ("cookie", f"{SESSION}={token}"), ("origin", "http://shop.test")) as socket:
        await socket.heard()
        async with transaction() as session:
            await close_session(session, token)
        await change(campaign_id, 1)
        event = await asyncio.wait_for(socket.from_app.get(), 10)
        assert (event["type"], event["code"]) == ("websocket.close", 4401)


async def test_there_are_only_so_many(app: FastAPI, viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MAX_OPEN", 0)
    async with connect(app, "/ws/analytics", query=f"token={token_of(viewer)}") as socket:
        assert await socket.closed() == 1013


async def test_a_revoked_session_is_closed_at_once(app: FastAPI) -> None:
    """Nobody says a word: the news of the revocation is enough."""
    token = await cookie(Role.USER)
    signed = ("cookie", f"{SESSION}={token}")
    async with connect(app, "/ws/analytics", signed, ("origin", "http://shop.test")) as socket:
        await socket.heard()
        async with transaction() as session:
            await close_session(session, token)
        assert await asyncio.wait_for(socket.closed(), sockets.CHECK_SECONDS / 2) == 4401


async def test_a_quiet_socket_is_asked_every_few_seconds(
    app: FastAPI, viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sockets.CHECK_SECONDS <= 5
    monkeypatch.setattr(sockets, "CHECK_SECONDS", 0.1)
    async with connect(app, "/ws/notifications", query=f"token={token_of(viewer)}") as socket:
        async with transaction() as session:
            await session.execute(text("UPDATE users SET is_active = false"))
        assert await asyncio.wait_for(socket.closed(), 2) == 4401


async def test_a_long_message_is_not_read(app: FastAPI, viewer: Client) -> None:
    async with connect(app, "/ws/notifications") as socket:
        await socket.say({"type": "auth", "token": token_of(viewer), "more": "x" * sockets.MAX_MESSAGE})
        assert await socket.closed() == 4401
    async with connect(app, "/ws/notifications") as socket:
        await socket.to_app.put({"type": "websocket.receive", "text": "[" * 5000})
        assert await socket.closed() == 4401

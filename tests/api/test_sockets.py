"""Live connections: the state at once, every change after it, and nobody who may not listen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.routing import APIWebSocketRoute
from sqlalchemy import text
from starlette.types import ASGIApp

from liquor_app.accounts.api_keys import create_api_key, revoke_api_key
from liquor_app.accounts.cookies import SESSION
from liquor_app.accounts.entry.socket_tickets import TICKET_SECONDS, Standing, use_ticket
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.accounts.sessions import close_session, open_session
from liquor_app.accounts.tokens import token_actor
from liquor_app.accounts.users import get_user
from liquor_app.api import sockets
from liquor_app.api.live.asyncapi import asyncapi
from liquor_app.core.clock import now, travel
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.errors import Unauthenticated
from liquor_app.core.pubsub import QUEUE_LIMIT, hub, publish, publish_now
from liquor_app.core.security.crypto import sign
from liquor_app.organization.bell import mark_notifications_read
from liquor_app.organization.service import notify
from liquor_app.rest.routers import AT_ROOT, SOCKETS
from tests.api.client import Client, address_of, is_problem, whole_api
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
    app: ASGIApp,
    path: str,
    *headers: tuple[str, str],
    query: str = "",
    source: str = "192.0.2.1",
    reads: int | None = None,
) -> AsyncIterator[Socket]:
    """Open a socket. `reads`: how many messages its client takes before it reads no more."""
    socket = Socket()
    taken = 0

    async def take(event: dict[str, Any]) -> None:
        nonlocal taken
        taken += event["type"] == "websocket.send"
        if reads is not None and taken > reads:
            await asyncio.Event().wait()  # the network is full
        await socket.from_app.put(event)

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
    running = asyncio.create_task(app(scope, socket.to_app.get, take))
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


def bearer(client: Client) -> tuple[str, str]:
    return ("authorization", f"Bearer {token_of(client)}")


async def ticket(client: Client) -> str:
    return str((await client.post("/socket-tickets")).json()["ticket"])


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
    async with connect(app, path, bearer(viewer)) as socket:
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
    async with connect(app, "/ws/notifications", ("x-api-key", "lk_guess")) as socket:
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
    async with connect(app, path, bearer(viewer)) as socket:
        assert await socket.closed() == 4404


async def test_notices_reach_whom_they_are_for(app: FastAPI, viewer: Client) -> None:
    async with transaction() as session:
        await notify(session, title="Before")
        other = (await session.execute(text("SELECT id FROM users WHERE role = 'admin'"))).scalar_one()
    async with connect(app, "/ws/notifications", bearer(viewer)) as socket:
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
    async with connect(app, "/ws/analytics", bearer(viewer)) as socket:
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
    async with connect(app, "/ws/notifications", bearer(viewer)) as socket:
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
    async with connect(app, "/ws/analytics", bearer(viewer)) as socket:
        await socket.heard()
        await socket.say_text("x" * (sockets.MAX_MESSAGE + 1))
        assert await socket.closed() == 1009, "and is told why"


async def test_no_token_goes_into_an_address(app: FastAPI, viewer: Client) -> None:
    """Addresses stand in logs, of ours and of whatever is between."""
    async with connect(app, "/ws/analytics", query=f"token={token_of(viewer)}") as socket:
        assert await socket.closed() == 4401
    async with connect(app, "/ws/analytics", query=f"ticket={token_of(viewer)}") as socket:
        assert await socket.closed() == 4401


async def test_a_ticket_opens_one_socket(app: FastAPI, viewer: Client) -> None:
    given = await ticket(viewer)
    async with connect(app, "/ws/analytics", query=f"ticket={given}") as socket:
        assert (await socket.heard())["type"] == "analytics"
        async with connect(app, "/ws/analytics", query=f"ticket={given}") as again:
            assert await again.closed() == 4401
    async with connect(app, "/ws/analytics", query=f"ticket={given}") as again:
        assert await again.closed() == 4401


async def test_of_two_who_use_a_ticket_at_one_moment_one_is_let_in(app: FastAPI, viewer: Client) -> None:
    given = await ticket(viewer)
    used = await asyncio.gather(*(use_ticket(given) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(one, Standing) for one in used) == 1
    assert all(isinstance(one, Standing | Unauthenticated) for one in used)


async def test_tickets_that_are_none(app: FastAPI, viewer: Client) -> None:
    given = await ticket(viewer)
    body, _, mac = given.removeprefix("wt_").partition(".")
    for wrong in (
        "wt_",
        "wt_x.y",
        f"wt_{body}.{mac[::-1]}",
        given[:-3],
        "wt_" + sign("file-download", {"b": "browser"}),
    ):
        async with connect(app, "/ws/analytics", query=f"ticket={wrong}") as socket:
            assert await socket.closed() == 4401, wrong
    with travel(now() + timedelta(seconds=TICKET_SECONDS + 1)), pytest.raises(Unauthenticated):
        await use_ticket(given)
    is_problem(await viewer.get("/customers", headers={"Authorization": f"Bearer {given}"}), 401, "unauthenticated")


async def test_what_a_ticket_opened_ends_with_what_it_was_asked_for_with(app: FastAPI, viewer: Client) -> None:
    """A session of tokens, a browser's, and a key; at once, though nobody says a word."""
    signed = Client(viewer.http, {"Cookie": f"{SESSION}={await cookie(Role.USER)}", "Origin": "http://shop.test"})
    async with transaction() as session:
        key = await create_api_key(session, SYSTEM, name="x", role=Role.USER)
        key_id = (await session.execute(text("SELECT id FROM api_keys"))).scalar_one()
    program = Client(viewer.http, {"X-API-Key": key})

    async def sign_out() -> None:
        assert (await viewer.post("/auth/logout")).status_code == 204

    async def close() -> None:
        async with transaction() as session:
            await close_session(session, signed.headers["Cookie"].partition("=")[2])

    async def revoke() -> None:
        async with transaction() as session:
            await revoke_api_key(session, SYSTEM, key_id)

    for client, end in ((viewer, sign_out), (signed, close), (program, revoke)):
        async with connect(app, "/ws/analytics", query=f"ticket={await ticket(client)}") as socket:
            await socket.heard()
            await end()
            assert await asyncio.wait_for(socket.closed(), sockets.CHECK_SECONDS / 2) == 4401


async def test_nobody_is_given_a_ticket(app: FastAPI, anybody: Client) -> None:
    is_problem(await anybody.post("/socket-tickets"), 401, "unauthenticated")


async def test_a_socket_whose_person_may_do_less_by_now(app: FastAPI, manager: Client) -> None:
    """Read anew with every word: the role of now, in each answer."""
    async with connect(app, "/ws/notifications", bearer(manager)) as socket:
        async with transaction() as session:
            await session.execute(text("UPDATE users SET is_active = false WHERE role = 'manager'"))
            publish(session, "notifications", {})
        assert await socket.closed() == 4401


async def test_a_heart_beats_while_there_is_nothing_to_say(
    app: FastAPI, viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(sockets, "BEAT_SECONDS", 0.1)
    async with connect(app, "/ws/analytics", bearer(viewer)) as socket:
        assert (await socket.heard())["type"] == "analytics"
        for _ in range(2):
            assert (await socket.heard())["type"] == "heartbeat"


async def test_who_does_not_read_is_let_go(app: FastAPI, viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a slow reader is bounded in number and in time."""
    monkeypatch.setattr(sockets, "SEND_SECONDS", 0.2)
    async with connect(app, "/ws/analytics", bearer(viewer), reads=1) as socket:
        assert (await socket.heard())["type"] == "analytics"
        async with asyncio.timeout(10):
            while sockets._open:
                await publish_now("dashboard", {})
                await asyncio.sleep(0.05)


async def test_a_flood_of_hints_is_one_word(app: FastAPI, viewer: Client) -> None:
    async with connect(app, "/ws/analytics", bearer(viewer)) as socket:
        await socket.heard()
        for _ in range(QUEUE_LIMIT * 3):
            hub.deliver("dashboard", {})
        assert all(queue.qsize() <= QUEUE_LIMIT for queue in hub._queues["dashboard"])
        await socket.heard()
        await asyncio.sleep(3 * sockets.CALM_SECONDS)
        assert socket.from_app.qsize() <= 2


async def test_notices_are_told_from_where_one_stopped(app: FastAPI, viewer: Client) -> None:
    async with transaction() as session:
        for number in range(7):
            await notify(session, title=f"Notice {number}")
    async with transaction() as session:
        found = (await session.execute(text("SELECT id, title FROM notifications ORDER BY id"))).all()
        ids, titles = [str(one.id) for one in found], [one.title for one in found]
    async with connect(app, "/ws/notifications", bearer(viewer), query=f"after={ids[2]}") as socket:
        heard = [(await socket.heard())["id"] for _ in range(4)]
        assert heard == ids[3:], "each once, oldest first"
        async with transaction() as session:
            await notify(session, title="Another")
        assert (await socket.heard())["title"] == "Another"
    async with transaction() as session:
        await mark_notifications_read(session, (await token_actor(session, token_of(viewer))))
    async with connect(app, "/ws/notifications", bearer(viewer), query=f"after={ids[5]}") as socket:
        assert [(await socket.heard())["title"] for _ in range(2)] == [titles[6], "Another"], "read ones too"


async def test_a_notice_committed_late_is_told_to_who_was_told_a_later_one(app: FastAPI, viewer: Client) -> None:
    """Its id and its moment are those of its transaction, which began first; so is what somebody has seen."""
    async with connect(app, "/ws/notifications", bearer(viewer)) as socket:
        async with transaction() as slow:
            await notify(slow, title="Early")
            async with transaction() as session:
                await notify(session, title="Late")
            late = await socket.heard()
            async with transaction() as session:
                await mark_notifications_read(session, (await token_actor(session, token_of(viewer))))
        early = await socket.heard()
    assert (late["title"], early["title"]) == ("Late", "Early")
    assert early["id"] < late["id"]
    async with connect(app, "/ws/notifications", bearer(viewer), query=f"after={late['id']}") as socket:
        assert (await socket.heard())["title"] == "Early"
        await asyncio.sleep(2 * sockets.CALM_SECONDS)
        assert socket.from_app.empty(), "each once"
    async with connect(app, "/ws/notifications", bearer(viewer)) as socket:
        assert (await socket.heard())["title"] == "Early", "nobody has looked at it"


async def test_a_notice_that_is_not_kept_any_more_says_where_to_go_on(app: FastAPI, viewer: Client) -> None:
    async with transaction() as session:
        for number in range(4):
            await notify(session, title=f"Notice {number}")
    async with transaction() as session:
        ids = [str(one) for one in (await session.execute(text("SELECT id FROM notifications ORDER BY id"))).scalars()]
        await session.execute(text("DELETE FROM notifications WHERE id = :id"), {"id": ids[1]})
    async with connect(app, "/ws/notifications", bearer(viewer), query=f"after={ids[1]}") as socket:
        assert [(await socket.heard())["id"] for _ in range(2)] == ids[2:]


async def test_notices_of_others_are_not_told_to_who_asks_from_the_beginning(app: FastAPI, viewer: Client) -> None:
    async with transaction() as session:
        other = (await session.execute(text("SELECT id FROM users WHERE role = 'admin'"))).scalar_one()
        await notify(session, title="For the admin", user_id=other)
        await notify(session, title="For everybody")
    first = "00000000-0000-7000-8000-000000000000"
    async with connect(app, "/ws/notifications", bearer(viewer), query=f"after={first}") as socket:
        assert (await socket.heard())["title"] == "For everybody"
        await asyncio.sleep(2 * sockets.CALM_SECONDS)
        assert socket.from_app.empty()


async def test_more_than_a_page_was_missed(app: FastAPI, viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liquor_app.organization.bell.MOST_SINCE", 3)
    async with transaction() as session:
        for number in range(8):
            await notify(session, title=f"Notice {number}")
    first = "00000000-0000-7000-8000-000000000000"
    async with connect(app, "/ws/notifications", bearer(viewer), query=f"after={first}") as socket:
        heard = [await socket.heard() for _ in range(8)]
    assert sorted(one["title"] for one in heard) == [f"Notice {number}" for number in range(8)]
    ids = [one["id"] for one in heard]
    assert ids == sorted(ids), "of one millisecond in any order, but in one"


async def test_the_sockets_are_described(anybody: Client) -> None:
    """Every socket there is, with a model for each word it says."""
    document = (await anybody.http.get("/asyncapi.json")).json()
    told = {one.path for router in AT_ROOT for one in router.routes if isinstance(one, APIWebSocketRoute)}
    assert {channel["address"] for channel in document["channels"].values()} == told
    assert document["asyncapi"] == "3.0.0"
    known = document["components"]
    for message in known["messages"].values():
        assert message["payload"]["$ref"].rpartition("/")[2] in known["schemas"]
    for channel in document["channels"].values():
        assert {"Heartbeat", "AuthMessage"} < set(channel["messages"])
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].rpartition("/")[2] in document["channels"]


async def test_what_is_said_is_what_is_described(app: FastAPI, viewer: Client) -> None:
    """Real words of each socket against its schema."""
    document = asyncapi("x", "1", SOCKETS)
    schemas = document["components"]["schemas"]
    campaign_id = await campaign()
    async with transaction() as session:
        await notify(session, title="Hello")
    for path, doc in SOCKETS.items():
        async with connect(app, path.replace("{id}", str(campaign_id)), bearer(viewer)) as socket:
            said = await socket.heard()
        assert doc.message.model_validate(said).model_dump(mode="json") == said
        assert set(said) == set(schemas[doc.message.__name__]["properties"])


NONSENSE = ["x", "%00", "1", "../analytics", "9" * 5000, "0192-not-an-id", "{id}"]


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_an_address_that_makes_no_sense_is_closed_as_it_is_documented(
    app: FastAPI, viewer: Client, nonsense: str
) -> None:
    """Not refused in the handshake, of which browsers tell their pages nothing; and strangers learn no more by it."""
    places = [("/ws/notifications", f"after={nonsense}")]
    if "/" not in nonsense:
        places.append((f"/ws/campaign/{nonsense}/status", ""))
    for path, query in places:
        async with connect(app, path, bearer(viewer), query=query) as socket:
            assert await socket.closed() == 4422, path
        async with connect(app, path, query=query) as socket:
            await socket.say({"type": "auth", "token": "nobody"})
            assert await socket.closed() == 4401, path


async def test_what_a_socket_closes_with_is_what_is_described(anybody: Client) -> None:
    described = asyncapi("x", "1", SOCKETS)["info"]["description"]
    for code in ("4401", "4403", "4404", "4422", "1008", "1009", "1013"):
        assert code in described
        assert code in (PROJECT_ROOT / "docs" / "api.md").read_text()

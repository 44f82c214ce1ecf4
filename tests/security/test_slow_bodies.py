"""Half-sent bodies, bodies that dribble, and too many at once, against a real web server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message, Scope

from liquor_app.accounts.models import Role
from liquor_app.api import body_limits, socket_bounds
from liquor_app.api.body_limits import Edge
from liquor_app.api.client_address import source_site
from liquor_app.core.admission import Crowd
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.platform.child_process import allow_many_files, free_port
from liquor_app.core.platform.frontend import CROWDED
from tests.api.client import PASSWORD, Client, address_of
from tests.conftest import Engines

pytestmark = pytest.mark.integration

HEAD = (
    "POST /api/v1/auth/login HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n"
    "Content-Length: 1000\r\n\r\n"
)


@pytest.fixture
async def port(database: str, engines: Engines) -> AsyncIterator[int]:
    """The API under the web server that production uses."""
    allow_many_files()
    chosen = free_port()
    argv = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(chosen)]
    argv += [*CROWDED, "--log-level", "warning", "--workers-kill-timeout", "1s", "tests.security.impatient:impatient"]
    process = subprocess.Popen(argv, cwd=PROJECT_ROOT, env={**os.environ, "LIQUOR_TRUSTED_PROXIES": "127.0.0.1"})  # noqa: ASYNC220
    try:
        async with httpx.AsyncClient() as client:
            for _ in range(600):  # it only has to come up; on a busy machine that takes a while
                try:
                    await client.get(f"http://127.0.0.1:{chosen}/api/v1/health/live")
                    break
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
        yield chosen
    finally:
        process.terminate()
        process.wait(10)


async def half(port: int, site: str = "192.0.2.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A request whose body does not come on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD.replace("\r\n\r\n", f"\r\nX-Forwarded-For: {site}\r\n\r\n").encode() + b"{")
    await writer.drain()
    return reader, writer


async def status(reader: asyncio.StreamReader) -> int:
    return int((await reader.readline()).split()[1])


@pytest.mark.proof
async def test_1500_half_sent_bodies_leave_the_shop_open(port: int) -> None:
    held = [await half(port) for _ in range(1500)]
    answers = await asyncio.gather(*(asyncio.wait_for(status(reader), 10) for reader, _ in held))
    assert set(answers) == {408}
    held = [await half(port) for _ in range(1500)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=3) as client:
        for _ in range(5):
            assert (await client.get("/health/live")).status_code == 200
    for _, writer in held:
        writer.close()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=5) as client:
        for _ in range(50):  # whoever hangs up makes room
            answer = await client.post("/auth/login", json={"email": "a@example.com", "password": "nobody's"})
            if answer.status_code != 429:
                break
            await asyncio.sleep(0.1)
        assert answer.status_code == 401


async def test_a_body_that_stops_coming_is_cut_off(port: int) -> None:
    reader, writer = await half(port)
    dribble = asyncio.create_task(drip(writer))
    try:
        assert await asyncio.wait_for(status(reader), 3) == 408
    finally:
        dribble.cancel()
        writer.close()


async def drip(writer: asyncio.StreamWriter) -> None:
    """A byte now and then."""
    while True:
        await asyncio.sleep(0.5)
        writer.write(b" ")


class Sender:
    """A client that sends so many bytes each time it is asked, after so many seconds."""

    def __init__(self, part: int, seconds: float, parts: int) -> None:
        self.part, self.seconds, self.parts = part, seconds, parts

    async def receive(self) -> Message:
        await asyncio.sleep(self.seconds)
        self.parts -= 1
        return {"type": "http.request", "body": b"x" * self.part, "more_body": self.parts > 0}


async def sent(sender: Sender, source: str = "192.0.2.1") -> str:
    """What became of it: "whole", or the status it was refused with."""
    outcome = ""

    async def app(scope: Scope, receive: object, send: object) -> None:
        nonlocal outcome
        more = True
        while more:
            more = (await receive())["more_body"]  # type: ignore[operator]
        outcome = "whole"

    async def send(message: Message) -> None:
        nonlocal outcome
        if message["type"] == "http.response.start":
            outcome = str(message["status"])

    scope = {
        "type": "http", "method": "POST", "path": "/x", "query_string": b"",
        "headers": [(b"transfer-encoding", b"chunked")], "client": (source, 1),
    }  # fmt: skip
    try:
        await Edge(app, {})(scope, sender.receive, send)
    except Exception as error:
        return str(getattr(error, "status_code", error))
    return outcome


async def test_the_least_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(body_limits, "LEAST_PACE", 10_000)
    assert await sent(Sender(2_000, 0.1, 6)) == "whole"  # 20,000 a second, longer than the grace
    assert await sent(Sender(200, 0.1, 60)) == "408"  # 2,000
    assert await sent(Sender(0, 5, 1)) == "408"
    assert await sent(Sender(1, 0.03, 400)) == "408"  # no part is long in coming
    monkeypatch.setattr(body_limits, "LONGEST_SECONDS", 0.4)
    assert await sent(Sender(10_000, 0.1, 60)) == "408"  # fast enough, without an end


async def test_a_full_house_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one source as of all together the one that is furthest behind goes, and nobody who comes is refused."""
    monkeypatch.setattr(body_limits, "BODIES", Crowd(of_one=3, in_all=5))
    slow = [asyncio.create_task(sent(Sender(1, 0.5, 1))) for _ in range(3)]
    await asyncio.sleep(0.1)
    fourth = asyncio.create_task(sent(Sender(1, 0.3, 1)))
    await asyncio.sleep(0.1)
    others = [asyncio.create_task(sent(Sender(1, 0.3, 1), f"192.0.2.{n}")) for n in (2, 3)]
    await asyncio.sleep(0.1)
    assert len(body_limits.BODIES) == 5
    last = asyncio.create_task(sent(Sender(1, 0.3, 1), "192.0.2.4"))
    assert await sent(Sender(1, 0, 1), "192.0.2.5") == "whole"
    assert sorted(await asyncio.gather(*slow)) == ["408", "408", "whole"], "whichever of three alike"
    assert await asyncio.gather(fourth, *others, last) == ["whole"] * 4
    assert len(body_limits.BODIES) == 0


async def test_what_comes_steadily_keeps_its_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "BODIES", Crowd(of_one=3, in_all=3))
    steady = asyncio.create_task(sent(Sender(100_000, 0.1, 10)))
    await asyncio.sleep(0.15)
    stalled = [asyncio.create_task(sent(Sender(1, 5, 1))) for _ in range(8)]
    assert await steady == "whole"
    for one in stalled:
        one.cancel()


async def test_the_fuller_the_less_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "GRACE_SECONDS", 2.0)
    monkeypatch.setattr(body_limits, "LEAST_PATIENCE", 0.1)
    monkeypatch.setattr(body_limits, "BODIES", Crowd(of_one=1, in_all=1))
    async with asyncio.timeout(1):
        assert await sent(Sender(1, 1.5, 1)) == "408"


def test_a_site_is_one_source() -> None:
    assert len({source_site(f"2001:db8:1:{n}::1") for n in range(8)}) == 1
    assert source_site("2001:db8:1::1") != source_site("2001:db8:2::1")
    assert source_site("192.0.2.1") == "192.0.2.1"


@pytest.mark.proof
async def test_eight_addresses_do_not_stop_everybody(port: int, anybody: Client) -> None:
    """Every seat is held by half a body, reopened whenever one is cut off; what others send is answered."""
    sites = [f"2001:db8:{n}::1" for n in range(8)]

    async def hold(site: str) -> None:
        while True:
            reader, writer = await half(port, site)
            await reader.readline()
            writer.close()

    holders = [asyncio.create_task(hold(site)) for site in sites for _ in range(body_limits.BODIES.of_one)]
    try:
        await asyncio.sleep(1)
        headers = {"X-Forwarded-For": "192.0.2.77", "Origin": f"http://127.0.0.1:{port}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=5) as client:
            for _ in range(3):
                wrong = await client.post("/api/v1/auth/login", json={"email": "a@example.com", "password": "nobody"})
                assert wrong.status_code == 401
                form = await client.post("/session/login", data={"email": "a@example.com", "password": "nobody"})
                assert form.status_code == 303
                hook = await client.post("/webhooks/nobody", json={"events": []})
                assert hook.status_code not in (408, 429)
                signed_in = await client.post(
                    "/api/v1/auth/login", json={"email": address_of(Role.ADMIN), "password": PASSWORD}
                )
                bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
                # one that comes in two parts, and so needs a seat
                assert await in_two_parts(port, bearer) == 422
                assert await in_two_parts(port, {}) == 401
    finally:
        for holder in holders:
            holder.cancel()


async def in_two_parts(port: int, headers: dict[str, str]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(
        f"POST /api/v1/customers HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 192.0.2.77\r\n{said}"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{".encode()
    )
    await writer.drain()
    await asyncio.sleep(0.3)
    writer.write(b"}")
    await writer.drain()
    answer = await asyncio.wait_for(status(reader), 5)
    writer.close()
    return answer


async def test_strangers_open_so_many_sockets_and_say_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_bounds, "EVENT_STRANGERS", Crowd(of_one=2, in_all=10))
    heard: list[Message] = []

    async def app(scope: Scope, receive: object, send: object) -> None:
        heard.append(await receive())  # type: ignore[operator]
        await asyncio.sleep(0.2)

    async def knows(scope: Scope) -> bool:
        return bool(scope["headers"])

    async def opens(size: int, *, is_known: bool) -> list[Message]:
        said: list[Message] = []

        async def send(message: Message) -> None:
            said.append(message)

        async def receive() -> Message:
            return {"type": "websocket.receive", "text": f'42/_event,["event","{"x" * size}"]'}

        headers = [(b"cookie", b"x")] if is_known else []
        await Edge(app, {}, knows)(
            {"type": "websocket", "path": "/_event", "headers": headers, "client": ("192.0.2.1", 1)}, receive, send
        )
        return said

    small = [asyncio.create_task(opens(10, is_known=False)) for _ in range(2)]
    await asyncio.sleep(0.05)
    assert await opens(10, is_known=False) == [{"type": "websocket.close", "code": 1013}]
    assert await opens(100_000, is_known=True) == []
    assert await asyncio.gather(*small) == [[], []]
    heard.clear()
    assert await opens(100_000, is_known=False) == [{"type": "websocket.close", "code": 1009}]
    assert heard == [{"type": "websocket.disconnect", "code": 1009}]
    assert (await opens(2_000_000, is_known=True))[0]["code"] == 1009

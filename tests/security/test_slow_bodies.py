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

from liquor_app.api import edge
from liquor_app.api.edge import Edge
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.crowd import Crowd
from liquor_app.core.frontend import CROWDED
from liquor_app.core.process import allow_many_files, free_port
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
    process = subprocess.Popen(argv, cwd=PROJECT_ROOT, env=os.environ)  # noqa: ASYNC220
    try:
        async with httpx.AsyncClient() as client:
            for _ in range(200):
                try:
                    await client.get(f"http://127.0.0.1:{chosen}/api/v1/health/live")
                    break
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
        yield chosen
    finally:
        process.terminate()
        process.wait(10)


async def half(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A request whose body does not come on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD.encode() + b"{")
    await writer.drain()
    return reader, writer


async def status(reader: asyncio.StreamReader) -> int:
    return int((await reader.readline()).split()[1])


async def test_1500_half_sent_bodies_leave_the_shop_open(port: int) -> None:
    held = [await half(port) for _ in range(1500)]
    answers = await asyncio.gather(*(asyncio.wait_for(status(reader), 10) for reader, _ in held))
    assert set(answers) == {408, 429}
    assert answers.count(408) <= edge.BODIES.of_one
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
    monkeypatch.setattr(edge, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(edge, "LEAST_PACE", 10_000)
    assert await sent(Sender(2_000, 0.1, 6)) == "whole"  # 20,000 a second, longer than the grace
    assert await sent(Sender(200, 0.1, 60)) == "408"  # 2,000
    assert await sent(Sender(0, 5, 1)) == "408"
    monkeypatch.setattr(edge, "LONGEST_SECONDS", 0.4)
    assert await sent(Sender(10_000, 0.1, 60)) == "408"  # fast enough, without an end


async def test_so_many_of_one_source_and_so_many_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "BODIES", Crowd(of_one=3, in_all=5))
    slow = [asyncio.create_task(sent(Sender(1, 0.3, 1))) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert await sent(Sender(1, 0, 1)) == "429"
    assert await sent(Sender(1, 0, 1), "192.0.2.2") == "whole"
    slow += [asyncio.create_task(sent(Sender(1, 0.3, 1), "192.0.2.3")) for _ in range(2)]
    await asyncio.sleep(0.05)
    assert await sent(Sender(1, 0, 1), "192.0.2.4") == "429"
    assert await asyncio.gather(*slow) == ["whole"] * 5
    assert len(edge.BODIES) == 0
    assert await sent(Sender(1, 0, 1)) == "whole"


async def test_strangers_open_so_many_sockets_and_say_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "STRANGERS", Crowd(of_one=2, in_all=10))
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
            return {"type": "websocket.receive", "text": "x" * size}

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

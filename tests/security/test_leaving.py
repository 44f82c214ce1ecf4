"""Who has gone costs nothing more; who writes is finished all the same; slow work has seats of its own."""

from __future__ import annotations

import asyncio
import threading

import pytest
from fastapi import FastAPI, HTTPException, Request
from starlette.types import Message

from liquor_app.api.client_gone import Leaving
from liquor_app.core.errors import TooMany
from liquor_app.core.thread_lanes import Lane


class Visit:
    """One request, whose client may go at any moment."""

    def __init__(self, method: str, path: str) -> None:
        self.scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [], "http_version": "1.1", "scheme": "http", "server": ("shop.test", 80), "root_path": "",
        }  # fmt: skip
        self.inbox: asyncio.Queue[Message | Exception] = asyncio.Queue()
        self.inbox.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        self.answers: list[Message] = []

    async def receive(self) -> Message:
        message = await self.inbox.get()
        if isinstance(message, Exception):
            raise message
        return message

    async def send(self, message: Message) -> None:
        self.answers.append(message)

    def leave(self) -> None:
        self.inbox.put_nowait({"type": "http.disconnect"})

    @property
    def status(self) -> int | None:
        return self.answers[0]["status"] if self.answers else None


class Shop:
    """Answers slowly, and notes what became of its work."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.began, self.fates = asyncio.Event(), list[str]()
        for path in ("/work", "/templates/1/preview", "/pages"):
            self.app.api_route(path, methods=["GET", "POST"])(self.work)
        self.app.post("/body")(self.read)
        self.app.add_middleware(Leaving)

    async def work(self) -> str:
        self.began.set()
        try:
            await asyncio.sleep(0.3)
        except asyncio.CancelledError:
            self.fates.append("stopped")
            raise
        self.fates.append("finished")
        return "done"

    async def read(self, request: Request) -> int:
        return len(await request.body())


@pytest.mark.parametrize(
    ("method", "path", "fate"),
    [
        ("GET", "/work", "stopped"),
        ("POST", "/templates/1/preview", "stopped"),
        ("POST", "/work", "finished"),
    ],
)
async def test_work_for_whoever_has_gone(method: str, path: str, fate: str) -> None:
    shop, visit = Shop(), Visit(method, path)
    answering = asyncio.create_task(shop.app(visit.scope, visit.receive, visit.send))
    await shop.began.wait()
    visit.leave()
    await answering
    assert shop.fates == [fate]


async def test_who_stays_is_answered() -> None:
    shop, visit = Shop(), Visit("GET", "/work")
    await shop.app(visit.scope, visit.receive, visit.send)
    assert (visit.status, shop.fates) == (200, ["finished"])


async def test_what_goes_wrong_with_a_body_is_still_told() -> None:
    """A layer outside that cuts a body off is heard by the app, which answers."""
    shop = Shop()
    shop.app.post("/slow/preview")(shop.read)
    visit = Visit("POST", "/slow/preview")
    visit.inbox.get_nowait()
    visit.inbox.put_nowait(HTTPException(408, "too slow"))
    await shop.app(visit.scope, visit.receive, visit.send)
    assert visit.status == 408


async def test_a_lane_has_seats_and_an_end() -> None:
    lane, gate = Lane("files", threads=1, waiting=3), threading.Event()
    inside = [asyncio.create_task(lane.run(gate.wait, 20)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany, match="Too many files"):
        await lane.run(gate.wait, 20)
    inside[2].cancel()
    inside[0].cancel()
    await asyncio.sleep(0.05)
    late = asyncio.create_task(lane.run(gate.wait, 20))  # in the place of the one who had not begun
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await lane.run(gate.wait, 20)  # the thread is still busy with what was given up
    gate.set()
    assert await inside[1] is True
    assert await late is True
    assert await lane.run(lambda: 4) == 4

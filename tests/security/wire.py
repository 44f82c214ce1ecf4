"""A browser tab as an attacker has it: Reflex's own event socket, processor and store of states, without a browser.

What is sent is what any program can send; what comes back is everything the server pushes to that tab.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis
from reflex.app import EventNamespace
from reflex.utils import format as words

from liquor_app.accounts.cookies import SESSION
from liquor_app.api.socket_bounds import KNOWN
from liquor_app.core.pubsub import hub
from liquor_app.liquor_app import app
from liquor_app.rest.kit.authentication import has_session
from liquor_app.screens.session.tab_store import TabStates

BOOT = "reflex___state____state.hydrate_and_load"


def name_of(handler: Any) -> str:
    """How a browser calls an event: `name_of(ShellState.live)`."""
    return str(words.format_event_handler(handler))


class Wire:
    """The server's end of all event sockets of one process."""

    def __init__(self, namespace: EventNamespace, redis: Redis) -> None:
        self.namespace, self.redis = namespace, redis
        self.pushed: dict[str, list[dict[str, Any]]] = {}

    async def emit(self, event: str, data: Any = None, *, to: str = "", **options: Any) -> None:
        said = json.loads(words.json_dumps(data))
        self.pushed.setdefault(to, []).append({"event": event, "data": said})

    async def connect(
        self, path: str, cookie: str = "", *, token: str = "", boots: bool = True, source: str = "192.0.2.1"
    ) -> Tab:
        """Open a socket; with `boots` as the script of a page at `path` does on load."""
        tab = Tab(self, uuid4().hex, token or str(uuid4()), path)
        headers = [(b"host", b"shop.test"), (b"origin", b"http://shop.test"), (b"user-agent", b"test")]
        if cookie:
            headers.append((b"cookie", f"{SESSION}={cookie}".encode()))
        scope: dict[str, Any] = {"headers": headers, "client": (source, 4711), "type": "websocket"}
        scope[KNOWN] = await has_session(scope)
        environ = {"QUERY_STRING": f"token={tab.token}", "asgi.scope": scope}
        await self.namespace.on_connect(tab.sid, environ, {"event": tab.event(BOOT)} if boots else None)
        return tab


class Tab:
    """One socket."""

    def __init__(self, wire: Wire, sid: str, token: str, path: str) -> None:
        self.wire, self.sid, self.token, self.path = wire, sid, token, path

    def event(self, event: str, /, **payload: Any) -> dict[str, Any]:
        router = {"pathname": self.path, "query": {}, "asPath": self.path}
        return {"name": event, "payload": payload, "router_data": router}

    async def send(self, handler: Any, /, **payload: Any) -> None:
        await self.wire.namespace.on_event(self.sid, self.event(name_of(handler), **payload))

    async def leave(self) -> None:
        task = self.wire.namespace.on_disconnect(self.sid)
        if task is not None:
            await task

    @property
    def heard(self) -> list[dict[str, Any]]:
        return self.wire.pushed.setdefault(self.sid, [])

    def text(self, since: int = 0) -> str:
        """Everything pushed to this tab, as text."""
        return json.dumps(self.heard[since:])

    async def until(self, part: str, since: int = 0, seconds: float = 10) -> None:
        """Wait until something with `part` in it has been pushed."""
        async with asyncio.timeout(seconds):
            while part not in self.text(since):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def running() -> int:
    """How many events are being worked on or waiting."""
    processor = app._event_processor
    assert processor is not None
    return len(processor._tasks)


async def quiet(seconds: float = 10) -> None:
    """Wait until nothing is being worked on."""
    await asyncio.sleep(0.1)
    async with asyncio.timeout(seconds):
        while running():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def wired(redis_url: str) -> AsyncIterator[Wire]:
    """The event socket of the product's own app, on the states in this Redis."""
    redis = Redis.from_url(redis_url)
    before, namespace = app._state_manager, app.event_namespace
    assert namespace is not None
    app._state_manager = TabStates(redis=redis)
    wire = Wire(namespace, redis)
    namespace.emit = wire.emit
    listening = asyncio.create_task(hub.run())
    try:
        async with app._setup_event_processor():
            yield wire
    finally:
        del namespace.emit
        await app._state_manager.close()
        app._state_manager = before
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await redis.aclose()

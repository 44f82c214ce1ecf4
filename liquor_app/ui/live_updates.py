"""Live pages: a background event per tab that hears hints from Redis and reads again.

    @background
    async def live(self) -> None:
        async for _ in follow(self, "dashboard"):
            async with self:
                await self._refresh()

The loop ends by itself when the tab disconnects, moves to another page, or starts a newer loop of the same state;
`screens.session.background` ends it when the session does.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import reflex as rx

from liquor_app.core.pubsub import Message, hub

CALM = 0.15
"""Hints that come within this many seconds of each other cause one refresh."""

CHECK_SECONDS = 4.0
"""How often a quiet loop asks whether it is still wanted; shorter than what its session may go unread."""

_connected: Callable[[str], bool] = lambda token: True  # noqa: E731 - replaced by `install`
_newest: dict[tuple[str, str], str] = defaultdict(str)


def install(app: rx.App) -> None:
    """Let loops see which tabs are still connected."""
    global _connected  # noqa: PLW0603 - one app a process

    def connected(token: str) -> bool:
        namespace = app.event_namespace
        return namespace is None or token in namespace.token_to_sid

    _connected = connected


async def listen() -> None:
    """The process's one Redis subscription; a lifespan task."""
    await hub.run()


async def follow(state: Any, *topics: str) -> AsyncIterator[list[Message]]:
    """Batches of hints on `topics`, for as long as the tab shows this page."""
    token = str(state.router.session.client_token)
    path = str(state.router.url.path)
    # a background event holds its state in a proxy: its class says nothing of whose it is
    key, own = (token, state.get_full_name()), uuid4().hex
    _newest[key] = own
    try:
        async with hub.subscribe(*topics) as queue:
            while True:
                batch: list[Message] = []
                try:
                    batch.append(await asyncio.wait_for(queue.get(), CHECK_SECONDS))
                    await asyncio.sleep(CALM)
                    while not queue.empty():
                        batch.append(queue.get_nowait())
                except TimeoutError:
                    pass
                if _newest.get(key) != own or not _connected(token):
                    return
                async with state:
                    here = str(state.router.url.path) == path
                if not here:
                    return
                if batch:
                    yield batch
    finally:
        if _newest.get(key) == own:
            del _newest[key]

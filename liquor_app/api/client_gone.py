"""Work for whoever has gone is stopped: a browser that closes, or a program that gave up, leaves no query running.

Only for requests that change nothing; what was begun by a write is finished, because its sender may never know.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

QUESTIONS = ("/preview",)
"""How the path of a POST ends that only asks."""


class Leaving:
    """An ASGI layer: cancels what answers a question when its connection ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _only_asks(scope):
            await self._app(scope, receive, send)
            return
        came: asyncio.Queue[Message | Exception] = asyncio.Queue(maxsize=1)

        async def handed_on() -> Message:
            message = await came.get()
            if isinstance(message, Exception):
                raise message
            return message

        answering = asyncio.ensure_future(self._app(scope, handed_on, send))
        listening = asyncio.ensure_future(_listen(receive, came))
        try:
            await asyncio.wait({answering, listening}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done() and listening.result():
                answering.cancel()
            await asyncio.wait({answering})
            if not answering.cancelled():
                answering.result()
        finally:
            answering.cancel()
            listening.cancel()


def _only_asks(scope: Scope) -> bool:
    return scope["method"] in {"GET", "HEAD"} or (scope["method"] == "POST" and scope["path"].endswith(QUESTIONS))


async def _listen(receive: Receive, came: asyncio.Queue[Message | Exception]) -> bool:
    """Hands on what comes, and what goes wrong with it; whether the connection has ended."""
    while True:
        try:
            message = await receive()
        except Exception as error:
            await came.put(error)
            return False
        if message["type"] == "http.disconnect":
            return True
        await came.put(message)

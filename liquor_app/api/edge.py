"""Around everything the product answers: bodies and socket messages have a size, a pace and an end, and so many of them
at once; answers have their security headers.

A stranger needs no account to send half a body, or to open a socket and say nothing. What is still coming in is
counted by where it comes from, and cut off when it does not come on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from fastapi import HTTPException, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liquor_app.api.problems import problem
from liquor_app.api.source import source_group, source_of
from liquor_app.core.config import get_settings
from liquor_app.core.crowd import Crowd
from liquor_app.core.texts import UNSTORABLE

MAX_BODY = 1024 * 1024
"""Bytes of a request, where nothing else is said."""
RATE_WINDOW = 60
GRACE_SECONDS = 10.0
"""A body may take this long whatever its pace, and longer only if it keeps coming."""
LEAST_PACE = 16 * 1024
"""Bytes a second after that, on the whole: an import over a slow line."""
LONGEST_SECONDS = 900.0
LEAST_PATIENCE = 0.5
"""Seconds for a part to be handed over that may be here already."""
BODIES = Crowd(of_one=64, in_all=512)
"""Bodies on their way in. Fewer than a web process serves requests at once, so that the rest are answered."""
STRANGERS = Crowd(of_one=100, in_all=1000)
"""Sockets of nobody signed in."""
MAX_MESSAGE = 1024 * 1024
STRANGERS_MESSAGE = 16 * 1024
"""Bytes of one message on a socket."""
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For what is no page."""
KNOWN = "liquor.known"
"""In a WebSocket's scope: whether somebody signed in opened it."""

Knows = Callable[[Scope], Awaitable[bool]]


class Edge:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, large_bodies: dict[str, int], knows: Knows | None = None) -> None:
        self._app = app
        self._large_bodies = large_bodies
        self._knows = knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        # a copy of our own: the server may hand the same object to every request
        scope = {**scope, "state": dict(scope.get("state") or {})}
        allowed = self._large_bodies.get(path, MAX_BODY)
        body = _Body(scope, receive, allowed)

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add_headers(headers, path, scope["state"].get("rate_limit"))
                if not body.is_whole:  # what is left of it would be taken for the next request
                    headers["connection"] = "close"
            await send(message)

        if body.told > allowed:
            await problem(413, "content_too_large", body.too_large)(scope, receive, headed)
        elif "\x00" in path or b"%00" in scope["query_string"]:
            await problem(422, "invalid", f"The address {UNSTORABLE}.")(scope, receive, headed)
        elif not body.enter():
            await _busy()(scope, receive, headed)
        else:
            try:
                await self._app(scope, body.receive, headed)
            finally:
                body.leave()

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_known = self._knows is not None and await self._knows(scope)
        source, limit = source_group(source_of(scope)), MAX_MESSAGE if is_known else STRANGERS_MESSAGE
        if not is_known and not STRANGERS.enter(source):
            await send({"type": "websocket.close", "code": 1013})
            return

        async def measured() -> Message:
            message = await receive()
            if len(message.get("bytes") or message.get("text") or "") > limit:
                await send({"type": "websocket.close", "code": 1009})
                return {"type": "websocket.disconnect", "code": 1009}
            return message

        try:
            await self._app({**scope, KNOWN: is_known}, measured, send)
        finally:
            if not is_known:
                STRANGERS.leave(source)


class _Body:
    """A request's body while it comes in."""

    def __init__(self, scope: Scope, receive: Receive, allowed: int) -> None:
        headers = Headers(scope=scope)
        self.told = int(_digits(headers.get("content-length")))
        self.is_whole = not self.told and "transfer-encoding" not in headers
        self.too_large = f"The request is larger than {allowed // 1024:,} KiB."
        self._receive, self._allowed, self._source = receive, allowed, source_group(source_of(scope))
        self._came, self._waited, self._is_counted = 0, 0.0, False

    def enter(self) -> bool:
        self._is_counted = not self.is_whole and BODIES.enter(self._source)
        return self.is_whole or self._is_counted

    def leave(self) -> None:
        if self._is_counted:
            self._is_counted = False
            BODIES.leave(self._source)

    async def receive(self) -> Message:
        """The next part.

        Raises:
            HTTPException: there is more of it than allowed, or it comes too slowly.
        """
        if self.is_whole:
            return await self._receive()
        patience, began = self._patience(), time.monotonic()
        try:
            if patience <= -LEAST_PATIENCE:
                raise TimeoutError
            message = await asyncio.wait_for(self._receive(), max(patience, LEAST_PATIENCE))
        except TimeoutError:
            raise HTTPException(408, "The request took too long to come in. Please send it again.") from None
        self._waited += time.monotonic() - began
        self._came += len(message.get("body", b""))
        if self._came > self._allowed:
            raise HTTPException(413, self.too_large)
        if not message.get("more_body", False):
            self.is_whole = True
            self.leave()
        return message

    def _patience(self) -> float:
        """Seconds left to wait for the next part: until all that has come would have come at the least pace. Only
        waiting counts: what a busy machine does between two parts is not its sender's fault."""
        return min(GRACE_SECONDS + self._came / LEAST_PACE, LONGEST_SECONDS) - self._waited


def _busy() -> Response:
    answer = problem(429, "too_many_requests", "Too many requests are being sent from here at once; please wait.")
    answer.headers["Retry-After"] = "10"
    return answer


def _digits(value: str | None) -> str:
    return value if value and value.isascii() and value.isdigit() and len(value) < 20 else "0"


def _add_headers(headers: MutableHeaders, path: str, rate: tuple[int, int] | None) -> None:
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "same-origin")
    headers.setdefault("x-frame-options", "DENY")
    headers.setdefault("cross-origin-opener-policy", "same-origin")
    headers.setdefault("permissions-policy", "camera=(), geolocation=(), microphone=()")
    if get_settings().secure_cookies:
        headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
    if path.startswith("/api/"):
        headers.setdefault("cache-control", "no-store")
    # pages say what they need: those of the app in `core.web`, those for recipients and the API's reference their own
    headers.setdefault("content-security-policy", NOTHING)
    if rate:
        limit, left = rate
        headers["ratelimit-limit"] = str(limit)
        headers["ratelimit-remaining"] = str(max(left, 0))
        headers["ratelimit-reset"] = str(RATE_WINDOW - int(time.time()) % RATE_WINDOW)

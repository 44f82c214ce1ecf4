"""Around everything the product answers: bodies and socket messages have a size, a pace and an end, and so many of them
at once; answers have their security headers.

A stranger needs no account to send half a body, or to open a socket and say nothing. What is still coming in is
counted by where it comes from, and cut off when it does not come on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liquor_app.api.client_address import address_of, source_of, source_site
from liquor_app.api.http_rate_limit import Quota, quota_headers
from liquor_app.api.problems import problem
from liquor_app.api.socket_bounds import KNOWN, NO_ROOM, SOCKET, Socket, failures
from liquor_app.core.admission import Crowd
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Unstorable
from liquor_app.core.ids import uuid7
from liquor_app.core.security.call_origin import CallOrigin, called_from
from liquor_app.core.storable_text import UNSTORABLE

MAX_BODY = 1024 * 1024
"""Bytes of a request, where nothing else is said."""
GRACE_SECONDS = 10.0
"""A body may take this long whatever its pace, and longer only if it keeps coming."""
LEAST_PACE = 16 * 1024
"""Bytes a second after that, on the whole: an import over a slow line."""
LONGEST_SECONDS = 900.0
LEAST_PATIENCE = 0.5
"""Seconds for a part to be handed over that may be here already."""
AT_ONCE_SECONDS = 0.05
"""What comes within this, in all, is not waited for."""
LEAST_GRACE = 0.2
"""Of the grace, while every seat is taken."""
SESSION_COOKIE = "liquor_session"
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
ENCODED = "Send the body as it is: compressed ones are not taken."
"""Read as they came they were rows nobody can read; unpacked they could be any size."""
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For what is no page."""

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
        allowed = self._large_bodies.get(f"{scope['method']} {path}", MAX_BODY)
        body = _Body(scope, receive, allowed)
        origin = CallOrigin(address_of(scope), str(uuid7()))

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add_headers(headers, path, scope["state"].get("quotas", ()))
                headers["x-request-id"] = origin.via
                if not body.is_whole:  # what is left of it would be taken for the next request
                    headers["connection"] = "close"
            await send(message)

        if not body.is_whole and scope["method"] in WITH_BODY and body.encoding not in ("", "identity"):
            await problem(415, "unsupported_media_type", ENCODED)(scope, receive, headed)
        elif body.told > allowed:
            await problem(413, "content_too_large", body.too_large)(scope, receive, headed)
        elif "\x00" in path or b"%00" in scope["query_string"]:
            await problem(422, Unstorable.code, f"The address {UNSTORABLE}.")(scope, receive, headed)
        else:
            try:
                with called_from(origin):
                    await self._app(scope, body.receive, headed)
            finally:
                body.leave()

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_known = self._knows is not None and await self._knows(scope)
        socket = Socket(scope, receive, send, is_known=is_known)
        if not socket.enter():
            await send({"type": "websocket.close", "code": NO_ROOM})
            return
        try:
            with called_from(CallOrigin(address_of(scope), scope["path"])):
                await self._app({**scope, KNOWN: is_known, SOCKET: socket}, socket.receive, send)
        except Exception as error:
            failures.tell(error)
            with suppress(Exception):  # it may be closed already
                await send({"type": "websocket.close", "code": 1011})
        finally:
            socket.leave()


class _Body:
    """A request's body while it comes in. It takes a seat only if it has to be waited for: what comes whole with its
    head is answered however many others do not."""

    def __init__(self, scope: Scope, receive: Receive, allowed: int) -> None:
        headers = Headers(scope=scope)
        self.told = int(_digits(headers.get("content-length")))
        self.encoding = headers.get("content-encoding", "").strip().lower()
        self.is_whole = not self.told and "transfer-encoding" not in headers
        self.too_large = f"The request is larger than {allowed // 1024:,} KiB."
        self.source = source_site(source_of(scope))
        self._receive, self._allowed = receive, allowed
        self._crowd = NAMED_BODIES if _names_somebody(headers) else BODIES
        self._came, self._waited = 0, 0.0
        self._since: float | None = None
        self._room_made = asyncio.Event()

    def leave(self) -> None:
        self._crowd.leave(self)

    def make_room(self) -> None:
        self._room_made.set()

    def claim(self) -> float:
        """Return seconds it would still be waited for in an empty house."""
        waiting = time.monotonic() - self._since if self._since is not None else 0.0
        return self._patience(GRACE_SECONDS) - waiting

    async def receive(self) -> Message:
        """Return the next part.

        Raises:
            HTTPException: there is more of it than allowed, or it comes too slowly.
        """
        if self.is_whole:
            return await self._receive()
        self._since = time.monotonic()
        part = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait({part}, timeout=max(AT_ONCE_SECONDS - self._waited, 0))
            if not part.done():
                await self._wait(part)
        finally:
            self._waited += time.monotonic() - self._since
            self._since = None
            if not part.done():
                part.cancel()
        message = part.result()
        self._came += len(message.get("body", b""))
        if self._came > self._allowed:
            raise HTTPException(413, self.too_large)
        if not message.get("more_body", False):
            self.is_whole = True
            self.leave()
        return message

    async def _wait(self, part: asyncio.Future[Message]) -> None:
        """Wait for a part that is not here, on a seat."""
        if not self._room_made.is_set():
            self._crowd.enter(self)
        grace = GRACE_SECONDS * (1 - self._crowd.fullness * (1 - LEAST_GRACE))
        patience = self._patience(grace)
        made = asyncio.ensure_future(self._room_made.wait())
        waiting: set[asyncio.Future[Any]] = {part, made}
        try:
            if patience > -LEAST_PATIENCE:
                await asyncio.wait(waiting, timeout=max(patience, LEAST_PATIENCE), return_when=asyncio.FIRST_COMPLETED)
        finally:
            made.cancel()
        if not part.done():
            raise HTTPException(408, "The request took too long to come in. Please send it again.")

    def _patience(self, grace: float) -> float:
        """Return seconds left to wait for the next part: until all that has come would have come at the least pace.
        Only waiting counts: what a busy machine does between two parts is not its sender's fault."""
        return min(grace + self._came / LEAST_PACE, LONGEST_SECONDS) - self._waited


def _names_somebody(headers: Headers) -> bool:
    """Tell whether a request says it comes from somebody known. It decides which seats it takes, and nothing else."""
    return "authorization" in headers or "x-api-key" in headers or SESSION_COOKIE in headers.get("cookie", "")


BODIES: Crowd[_Body] = Crowd(of_one=64, in_all=512)
"""Bodies that are waited for. Fewer than a web process serves requests at once, so that the rest are answered."""
NAMED_BODIES: Crowd[_Body] = Crowd(of_one=64, in_all=256)
"""The same of requests that say whose they are: strangers do not take the seats of people at work."""


def _digits(value: str | None) -> str:
    return value if value and value.isascii() and value.isdigit() and len(value) < 20 else "0"


def _add_headers(headers: MutableHeaders, path: str, quotas: Sequence[Quota]) -> None:
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "same-origin")
    if "frame-ancestors https:" not in headers.get("content-security-policy", ""):
        headers.setdefault("x-frame-options", "DENY")
    headers.setdefault("cross-origin-opener-policy", "same-origin")
    headers.setdefault("permissions-policy", "camera=(), geolocation=(), microphone=()")
    if get_settings().secure_cookies:
        headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
    if path.startswith("/api/"):
        headers.setdefault("cache-control", "no-store")
    # pages say what they need: those of the app in `api.web_rules`, those for recipients and the API's
    # reference their own
    headers.setdefault("content-security-policy", NOTHING)
    if quotas:
        headers.update(quota_headers(quotas))

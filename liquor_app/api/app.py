"""The REST API as an ASGI app: routers in, problems and limits and headers around them.

Reflex is mounted inside it by the roof, so the middleware here sees every request the product answers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liquor_app.api.docs import page
from liquor_app.api.problems import install, problem
from liquor_app.core.config import get_settings
from liquor_app.core.texts import UNSTORABLE

PREFIX = "/api/v1"
VERSION = "1.0.0"
"""Of the interface, not of the software: a breaking change would be `/api/v2`."""
MAX_BODY = 1024 * 1024
"""Bytes of a request, where nothing else is said."""
RATE_WINDOW = 60
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
DESCRIPTION = """
JSON in, JSON out. Errors are RFC 9457 problem documents with a stable `code`. Lists are
`{"items", "next_cursor", "total", "total_is_exact"}`: pass `next_cursor` back as `cursor`. Times are ISO 8601 in UTC,
money is a decimal string. A POST that creates or starts something takes an `Idempotency-Key`; a PATCH takes the
`ETag` of what you read as `If-Match`. Sign in at `/api/v1/auth/login`, or send an API key in `X-API-Key`.
"""


def create_api(
    routers: Sequence[APIRouter],
    *,
    at_root: Sequence[APIRouter] = (),
    large_bodies: dict[str, int] | None = None,
    socket_messages: dict[str, Any] | None = None,
) -> FastAPI:
    """The API of these routers under `/api/v1`.

    Args:
        at_root: routers whose paths are complete already: browser forms, WebSockets.
        large_bodies: path → bytes allowed, for the few routes that take files.
        socket_messages: WebSocket path → pydantic model of what it sends, for the documentation.
    """
    app = FastAPI(
        title="Liquor Marketing Agent",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    install(app)
    for router in routers:
        app.include_router(router, prefix=PREFIX)
    for router in at_root:
        app.include_router(router)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page(app.openapi(), socket_messages or {}))

    @app.api_route("/api/{rest:path}", methods=METHODS, include_in_schema=False)
    async def unknown(request: Request) -> Response:
        """Without this the app's own pages would answer, in HTML."""
        allowed = _methods_at(app.openapi(), request.url.path)
        if not allowed:
            return problem(404, "not_found", f"There is nothing at {request.url.path}. The API is described at /docs.")
        names = ", ".join(sorted(allowed))
        response = problem(405, "method_not_allowed", f"{request.method} is not possible here; {names} is.")
        response.headers["Allow"] = names
        return response

    app.add_middleware(Edge, large_bodies=large_bodies or {})
    return app


def _methods_at(spec: dict[str, Any], path: str) -> set[str]:
    return {
        method.upper()
        for template, operations in spec["paths"].items()
        if compile_path(template)[0].match(path)
        for method in operations
    }


class Edge:
    """Around every request: no larger body than allowed, security headers, and the rate limit's figures."""

    def __init__(self, app: ASGIApp, large_bodies: dict[str, int]) -> None:
        self._app = app
        self._large_bodies = large_bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        # a copy of our own: the server may hand the same object to every request
        scope = {**scope, "state": dict(scope.get("state") or {})}
        allowed = self._large_bodies.get(path, MAX_BODY)

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), path, scope["state"].get("rate_limit"))
            await send(message)

        if int(_digits(Headers(scope=scope).get("content-length"))) > allowed:
            await _too_large(allowed)(scope, receive, headed)
            return
        if "\x00" in path or b"%00" in scope["query_string"]:
            await problem(422, "invalid", f"The address {UNSTORABLE}.")(scope, receive, headed)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > allowed:
                raise HTTPException(413, _too_large_detail(allowed))
            return message

        await self._app(scope, counted, headed)


def _digits(value: str | None) -> str:
    return value if value and value.isascii() and value.isdigit() and len(value) < 20 else "0"


def _too_large_detail(allowed: int) -> str:
    return f"The request is larger than {allowed // 1024:,} KiB."


def _too_large(allowed: int) -> Response:
    return problem(413, "content_too_large", _too_large_detail(allowed))


def _add_headers(headers: MutableHeaders, path: str, rate: tuple[int, int] | None) -> None:
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "same-origin")
    headers.setdefault("x-frame-options", "SAMEORIGIN")
    headers.setdefault("cross-origin-opener-policy", "same-origin")
    headers.setdefault("permissions-policy", "camera=(), geolocation=(), microphone=()")
    if get_settings().secure_cookies:
        headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
    if path.startswith("/api/"):
        headers.setdefault("cache-control", "no-store")
        headers.setdefault("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
    else:
        headers.setdefault("content-security-policy", "frame-ancestors 'self'; base-uri 'self'; object-src 'none'")
    if rate:
        limit, left = rate
        headers["ratelimit-limit"] = str(limit)
        headers["ratelimit-remaining"] = str(max(left, 0))
        headers["ratelimit-reset"] = str(RATE_WINDOW - int(time.time()) % RATE_WINDOW)

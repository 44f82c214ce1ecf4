"""The API with faults of its own: what it does is not what its document says."""

from __future__ import annotations

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.api.client import whole_api

BREAKS = "/api/v1/segments"
"""Asked with a limit it breaks."""
KEEPS = "/api/v1/coupon-pools/"
"""What is deleted below it stays."""
TAKES_ALL = "/api/v1/campaigns"
"""Any verb is taken."""
BOASTS = "/api/v1/users"
"""It says it knows verbs that it does not."""


def faulty_api() -> ASGIApp:
    """Return the whole API behind its faults."""
    api = whole_api()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path, verb = scope.get("path", ""), scope.get("method", "")
        if path == BREAKS and verb == "GET" and b"limit=" in scope["query_string"]:
            await _answer(send, 500)
        elif path.startswith(KEEPS) and verb == "DELETE" and path.count("/") == KEEPS.count("/"):
            # whoever may not, or names none, is told as ever
            await api(scope | {"method": "GET"}, receive, _claiming_gone(send))
        elif path == TAKES_ALL and verb not in {"GET", "POST", "OPTIONS"}:
            await _answer(send, 200)
        elif path == BOASTS and verb == "OPTIONS":
            await api(scope, receive, _boasting(send))
        else:
            await api(scope, receive, send)

    return app


def _claiming_gone(send: Send) -> Send:
    """Turn "here it is" into "gone"."""
    is_there = False

    async def changed(message: Message) -> None:
        nonlocal is_there
        if message["type"] == "http.response.start":
            is_there = message["status"] == 200
            if is_there:
                message = {**message, "status": 204, "headers": []}
        elif is_there:
            message = {**message, "body": b""}
        await send(message)

    return changed


def _boasting(send: Send) -> Send:
    async def changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message["headers"] if name.lower() != b"allow"]
            message = {**message, "headers": [*headers, (b"allow", b"GET, PURGE, DELETE")]}
        await send(message)

    return changed


async def _answer(send: Send, status: int) -> None:
    body = (
        b"" if status == 204 else json.dumps({"status": status, "code": "internal", "title": "", "detail": ""}).encode()
    )
    kind = b"application/problem+json" if status >= 400 else b"application/json"
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body})

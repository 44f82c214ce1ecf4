"""The authentication dependency of every route."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, WebSocket
from starlette.requests import HTTPConnection
from starlette.types import Scope

from liquor_app.accounts.permissions import Actor
from liquor_app.accounts.service import session_actor, token_actor
from liquor_app.api.ratelimit import limit
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Unauthenticated

COOKIE = "liquor_session"
REQUESTS_PER_MINUTE = 3000


def same_origin(request: Request) -> bool:
    """Whether a browser's request comes from our own pages (cookies travel with strangers' forms too)."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    host = request.headers.get("host", "")
    return origin in {f"http://{host}", f"https://{host}", get_settings().base_url}


async def current_actor(request: Request) -> Actor:
    """Whoever calls: a bearer token or API key, else the browser's session cookie.

    Raises:
        Unauthenticated: nobody known.
        Forbidden: a cookie-borne write from another site.
        TooMany: over the rate limit.
    """
    header = request.headers.get("authorization", "")
    key = request.headers.get("x-api-key")
    cookie = request.cookies.get(COOKIE)
    async with transaction() as session:
        if key:
            actor = await token_actor(session, key)
        elif header.lower().startswith("bearer "):
            actor = await token_actor(session, header[7:].strip())
        elif cookie:
            if request.method not in {"GET", "HEAD", "OPTIONS"} and not same_origin(request):
                raise Forbidden("This request came from another site.")
            found = await session_actor(session, cookie)
            if found is None:
                raise Unauthenticated("Your session has ended. Please sign in again.")
            actor = found
        else:
            raise Unauthenticated("Send `Authorization: Bearer <token>` or an API key in `X-API-Key`.")
    left = await limit("api", str(actor.id), allowed=REQUESTS_PER_MINUTE, seconds=60)
    request.state.rate_limit = (REQUESTS_PER_MINUTE, left)
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]


def key_owner(actor: Actor) -> str:
    """Whose idempotency keys these are."""
    return f"{actor.kind.value}:{actor.id}"


async def has_session(scope: Scope) -> bool:
    """Whether a connection comes with the cookie of somebody signed in."""
    cookie = HTTPConnection(scope).cookies.get(COOKIE)
    if not cookie:
        return False
    async with transaction() as session:
        return await session_actor(session, cookie) is not None


async def socket_actor(websocket: WebSocket, token: str | None) -> Actor:
    """Whoever listens: by token or API key, else by the browser's session.

    Raises:
        Unauthenticated: nobody known.
    """
    async with transaction() as session:
        if token is not None:
            return await token_actor(session, token)
        found = await session_actor(session, websocket.cookies.get(COOKIE, ""))
    if found is None:
        raise Unauthenticated("Your session has ended. Please sign in again.")
    return found

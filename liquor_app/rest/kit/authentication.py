"""The authentication dependency of every route."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any

from fastapi import Depends, Request, Response, WebSocket
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.types import Scope

from liquor_app.accounts.audit import audit_access, note_refusal
from liquor_app.accounts.cookies import SESSION, cookie_name
from liquor_app.accounts.entry.socket_tickets import Standing, standing_actor, standing_of, use_ticket
from liquor_app.accounts.key_usage import MonthUsed, QuotaExceeded, month_used, use_month
from liquor_app.accounts.permission_table import Permission, needed
from liquor_app.accounts.permissions import STRANGER, Actor, Allowance, require
from liquor_app.accounts.sessions import session_actor, touch_session
from liquor_app.accounts.tokens import KEY_PREFIX, token_actor
from liquor_app.api.client_address import source_of
from liquor_app.api.http_rate_limit import Quota, limit, minute_quota
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Unauthenticated
from liquor_app.core.pubsub import TICKET_PREFIX
from liquor_app.core.security.own_origin import is_own_origin
from liquor_app.organization.shop_currency import speak_in_shop_currency

REQUESTS_PER_MINUTE = 3000


def session_cookie(connection: HTTPConnection) -> str | None:
    """Return the value of the session cookie that came with a request or a socket."""
    return connection.cookies.get(cookie_name(SESSION))


def keep_cookie(response: Response, name: str, value: str, *, days: int) -> None:
    """Have the browser keep a cookie that scripts cannot read and other sites' forms do not carry."""
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=days * 86400,
        httponly=True,
        samesite="lax",
        secure=get_settings().secure_cookies,
        path="/",
    )


def drop_cookie(response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(
        cookie_name(name), path="/", httponly=True, samesite="lax", secure=get_settings().secure_cookies
    )


def same_origin(request: Request) -> bool:
    """Tell whether a browser's request comes from our own pages: cookies travel with strangers' forms too. Browsers say
    so with whatever changes something; what does not say it is a program, and has a key of its own."""
    site = request.headers.get("sec-fetch-site")
    if site not in {None, "same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return site is not None
    return is_own_origin(origin, request.headers.get("host"))


def bearer_of(connection: HTTPConnection) -> str | None:
    """Return the token in `Authorization: Bearer …`."""
    header = connection.headers.get("authorization", "")
    return header[7:].strip() if header.lower().startswith("bearer ") else None


async def _note_refused_key(connection: HTTPConnection) -> None:
    """Record that a key was none of ours: tills have keys, strangers guess them."""
    async with transaction() as session:
        await audit_access(session, STRANGER, "api_key.refused", None, ip=source_of(connection))


async def current_actor(request: Request) -> AsyncIterator[Actor]:
    """Yield whoever calls: a bearer token or API key, else the browser's session cookie. What they are refused for want
    of rights is recorded.

    Raises:
        Unauthenticated: nobody known.
        Forbidden: a cookie-borne write from another site; the route takes a permission that the caller has not.
        TooMany: over the rate limit.
    """
    try:
        actor = await _recognised(request)
    except Unauthenticated:
        if "x-api-key" in request.headers or (bearer_of(request) or "").startswith(KEY_PREFIX):
            await _note_refused_key(request)
        raise
    await _count(request, actor)
    route = request.scope.get("route")
    try:
        _admit(actor, needed(getattr(route, "endpoint", None)))
        yield actor
    except Forbidden as error:
        what = f"{request.method} {getattr(route, 'path', '')}"
        await note_refusal(actor, what, ip=source_of(request), takes=error.takes)
        raise


async def _count(request: Request, actor: Actor) -> None:
    """Count a request, and have its answer say what is left, also where nothing is.

    Raises:
        TooMany: none is left of this minute, or (`QuotaExceeded`) of the key's month: its own, or its
            maker's.
    """
    may = actor.allowance
    allowed = may.per_minute if may else REQUESTS_PER_MINUTE
    request.state.quotas = quotas = [minute_quota(allowed, 0)]
    left = await limit("api", str(actor.id), allowed=allowed, seconds=60)
    for one in may.shares if may else ():
        left = min(left, await limit("api", str(one.key_id), allowed=one.per_minute, seconds=60))
    quotas[0] = minute_quota(allowed, left)
    if may is None or actor.id is None:
        return
    try:
        async with transaction() as session:
            used = await use_month(session, actor.id, may.per_month, may.shares)
    except QuotaExceeded:
        quotas.append(_month(may, month_used(now(), 0)))
        raise
    quotas.append(_month(may, used))


def _month(may: Allowance, used: MonthUsed) -> Quota:
    return Quota("month", may.per_month, used.seconds, used.left, used.reset)


def _admit(actor: Actor, permission: Permission | None) -> None:
    """Let a caller pass to what takes a permission, by role and by a key's areas; what takes none lets nobody pass."""
    if permission is None:
        raise Forbidden("Nobody may do this.")
    require(actor, permission)


async def _recognised(request: Request) -> Actor:
    key, bearer = request.headers.get("x-api-key"), bearer_of(request)
    cookie = session_cookie(request)
    async with transaction() as session:
        await speak_in_shop_currency(session)
        if key or bearer is not None:
            return await token_actor(session, key or bearer or "")
        if not cookie:
            raise Unauthenticated("Send `Authorization: Bearer <token>` or an API key in `X-API-Key`.")
        if request.method not in {"GET", "HEAD", "OPTIONS"} and not same_origin(request):
            raise Forbidden("This request came from another site.")
        found = await session_actor(session, cookie)
        if found is None:
            raise Unauthenticated("Your session has ended. Please sign in again.")
        await touch_session(session, cookie)
        return found


CurrentActor = Annotated[Actor, Depends(current_actor)]


def ask_first(routes: Iterable[Any]) -> None:
    """Have routes that ask who calls ask it before all else: whatever they refuse, the caller is known and counted."""
    for route in routes:
        if not isinstance(route, APIRoute) or any(one.dependency is current_actor for one in route.dependencies):
            continue
        if any(one.call is current_actor for one in route.dependant.dependencies):
            route.dependencies.insert(0, Depends(current_actor))


def key_owner(actor: Actor) -> str:
    """Tell whose idempotency keys these are."""
    return f"{actor.kind.value}:{actor.id}"


async def has_session(scope: Scope) -> bool:
    """Tell whether a connection comes with the cookie of somebody signed in."""
    cookie = session_cookie(HTTPConnection(scope))
    if not cookie:
        return False
    async with transaction() as session:
        return await session_actor(session, cookie) is not None


async def caller_standing(request: Request) -> Standing:
    """Return the session or the key a request came with.

    Raises:
        Unauthenticated: it has ended.
    """
    bearer = request.headers.get("x-api-key") or bearer_of(request)
    async with transaction() as session:
        return await standing_of(session, bearer=bearer, cookie=session_cookie(request))


async def socket_actor(websocket: WebSocket, token: str | None) -> Actor:
    """Return whoever listens: by token, API key or ticket, else by the browser's session. A ticket is used up by the
    first of these questions; what it was asked for with answers the others.

    Raises:
        Unauthenticated: nobody known.
        Forbidden: not for this role, or a key that is not good for it.
    """
    if token is not None:
        try:
            if token.startswith(TICKET_PREFIX) and not hasattr(websocket.state, "standing"):
                websocket.state.standing = await use_ticket(token)
            async with transaction() as session:
                if token.startswith(TICKET_PREFIX):
                    actor = await standing_actor(session, websocket.state.standing)
                else:
                    actor = await token_actor(session, token)
            _admit(actor, needed(websocket.scope["endpoint"]))
            return actor
        except Unauthenticated:
            if token.startswith(KEY_PREFIX):
                await _note_refused_key(websocket)
            raise
    async with transaction() as session:
        found = await session_actor(session, session_cookie(websocket) or "")
    if found is None:
        raise Unauthenticated("Your session has ended. Please sign in again.")
    _admit(found, needed(websocket.scope["endpoint"]))
    return found

"""Tickets that open one WebSocket: good once, for seconds, and only for as long as what it was asked for with.

Browsers can give a WebSocket no header, and addresses stand in logs: so what goes into the address is a ticket, never
a token or a key. A ticket opens nothing but a socket; what it opened ends with the session or the key behind it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.entry.second_step_rule import STANDING_ROLE
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.accounts.tokens import KEY_PREFIX, actor_again, family_of, token_actor
from liquor_app.core import redis
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Forbidden, Invalid, Unauthenticated, Unavailable
from liquor_app.core.pubsub import TICKET_PREFIX
from liquor_app.core.security.crypto import sign, token_hash, unsign

TICKET_SECONDS = 30
_PURPOSE = "socket-ticket"
_USED = "liquor:socket-ticket:"
_NOT_GOOD = "This ticket was used, has expired, or is none of ours. Ask for another."

_BY_FAMILY = f"""
SELECT u.id, u.email, u.full_name, {STANDING_ROLE} AS role FROM users u
 WHERE u.is_active AND u.id = (SELECT r.user_id FROM refresh_tokens r WHERE r.family_id = :id AND r.revoked_at IS NULL
                                  AND r.expires_at > now() LIMIT 1)
"""
_BY_BROWSER = f"""
SELECT u.id, u.email, u.full_name, {STANDING_ROLE} AS role FROM browser_sessions s JOIN users u ON u.id = s.user_id
 WHERE s.id = :id AND s.revoked_at IS NULL AND s.expires_at > now() AND u.is_active
   AND s.last_seen_at > now() - make_interval(mins => :idle)
"""
_KEY = "SELECT id FROM api_keys WHERE key_hash = :hash"
_BROWSER = "SELECT id FROM browser_sessions WHERE token_hash = :hash"


class Behind(StrEnum):
    """What stands behind a socket that a ticket opened."""

    API_KEY = "key"
    TOKENS = "tokens"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Standing:
    """A session or a key, by which its owner is found anew each time."""

    behind: Behind
    id: UUID


async def standing_of(session: AsyncSession, *, bearer: str | None, cookie: str | None) -> Standing:
    """Return what somebody calls with: a key, a session of tokens, or a browser's.

    Raises:
        Unauthenticated: unknown, expired or revoked.
    """
    if bearer is not None and not bearer.startswith(KEY_PREFIX):
        await token_actor(session, bearer)
        return Standing(Behind.TOKENS, family_of(bearer))
    if bearer is not None:
        behind, found = Behind.API_KEY, await session.execute(text(_KEY), {"hash": token_hash(bearer)})
    else:
        behind, found = Behind.BROWSER, await session.execute(text(_BROWSER), {"hash": token_hash(cookie or "")})
    standing_id = found.scalar()
    if standing_id is None:
        raise Unauthenticated("Your session has ended. Please sign in again.")
    return Standing(behind, standing_id)


def make_ticket(standing: Standing) -> str:
    """Return a ticket, good for one socket within `TICKET_SECONDS`."""
    ends = int((now() + timedelta(seconds=TICKET_SECONDS)).timestamp())
    told = {"b": standing.behind.value, "i": standing.id.hex, "e": ends, "n": secrets.token_urlsafe(16)}
    return TICKET_PREFIX + sign(_PURPOSE, told)


async def use_ticket(ticket: str) -> Standing:
    """Return what a ticket was asked for with, and let it be used no more.

    Raises:
        Unauthenticated: it was used, has expired, or is none of ours.
        Unavailable: nobody can tell whether it was used.
    """
    try:
        told = unsign(_PURPOSE, ticket.removeprefix(TICKET_PREFIX))
        standing, ends, one = Standing(Behind(told["b"]), UUID(hex=told["i"])), int(told["e"]), str(told["n"])
    except (Invalid, KeyError, TypeError, ValueError) as error:
        raise Unauthenticated(_NOT_GOOD) from error
    if now().timestamp() >= ends:
        raise Unauthenticated(_NOT_GOOD)
    try:
        is_first = await redis.client().set(_USED + one, b"1", nx=True, ex=2 * TICKET_SECONDS)
    except (RedisError, OSError) as error:
        raise Unavailable("Tickets cannot be checked right now. Please try again in a minute.") from error
    if not is_first:
        raise Unauthenticated(_NOT_GOOD)
    return standing


async def standing_actor(session: AsyncSession, standing: Standing) -> Actor:
    """Return whose session or key it is, as they may act now.

    Raises:
        Unauthenticated: it has ended.
    """
    if standing.behind is Behind.API_KEY:
        try:
            return await actor_again(session, [ActorKind.API_KEY, str(standing.id)])
        except Forbidden as error:
            raise Unauthenticated("The API key is unknown, expired or revoked.") from error
    if standing.behind is Behind.TOKENS:
        asked = await session.execute(text(_BY_FAMILY), {"id": standing.id})
    else:
        idle = get_settings().session_idle_minutes
        asked = await session.execute(text(_BY_BROWSER), {"id": standing.id, "idle": idle})
    if (found := asked.first()) is None:
        raise Unauthenticated("This session has ended. Please sign in again.")
    return Actor(ActorKind.USER, found.id, found.full_name or found.email, Role(found.role))

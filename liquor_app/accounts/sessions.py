"""Browsers that are signed in: opened, recognised by their cookie, closed, forgotten."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit_access
from liquor_app.accounts.entry.second_step_rule import STANDING_ROLE
from liquor_app.accounts.models import BrowserSession, Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.accounts.users import UserRow, user_actor
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import NotFound
from liquor_app.core.security.crypto import token_hash

_REVOKE = """
WITH browsers AS (UPDATE browser_sessions SET revoked_at = now() WHERE user_id = :id AND revoked_at IS NULL)
UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = :id AND revoked_at IS NULL
"""
_MINE = """
SELECT id, ip, user_agent, created_at, last_seen_at, token_hash = :hash AS is_this FROM browser_sessions
 WHERE user_id = :user AND revoked_at IS NULL AND expires_at > now()
   AND last_seen_at > now() - make_interval(mins => :idle) ORDER BY last_seen_at DESC, id LIMIT 100
"""
_END_ONE = """
UPDATE browser_sessions SET revoked_at = now() WHERE id = :id AND user_id = :user AND revoked_at IS NULL RETURNING 1
"""
_FORGET = """
WITH browsers AS (DELETE FROM browser_sessions WHERE expires_at < now() - interval '7 days')
DELETE FROM refresh_tokens WHERE expires_at < now() - interval '7 days'
"""
TOUCH_SECONDS = 60
"""How exactly it is known when a session was last used."""


async def open_session(session: AsyncSession, user: UserRow, *, ip: str | None, user_agent: str | None) -> str:
    """Sign a browser in; returns the cookie's value, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    expires = now() + timedelta(days=get_settings().session_days)
    session.add(
        BrowserSession(
            user_id=user.id,
            token_hash=token_hash(token),
            ip=ip,
            user_agent=(user_agent or "")[:300],
            expires_at=expires,
        )
    )
    await audit_access(session, user.actor, "session.opened", user.id, ip=ip)
    return token


async def session_actor(session: AsyncSession, token: str) -> Actor | None:
    """Return whoever is signed in with this cookie, read from the database each time; None if nobody, or idle for too
    long."""
    found = await session.execute(
        text(
            f"SELECT u.id, u.email, u.full_name, {STANDING_ROLE} AS role"
            " FROM browser_sessions s JOIN users u ON u.id = s.user_id"
            " WHERE s.token_hash = :hash AND s.revoked_at IS NULL AND s.expires_at > now() AND u.is_active"
            " AND s.last_seen_at > now() - make_interval(mins => :idle)"
        ),
        {"hash": token_hash(token), "idle": get_settings().session_idle_minutes},
    )
    row = found.mappings().first()
    if row is None:
        return None
    return Actor(ActorKind.USER, row["id"], row["full_name"] or row["email"], Role(row["role"]))


async def touch_session(session: AsyncSession, token: str) -> None:
    """Note that the person behind a session did something. Looking again on their behalf, as live pages do, is
    nothing they did."""
    await session.execute(
        text(
            "UPDATE browser_sessions SET last_seen_at = now() WHERE token_hash = :hash AND revoked_at IS NULL"
            " AND last_seen_at < now() - make_interval(secs => :often)"
        ),
        {"hash": token_hash(token), "often": TOUCH_SECONDS},
    )


async def close_session(session: AsyncSession, token: str) -> None:
    """Sign a browser out."""
    ended = await session.execute(
        text(
            "UPDATE browser_sessions SET revoked_at = now() WHERE token_hash = :hash AND revoked_at IS NULL"
            " RETURNING user_id"
        ),
        {"hash": token_hash(token)},
    )
    for user_id in ended.scalars():
        announce_access(session, user_id)
        await audit_access(session, await user_actor(session, user_id), "session.closed", user_id)


async def revoke_all(session: AsyncSession, user_id: UUID) -> None:
    """End every session and refresh token of a user."""
    await session.execute(text(_REVOKE), {"id": user_id})
    announce_access(session, user_id)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser somebody is signed in on. `is_this`: the one that asks."""

    id: UUID
    ip: str | None
    user_agent: str | None
    created_at: datetime
    last_seen_at: datetime
    is_this: bool


async def my_sessions(session: AsyncSession, actor: Actor, token: str = "") -> list[OpenSession]:
    """Return the browsers the actor is signed in on, the latest used first.

    Args:
        token: of the browser that asks.

    Raises:
        Forbidden: nobody is signed in.
    """
    require(actor, Permission.OWN_ACCOUNT)
    found = await session.execute(
        text(_MINE), {"user": actor.user_id, "hash": token_hash(token), "idle": get_settings().session_idle_minutes}
    )
    return [OpenSession(**row) for row in found.mappings()]


async def my_session(session: AsyncSession, actor: Actor, session_id: UUID, token: str = "") -> OpenSession:
    """Return one of the browsers the actor is signed in on.

    Raises:
        NotFound: it is none of theirs, or has ended.
    """
    found = next((one for one in await my_sessions(session, actor, token) if one.id == session_id), None)
    if found is None:
        raise NotFound("There is no such session.")
    return found


async def end_session(session: AsyncSession, actor: Actor, session_id: UUID) -> None:
    """Sign one of the actor's browsers out.

    Raises:
        Forbidden: nobody is signed in.
        NotFound: it is not one of theirs, or has ended.
    """
    require(actor, Permission.OWN_ACCOUNT)
    ended = await session.execute(text(_END_ONE), {"id": session_id, "user": actor.user_id})
    if ended.scalar() is None:
        raise NotFound("There is no such session, or it has ended.")
    announce_access(session, actor.user_id)
    await audit_access(session, actor, "session.closed", actor.user_id, browser=session_id)


async def forget_sessions(session: AsyncSession) -> None:
    """Drop sessions and refresh tokens a week after their last day: each sign-in leaves one."""
    await session.execute(text(_FORGET))

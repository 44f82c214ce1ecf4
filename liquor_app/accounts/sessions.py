"""Who is signed in where: browsers, opened, recognised by their cookie, closed, forgotten; and programs with tokens
(`tokens`), which are listed and ended beside them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit_access
from liquor_app.accounts.entry.second_step_rule import STANDING_ROLE
from liquor_app.accounts.models import BrowserSession, Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.accounts.users import UserRow, hold_user, user_actor
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import NotFound
from liquor_app.core.security.crypto import token_hash

_REVOKE = """
WITH browsers AS (UPDATE browser_sessions SET revoked_at = now() WHERE user_id = :id AND revoked_at IS NULL)
UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = :id AND revoked_at IS NULL
"""
_MINE = """
SELECT * FROM (
    SELECT id, 'browser' AS kind, ip, user_agent, created_at, last_seen_at, token_hash = :hash AS is_this
      FROM browser_sessions WHERE user_id = :user AND revoked_at IS NULL AND expires_at > now()
       AND last_seen_at > now() - make_interval(mins => :idle)
    UNION ALL
    SELECT family_id, 'tokens', (array_agg(ip ORDER BY created_at DESC))[1],
           (array_agg(user_agent ORDER BY created_at DESC))[1], min(created_at), max(created_at),
           COALESCE(family_id = CAST(:family AS uuid), false)
      FROM refresh_tokens WHERE user_id = :user GROUP BY family_id
    HAVING bool_or(revoked_at IS NULL AND expires_at > now())
) AS mine WHERE CAST(:id AS uuid) IS NULL OR id = CAST(:id AS uuid) ORDER BY last_seen_at DESC, id LIMIT 100
"""
_END_ONE = """
WITH browser AS (
    UPDATE browser_sessions SET revoked_at = now() WHERE id = :id AND user_id = :user AND revoked_at IS NULL RETURNING 1
), tokens AS (
    UPDATE refresh_tokens SET revoked_at = now() WHERE family_id = :id AND user_id = :user AND revoked_at IS NULL
    RETURNING 1)
SELECT 'browser' FROM browser UNION SELECT 'tokens' FROM tokens
"""
_END_OTHERS = """
WITH browsers AS (
    UPDATE browser_sessions SET revoked_at = now() WHERE user_id = :user AND revoked_at IS NULL AND token_hash <> :hash
    RETURNING id
), tokens AS (
    UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = :user AND revoked_at IS NULL
       AND family_id IS DISTINCT FROM CAST(:family AS uuid) RETURNING family_id)
SELECT (SELECT count(*) FROM browsers) AS browsers, (SELECT count(DISTINCT family_id) FROM tokens) AS tokens
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
    await hold_user(session, user_id)
    await session.execute(text(_REVOKE), {"id": user_id})
    announce_access(session, user_id)


class SessionKind(StrEnum):
    BROWSER = "browser"
    TOKENS = "tokens"
    """A program that signed in: an access token, and the refresh tokens that renew it."""


@dataclass(frozen=True, slots=True)
class Here:
    """What somebody asks with: a browser's cookie, or the session of an access token."""

    cookie: str = ""
    family: UUID | None = None

    @property
    def bound(self) -> dict[str, Any]:
        return {"hash": token_hash(self.cookie), "family": self.family}


NOWHERE = Here()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser or a program somebody is signed in on; `ip` and `user_agent` are of when it last signed in or was
    renewed. `last_seen_at`: for tokens when they were renewed last. `is_this`: the one that asks."""

    id: UUID
    kind: SessionKind
    ip: str | None
    user_agent: str | None
    created_at: datetime
    last_seen_at: datetime
    is_this: bool


async def my_sessions(session: AsyncSession, actor: Actor, here: Here = NOWHERE) -> list[OpenSession]:
    """Return the browsers and programs the actor is signed in on, the latest used first.

    Args:
        here: what the actor asks with.

    Raises:
        Forbidden: nobody is signed in.
    """
    require(actor, Permission.OWN_ACCOUNT)
    return await _open(session, actor, here, None)


async def my_session(session: AsyncSession, actor: Actor, session_id: UUID, here: Here = NOWHERE) -> OpenSession:
    """Return one of the browsers or programs the actor is signed in on.

    Raises:
        NotFound: it is none of theirs, or has ended.
    """
    require(actor, Permission.OWN_ACCOUNT)
    found = await _open(session, actor, here, session_id)
    if not found:
        raise NotFound("There is no such session.")
    return found[0]


async def _open(session: AsyncSession, actor: Actor, here: Here, one: UUID | None) -> list[OpenSession]:
    asked = {"user": actor.user_id, "idle": get_settings().session_idle_minutes, "id": one, **here.bound}
    found = await session.execute(text(_MINE), asked)
    return [OpenSession(**{**row, "kind": SessionKind(row["kind"])}) for row in found.mappings()]


async def end_session(session: AsyncSession, actor: Actor, session_id: UUID) -> None:
    """Sign one of the actor's browsers or programs out.

    Raises:
        Forbidden: nobody is signed in.
        NotFound: it is not one of theirs, or has ended.
    """
    await _hold(session, actor)
    ended = await session.execute(text(_END_ONE), {"id": session_id, "user": actor.user_id})
    kind = ended.scalar()
    if kind is None:
        raise NotFound("There is no such session, or it has ended.")
    announce_access(session, actor.user_id)
    await audit_access(session, actor, "session.closed", actor.user_id, **{kind: session_id})


async def end_other_sessions(session: AsyncSession, actor: Actor, here: Here) -> int:
    """Sign every browser and program of the actor's out but the one that asks; returns how many.

    Raises:
        Forbidden: nobody is signed in.
    """
    await _hold(session, actor)
    ended = (await session.execute(text(_END_OTHERS), {"user": actor.user_id, **here.bound})).one()
    if ended.browsers or ended.tokens:
        announce_access(session, actor.user_id)
    told = {"browsers": ended.browsers, "tokens": ended.tokens}
    await audit_access(session, actor, "session.others_closed", actor.user_id, **told)
    return int(ended.browsers + ended.tokens)


async def _hold(session: AsyncSession, actor: Actor) -> None:
    require(actor, Permission.OWN_ACCOUNT)
    if actor.user_id is not None:
        await hold_user(session, actor.user_id)


async def forget_sessions(session: AsyncSession) -> None:
    """Drop sessions and refresh tokens a week after their last day: each sign-in leaves one."""
    await session.execute(text(_FORGET))

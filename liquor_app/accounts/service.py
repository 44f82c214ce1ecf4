"""Users, sign-in, sessions, tokens and API keys."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit, audit_access, audit_change
from liquor_app.accounts.models import BrowserSession, RefreshToken, Role, User
from liquor_app.accounts.passwords import Hashed
from liquor_app.accounts.permissions import STRANGER, SYSTEM, Actor, ActorKind, require
from liquor_app.accounts.setup_code import use_code
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from liquor_app.core.ids import uuid7
from liquor_app.core.security.crypto import key, token_hash

REFRESH_LIFE = timedelta(days=30)
TOUCH_SECONDS = 60
"""How exactly it is known when a session was last used."""
KEY_PREFIX = "lk_"
"""How an API key begins."""
_ALGORITHM = "HS256"
_CLAIMS = ["sub", "sid", "iat", "exp", "aud"]


@dataclass(frozen=True, slots=True)
class UserRow:
    id: UUID
    email: str
    full_name: str | None
    role: Role
    is_active: bool
    last_login_at: datetime | None
    created_at: datetime

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.USER, self.id, self.full_name or self.email, self.role)


@dataclass(frozen=True, slots=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int


def _row(user: User) -> UserRow:
    return UserRow(user.id, user.email, user.full_name, user.role, user.is_active, user.last_login_at, user.created_at)


def check_email(value: str) -> str:
    """A user's address, trimmed and lower case.

    Raises:
        Invalid: it is not an e-mail address.
    """
    cleaned = value.strip().lower()
    local, at, domain = cleaned.partition("@")
    if not (local and at and "." in domain) or len(cleaned) > 254 or any(c.isspace() for c in cleaned):
        raise Invalid(f"email is not an e-mail address: {value[:80]!r}", field="email")
    return cleaned


async def has_users(session: AsyncSession) -> bool:
    """Whether anybody has been set up yet."""
    return bool((await session.execute(text("SELECT EXISTS (SELECT 1 FROM users)"))).scalar_one())


async def create_user(
    session: AsyncSession, actor: Actor, *, email: str, password: Hashed, full_name: str | None = None, role: Role
) -> UserRow:
    """Add a user.

    Raises:
        Forbidden: the actor is not an admin.
        Conflict: the address is taken.
        Invalid: bad address.
    """
    require(actor, Role.ADMIN)
    address = check_email(email)
    taken = await session.execute(text("SELECT 1 FROM users WHERE lower(email) = :email"), {"email": address})
    if taken.scalar():
        raise Conflict(f"There is already a user {address}.", field="email")
    name = (full_name or "").strip()[:120] or None
    user = User(email=address, password_hash=password, full_name=name, role=role)
    session.add(user)
    await session.flush()
    await audit(session, actor, "user.created", "user", user.id, email=address, role=role.value)
    return _row(user)


async def require_first_run(session: AsyncSession) -> None:
    """Raises: Forbidden: somebody was set up already; ask an admin for an account."""
    if await has_users(session):
        raise Forbidden("This shop is already set up. Ask one of its admins to add you.")


async def register_first_admin(
    session: AsyncSession, *, email: str, password: Hashed, full_name: str | None = None, code: str | None
) -> UserRow:
    """The first run's admin; open exactly once, to whoever reads the server's console.

    Args:
        code: the set-up code; None from the console itself.

    Raises:
        Forbidden: somebody was set up already, or the code is wrong.
    """
    await session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
    await require_first_run(session)
    if code is not None:
        await use_code(session, code)
    return await create_user(session, SYSTEM, email=email, password=password, full_name=full_name, role=Role.ADMIN)


async def get_user(session: AsyncSession, user_id: UUID) -> UserRow | None:
    user = await session.get(User, user_id)
    return _row(user) if user else None


async def stored_hash(session: AsyncSession, actor: Actor) -> tuple[UserRow, Hashed]:
    """The actor as a user, and what is stored of their password.

    Raises:
        Forbidden: the actor is not a person.
    """
    user = await session.get(User, actor.user_id) if actor.user_id else None
    if user is None:
        raise Forbidden("Only a signed-in person has a profile.")
    return _row(user), Hashed(user.password_hash)


async def update_me(
    session: AsyncSession, actor: Actor, changes: dict[str, Any], password: tuple[Hashed, Hashed] | None = None
) -> UserRow:
    """Change one's own `full_name`, or the password; a new password ends every session and token.

    Args:
        password: the hash the current password was checked against, and the new one.

    Raises:
        Forbidden: the actor is not a person.
        Invalid: an unknown field.
        Conflict: the password was changed meanwhile.
    """
    if actor.user_id is None:
        raise Forbidden("Only a signed-in person has a profile.")
    unknown = set(changes) - {"full_name"}
    if unknown:
        raise Invalid(f"{sorted(unknown)[0]} cannot be changed here", field=sorted(unknown)[0])
    user = (await session.execute(select(User).where(col(User.id) == actor.user_id).with_for_update())).scalars().one()
    before = {"full_name": user.full_name, "password": user.password_hash}
    if "full_name" in changes:
        user.full_name = str(changes["full_name"] or "").strip()[:120] or None
    if password is not None:
        checked, fresh = password
        if user.password_hash != checked:
            raise Conflict("The password was changed at this very moment. Please sign in again.", field="password")
        user.password_hash = fresh
        await revoke_all(session, user.id)
    user.updated_at = now()
    after = {"full_name": user.full_name, "password": user.password_hash}
    await audit_change(
        session, actor, "user.updated", "user", user.id, before=before, after=after, private={"password"}
    )
    return _row(user)


async def reset_password(session: AsyncSession, actor: Actor, *, email: str, password: Hashed) -> None:
    """A new password for a user; every session and token ends.

    Raises:
        NotFound: nobody has this address.
    """
    require(actor, Role.ADMIN)
    found = await session.execute(
        select(User).where(text("lower(email) = :email").bindparams(email=check_email(email))).with_for_update()
    )
    user = found.scalars().first()
    if user is None:
        raise NotFound(f"There is no user {email}.")
    before = {"password": user.password_hash}
    user.password_hash = password
    await revoke_all(session, user.id)
    await audit_change(
        session,
        actor,
        "user.password_reset",
        "user",
        user.id,
        before=before,
        after={"password": password},
        private={"password"},
    )


async def is_unclaimed(session: AsyncSession, email: str) -> bool:
    """Whether this address is the only user and nobody has ever signed in: an admin whose first password may never
    have been read."""
    found = await session.execute(
        text(
            "SELECT count(*) = 1 AND bool_and(lower(email) = lower(:email) AND last_login_at IS NULL"
            " AND NOT EXISTS (SELECT FROM browser_sessions) AND NOT EXISTS (SELECT FROM refresh_tokens)) FROM users"
        ),
        {"email": email},
    )
    return bool(found.scalar())


# --- browser sessions ---


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
    """Whoever is signed in with this cookie, read from the database each time; None if nobody, or idle for too long."""
    found = await session.execute(
        text(
            "SELECT u.id, u.email, u.full_name, u.role FROM browser_sessions s JOIN users u ON u.id = s.user_id"
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
        await audit_access(session, await _actor_of(session, user_id), "session.closed", user_id)


async def revoke_all(session: AsyncSession, user_id: UUID) -> None:
    """End every session and refresh token of a user."""
    for table in ("browser_sessions", "refresh_tokens"):
        await session.execute(
            text(f"UPDATE {table} SET revoked_at = now() WHERE user_id = :id AND revoked_at IS NULL"), {"id": user_id}
        )
    announce_access(session, user_id)


async def forget_sessions(session: AsyncSession) -> None:
    """Drop sessions and refresh tokens a week after their last day: each sign-in leaves one."""
    for table in ("browser_sessions", "refresh_tokens"):
        await session.execute(text(f"DELETE FROM {table} WHERE expires_at < now() - interval '7 days'"))


# --- tokens for programs ---


async def issue_tokens(
    session: AsyncSession, user: UserRow, *, family: UUID | None = None, ip: str | None = None
) -> TokenPair:
    """An access token (JWT, short-lived) and a refresh token (random, rotated on each use). Both belong to one session,
    the family: when it ends, both end."""
    minutes = get_settings().access_token_minutes
    refresh = secrets.token_urlsafe(32)
    if family is None:
        family = uuid7()
        await audit_access(session, user.actor, "tokens.issued", user.id, ip=ip)
    session.add(
        RefreshToken(
            user_id=user.id,
            family_id=family,
            token_hash=token_hash(refresh),
            expires_at=now() + REFRESH_LIFE,
        )
    )
    issued = now()
    claims = {
        "sub": str(user.id),
        "sid": str(family),
        "iat": issued,
        "exp": issued + timedelta(minutes=minutes),
        "aud": "liquor-api",
    }
    return TokenPair(jwt.encode(claims, key("jwt"), _ALGORITHM), refresh, minutes * 60)


async def refresh_tokens(session: AsyncSession, refresh_token: str) -> TokenPair | None:
    """A new pair for an unused refresh token; None, and the whole family revoked, for a used or unknown one."""
    found = await session.execute(
        select(RefreshToken).where(col(RefreshToken.token_hash) == token_hash(refresh_token)).with_for_update()
    )
    stored = found.scalars().first()
    if stored is None:
        return None
    if stored.used_at or stored.revoked_at or stored.expires_at <= now():
        await _end_family(session, stored.family_id)
        if stored.used_at:
            await audit_access(session, STRANGER, "refresh.reused", stored.user_id, family=stored.family_id)
        return None
    user = await get_user(session, stored.user_id)
    if user is None or not user.is_active:
        return None
    stored.used_at = now()
    return await issue_tokens(session, user, family=stored.family_id)


async def revoke_family(session: AsyncSession, refresh_token: str) -> None:
    """End the session a refresh token belongs to: it, its descendants and their access tokens."""
    found = await session.execute(select(RefreshToken).where(col(RefreshToken.token_hash) == token_hash(refresh_token)))
    stored = found.scalars().first()
    if stored is not None and await _end_family(session, stored.family_id):
        await audit_access(session, await _actor_of(session, stored.user_id), "session.closed", stored.user_id)


async def revoke_access(session: AsyncSession, bearer: str) -> None:
    """End the session an access token belongs to, with its refresh tokens; nothing for what is none of ours."""
    try:
        claims = jwt.decode(
            bearer, key("jwt"), algorithms=[_ALGORITHM], audience="liquor-api", options={"require": _CLAIMS}
        )
        user_id, family = UUID(str(claims["sub"])), UUID(str(claims["sid"]))
    except (jwt.InvalidTokenError, ValueError):
        return
    if await _end_family(session, family):
        await audit_access(session, await _actor_of(session, user_id), "session.closed", user_id)


async def _end_family(session: AsyncSession, family: UUID) -> bool:
    """Whether there was something to end."""
    ended = await session.execute(
        text(
            "UPDATE refresh_tokens SET revoked_at = now() WHERE family_id = :family AND revoked_at IS NULL"
            " RETURNING user_id"
        ),
        {"family": family},
    )
    users = set(ended.scalars())
    for user_id in users:
        announce_access(session, user_id)
    return bool(users)


async def _actor_of(session: AsyncSession, user_id: UUID) -> Actor:
    user = await get_user(session, user_id)
    return user.actor if user else STRANGER


async def token_actor(session: AsyncSession, bearer: str) -> Actor:
    """Whoever a bearer token speaks for: an API key (`lk_…`) or a JWT, for as long as its session lives.

    Raises:
        Unauthenticated: unknown, expired or revoked.
    """
    if bearer.startswith(KEY_PREFIX):
        found = await session.execute(
            text(
                "UPDATE api_keys SET last_used_at = now() WHERE key_hash = :hash AND revoked_at IS NULL"
                " AND (expires_at IS NULL OR expires_at > now()) RETURNING id, name, role"
            ),
            {"hash": token_hash(bearer)},
        )
        row = found.mappings().first()
        if row is None:
            raise Unauthenticated("The API key is unknown, expired or revoked.")
        return Actor(ActorKind.API_KEY, row["id"], row["name"], Role(row["role"]))
    try:
        claims = jwt.decode(
            bearer, key("jwt"), algorithms=[_ALGORITHM], audience="liquor-api", options={"require": _CLAIMS}
        )
        user_id, family = UUID(str(claims["sub"])), UUID(str(claims["sid"]))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("The access token is invalid or has expired; refresh it or sign in again.") from error
    alive = await session.execute(
        text(
            "SELECT u.email, u.full_name, u.role, u.is_active, EXISTS (SELECT FROM refresh_tokens r"
            " WHERE r.family_id = :family AND r.user_id = u.id AND r.revoked_at IS NULL AND r.expires_at > now())"
            " AS is_open FROM users u WHERE u.id = :id"
        ),
        {"id": user_id, "family": family},
    )
    user = alive.mappings().first()
    if user is None or not user["is_active"]:
        raise Unauthenticated("This user is no longer active.")
    if not user["is_open"]:
        raise Unauthenticated("This session has ended. Please sign in again.")
    return Actor(ActorKind.USER, user_id, user["full_name"] or user["email"], Role(user["role"]))


async def create_api_key(session: AsyncSession, actor: Actor, *, name: str, role: Role) -> str:
    """A new API key; the returned text is shown once and stored only as a hash.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: no name.
    """
    require(actor, Role.ADMIN)
    label = name.strip()[:80]
    if not label:
        raise Invalid("name must not be empty", field="name")
    secret = "lk_" + secrets.token_urlsafe(32)
    made = await session.execute(
        text(
            "INSERT INTO api_keys (name, prefix, key_hash, role, created_by)"
            " VALUES (:name, :prefix, :hash, :role, :by) RETURNING id"
        ),
        {"name": label, "prefix": secret[:9], "hash": token_hash(secret), "role": role.value, "by": actor.user_id},
    )
    await audit(session, actor, "api_key.created", "api_key", made.scalar_one(), name=label, role=role.value)
    return secret

"""Programs that are let in: access and refresh tokens of a session, API keys."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import jwt
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit_access
from liquor_app.accounts.entry.second_step_rule import STANDING_ROLE
from liquor_app.accounts.key_usage import allowance_of, shares_of
from liquor_app.accounts.models import RefreshToken, Role
from liquor_app.accounts.permission_table import RANK
from liquor_app.accounts.permissions import STRANGER, SYSTEM, Actor, ActorKind, Share
from liquor_app.accounts.users import UserRow, get_user, hold_user, user_actor
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Forbidden, Unauthenticated
from liquor_app.core.ids import parse_id, uuid7
from liquor_app.core.security.crypto import key, token_hash

REFRESH_LIFE = timedelta(days=30)
KEY_PREFIX = "lk_"
"""How an API key begins."""
_ALGORITHM = "HS256"
_STANDING = f"SELECT u.id, u.email, u.full_name, {STANDING_ROLE} AS role FROM users u WHERE u.id = :id AND u.is_active"
_GOOD_KEY = f"""
SELECT k.id, k.name, k.role, {STANDING_ROLE} AS makers_role, k.areas, k.per_minute, k.per_month,
       k.made_with
  FROM api_keys k LEFT JOIN users u ON u.id = k.created_by
 WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND u.is_active IS NOT FALSE"""
"""SQL: keys that are good; one whose maker was deactivated is not. The command line's are nobody's."""
_USE_KEY = f"""
WITH good AS ({_GOOD_KEY} AND k.key_hash = :hash), used AS (
    UPDATE api_keys a SET last_used_at = now() FROM good WHERE a.id = good.id)
SELECT * FROM good
"""
_CLAIMS = ["sub", "sid", "iat", "exp", "aud"]


@dataclass(frozen=True, slots=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int


async def issue_tokens(
    session: AsyncSession,
    user: UserRow,
    *,
    family: UUID | None = None,
    ip: str | None = None,
    user_agent: str | None = None,
) -> TokenPair:
    """Return an access token (JWT, short-lived) and a refresh token (random, rotated on each use). Both belong to one
    session, the family: when it ends, both end."""
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
            ip=ip,
            user_agent=(user_agent or "")[:300],
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


async def refresh_tokens(
    session: AsyncSession, refresh_token: str, *, ip: str | None = None, user_agent: str | None = None
) -> TokenPair | None:
    """Return a new pair for an unused refresh token; None, and the whole family revoked, for a used or unknown one."""
    stored = await _held(session, refresh_token)
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
    return await issue_tokens(session, user, family=stored.family_id, ip=ip, user_agent=user_agent)


async def revoke_family(session: AsyncSession, refresh_token: str) -> None:
    """End the session a refresh token belongs to: it, its descendants and their access tokens."""
    stored = await _held(session, refresh_token)
    if stored is not None and await _end_family(session, stored.family_id):
        await audit_access(session, await user_actor(session, stored.user_id), "session.closed", stored.user_id)


async def revoke_access(session: AsyncSession, bearer: str) -> None:
    """End the session an access token belongs to, with its refresh tokens; nothing for what is none of ours."""
    try:
        user_id, family = _claims_of(bearer)
    except Unauthenticated:
        return
    await hold_user(session, user_id)
    if await _end_family(session, family):
        await audit_access(session, await user_actor(session, user_id), "session.closed", user_id)


async def _held(session: AsyncSession, refresh_token: str) -> RefreshToken | None:
    """A refresh token as it stands once whatever else changes its session is over: its user is locked first."""
    hashed = token_hash(refresh_token)
    owner = await session.scalar(select(RefreshToken.user_id).where(col(RefreshToken.token_hash) == hashed))
    if owner is None:
        return None
    await hold_user(session, owner)
    stored = select(RefreshToken).where(col(RefreshToken.token_hash) == hashed).with_for_update()
    return (await session.execute(stored.execution_options(populate_existing=True))).scalars().first()


async def _end_family(session: AsyncSession, family: UUID) -> bool:
    """Tell whether there was something to end."""
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


def family_of(bearer: str) -> UUID:
    """Return the session an access token belongs to.

    Raises:
        Unauthenticated: it is none of ours, or has expired.
    """
    return _claims_of(bearer)[1]


def _claims_of(bearer: str) -> tuple[UUID, UUID]:
    """The user and the session of an access token; or raises Unauthenticated."""
    try:
        claims = jwt.decode(
            bearer, key("jwt"), algorithms=[_ALGORITHM], audience="liquor-api", options={"require": _CLAIMS}
        )
        return UUID(str(claims["sub"])), UUID(str(claims["sid"]))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated("The access token is invalid or has expired; refresh it or sign in again.") from error


async def token_actor(session: AsyncSession, bearer: str) -> Actor:
    """Return whoever a bearer token speaks for: an API key (`lk_…`) or a JWT, for as long as its session lives.

    Raises:
        Unauthenticated: unknown, expired or revoked.
    """
    if bearer.startswith(KEY_PREFIX):
        found = await session.execute(text(_USE_KEY), {"hash": token_hash(bearer)})
        row = found.mappings().first()
        if row is None:
            raise Unauthenticated("The API key is unknown, expired or revoked.")
        return _key_actor(row, await shares_of(session, row["made_with"]))
    user_id, family = _claims_of(bearer)
    alive = await session.execute(
        text(
            f"SELECT u.email, u.full_name, {STANDING_ROLE} AS role, u.is_active, EXISTS (SELECT FROM refresh_tokens r"
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


async def actor_again(session: AsyncSession, who: object) -> Actor:
    """Return whoever asked for a job (`[kind, id]` of its arguments), as they may act now.

    Raises:
        Forbidden: they are gone, deactivated, or their key was revoked.
    """
    kind, given = (str(one) for one in who) if isinstance(who, list | tuple) and len(who) == 2 else ("", "")
    if kind == ActorKind.SYSTEM:
        return SYSTEM
    if kind == ActorKind.USER:
        asked = await session.execute(text(_STANDING), {"id": parse_id(given, "actor")})
        if (person := asked.first()) is not None:
            return Actor(ActorKind.USER, person.id, person.full_name or person.email, Role(person.role))
    if kind == ActorKind.API_KEY:
        found = await session.execute(text(f"{_GOOD_KEY} AND k.id = :id"), {"id": parse_id(given, "actor")})
        if (row := found.mappings().first()) is not None:
            return _key_actor(row)
    raise Forbidden("Whoever asked for this may not act here any more.")


def _key_actor(row: RowMapping, shares: Sequence[Share] = ()) -> Actor:
    """Whoever a key speaks for: it may no more than whoever made it may now."""
    roles = [Role(one) for one in (row["role"], row["makers_role"]) if one is not None]
    role = min(roles, key=lambda one: RANK[one])
    allowance = allowance_of(row["per_minute"], row["per_month"], shares)
    return Actor(ActorKind.API_KEY, row["id"], row["name"], role, tuple(row["areas"]), allowance)

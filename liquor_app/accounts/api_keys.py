"""Keys for programs: a till, a shop, a script. Each has a role, may be good for parts of the API only, and may end on a
day. The key itself is shown once and stored only as a hash. What a key makes ends with it and may ask no more."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.key_areas import clean_areas
from liquor_app.accounts.key_usage import allowance_of, clean_limit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, Allowance, require
from liquor_app.accounts.tokens import KEY_PREFIX
from liquor_app.core.clock import now
from liquor_app.core.errors import Forbidden, Full, Invalid, NotFound
from liquor_app.core.security.crypto import token_hash
from liquor_app.core.storable_text import said

LONGEST_DAYS = 3650
MOST_KEYS = 200
"""Keys that are good at one time."""

_INSERT = """
INSERT INTO api_keys (name, prefix, key_hash, role, areas, created_by, made_with, expires_at, per_minute, per_month)
VALUES (:name, :prefix, :hash, :role, :areas, COALESCE(:by, (SELECT created_by FROM api_keys WHERE id = :key)), :key,
        :expires, :per_minute, :per_month) RETURNING id
"""
_GOOD = """
SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""
_ONE = "SELECT name, per_minute, per_month FROM api_keys WHERE id = :id AND revoked_at IS NULL FOR UPDATE"
_LIMIT = "UPDATE api_keys SET per_minute = :per_minute, per_month = :per_month WHERE id = :id"
_REVOKE = "UPDATE api_keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL RETURNING id, name"
_REVOKE_MADE = """
UPDATE api_keys SET revoked_at = :now WHERE made_with = ANY(:makers) AND revoked_at IS NULL RETURNING id, name
"""
# locked, so that whoever revokes it meanwhile sees what it made
_OWN = "SELECT expires_at, per_minute, per_month FROM api_keys WHERE id = :id AND revoked_at IS NULL FOR SHARE"


class KeyStatus(StrEnum):
    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    """Whoever made it was deactivated: it is refused until they are back."""

    @property
    def label(self) -> str:
        return self.value.capitalize()


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A key; `prefix` is how it begins, which tells it apart and opens nothing. `acts_as` is the role it acts as now:
    of its own and its maker's the lesser one. `per_minute` and `per_month` are the requests it may make, with all the
    keys it makes; `used_this_month` those they made, by UTC's months."""

    id: UUID
    name: str
    prefix: str
    role: Role
    acts_as: Role
    areas: list[str]
    status: KeyStatus
    made_by: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    per_minute: int
    per_month: int
    used_this_month: int


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What a key that acts can give: an end, and requests. Without any for a person."""

    ends: datetime | None = None
    allowed: Allowance | None = None

    def end_of(self, days: int | None) -> datetime | None:
        """Return when a key ends that is asked for so many days; Invalid if it would outlive its maker."""
        at = now()
        asked = at + timedelta(days=days) if days is not None else self.ends
        if asked is None or self.ends is None or asked <= self.ends:
            return asked
        most = (self.ends - at).days
        said = f"say at most {most}, or leave it out" if most else "leave it out"
        raise Invalid(f"days must not lead past the end of the key that asks: {said}", field="days")

    def limit_of(self, name: str, given: int | None) -> int | None:
        """Return a limit as it is stored; Invalid if it is more than that of the key that asks."""
        clean = clean_limit(name, given)
        if self.allowed is None:
            return clean
        most = getattr(self.allowed, name)
        if clean is None:
            return None if most >= getattr(allowance_of(None, None), name) else int(most)
        if clean > most:
            raise Invalid(f"{name} must be at most {most}, as of the key that asks", field=name)
        return clean


async def _bounds_of(session: AsyncSession, actor: Actor) -> _Bounds:
    if actor.kind is not ActorKind.API_KEY:
        return _Bounds()
    own = (await session.execute(text(_OWN), {"id": actor.id})).first()
    if own is None:
        raise Forbidden("The key that asks was revoked.")
    return _Bounds(own.expires_at, allowance_of(own.per_minute, own.per_month))


async def create_api_key(
    session: AsyncSession,
    actor: Actor,
    *,
    name: str,
    role: Role,
    areas: Collection[str] = (),
    days: int | None = None,
    per_minute: int | None = None,
    per_month: int | None = None,
) -> str:
    """Return a new API key; the returned text is shown once and stored only as a hash.

    Args:
        areas: what it is good for (`key_areas`); empty for all its role may.
        days: after which it ends by itself; None for never, or when the key ends that asks.
        per_minute, per_month: requests it may make; None for what all may (`key_usage`), or the key that asks.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: no name, an unknown area, days or limits out of range, or beyond those of the key that asks.
        Conflict: there are too many keys.
    """
    require(actor, Permission.KEYS_ADMIN)
    label = said(name)[:80]
    if not label:
        raise Invalid("name must not be empty", field="name")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"days must be between 1 and {LONGEST_DAYS}", field="days")
    good_for = clean_areas(areas)
    bounds = await _bounds_of(session, actor)
    limits = {
        "per_minute": bounds.limit_of("per_minute", per_minute), "per_month": bounds.limit_of("per_month", per_month)
    }  # fmt: skip
    expires = bounds.end_of(days)
    there = await session.execute(text(_GOOD))
    if there.scalar_one() >= MOST_KEYS:
        raise Full(f"There are {MOST_KEYS} keys already. Revoke those nobody needs.")
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    made = await session.execute(
        text(_INSERT),
        {
            "name": label, "prefix": secret[:9], "hash": token_hash(secret), "role": role.value, "areas": good_for,
            "by": actor.user_id, "key": actor.id if actor.kind is ActorKind.API_KEY else None, "expires": expires,
            **limits,
        },
    )  # fmt: skip
    await audit(
        session, actor, "api_key.created", "api_key", made.scalar_one(), name=label, role=role.value, areas=good_for,
        expires_at=expires, per_minute=limits["per_minute"], per_month=limits["per_month"],
    )  # fmt: skip
    return secret


async def change_limits(session: AsyncSession, actor: Actor, key_id: UUID, changes: Mapping[str, int | None]) -> None:
    """Change how many requests a key may make, from the next one on.

    Args:
        changes: `per_minute` and `per_month`, as far as they change; None for what all keys may. A key gives none
            more than it may itself, nor itself.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: out of range, or more than the key that asks may.
        NotFound: there is no such key, or it was revoked.
    """
    require(actor, Permission.KEYS_ADMIN)
    bounds = await _bounds_of(session, actor)
    clean = {name: bounds.limit_of(name, given) for name, given in changes.items()}
    before = (await session.execute(text(_ONE), {"id": key_id})).mappings().first()
    if before is None:
        raise NotFound("There is no such key, or it was revoked before.")
    after = {"per_minute": before["per_minute"], "per_month": before["per_month"], **clean}
    await session.execute(text(_LIMIT), {"id": key_id, **after})
    await audit_change(
        session, actor, "api_key.changed", "api_key", key_id, before=dict(before), after=after, name=before["name"]
    )


async def revoke_api_key(session: AsyncSession, actor: Actor, key_id: UUID) -> None:
    """End a key at once, with all that were made with it, and with these; sockets they have open are closed.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is no such key, or it was revoked before.
    """
    require(actor, Permission.KEYS_ADMIN)
    at = now()
    ended = (await session.execute(text(_REVOKE), {"id": key_id, "now": at})).all()
    if not ended:
        raise NotFound("There is no such key, or it was revoked before.")
    while ended:
        for one in ended:
            announce_access(session, one.id)
            made_with = {} if one.id == key_id else {"made_with": str(key_id)}
            await audit(session, actor, "api_key.revoked", "api_key", one.id, name=one.name, **made_with)
        ended = (await session.execute(text(_REVOKE_MADE), {"makers": [one.id for one in ended], "now": at})).all()

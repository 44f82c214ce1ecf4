"""Keys for programs: a till, a shop, a script. Each has a role, may be good for parts of the API only, and may end on a
day. The key itself is shown once and stored only as a hash."""

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
from liquor_app.accounts.key_usage import clean_limit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.accounts.tokens import KEY_PREFIX
from liquor_app.core.clock import now
from liquor_app.core.errors import Full, Invalid, NotFound
from liquor_app.core.security.crypto import token_hash

LONGEST_DAYS = 3650
MOST_KEYS = 200
"""Keys that are good at one time."""

_INSERT = """
INSERT INTO api_keys (name, prefix, key_hash, role, areas, created_by, expires_at, per_minute, per_month)
VALUES (:name, :prefix, :hash, :role, :areas, COALESCE(:by, (SELECT created_by FROM api_keys WHERE id = :key)),
        :expires, :per_minute, :per_month) RETURNING id
"""
_GOOD = """
SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""
_ONE = "SELECT name, per_minute, per_month FROM api_keys WHERE id = :id AND revoked_at IS NULL FOR UPDATE"
_LIMIT = "UPDATE api_keys SET per_minute = :per_minute, per_month = :per_month WHERE id = :id"
_REVOKE = "UPDATE api_keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL RETURNING name"


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
    """A key; `prefix` is how it begins, which tells it apart and opens nothing. `per_minute` and `per_month` are the
    requests it may make, `used_this_month` those it made, by UTC's months."""

    id: UUID
    name: str
    prefix: str
    role: Role
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
        days: after which it ends by itself; None for never.
        per_minute, per_month: requests it may make; None for what all may (`key_usage`).

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: no name, an unknown area, days or limits out of range.
        Conflict: there are too many keys.
    """
    require(actor, Permission.KEYS_ADMIN)
    label = name.strip()[:80]
    if not label:
        raise Invalid("name must not be empty", field="name")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"days must be between 1 and {LONGEST_DAYS}", field="days")
    good_for = clean_areas(areas)
    limits = {"per_minute": clean_limit("per_minute", per_minute), "per_month": clean_limit("per_month", per_month)}
    there = await session.execute(text(_GOOD))
    if there.scalar_one() >= MOST_KEYS:
        raise Full(f"There are {MOST_KEYS} keys already. Revoke those nobody needs.")
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    expires = now() + timedelta(days=days) if days is not None else None
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
        changes: `per_minute` and `per_month`, as far as they change; None for what all keys may.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: out of range.
        NotFound: there is no such key, or it was revoked.
    """
    require(actor, Permission.KEYS_ADMIN)
    clean = {name: clean_limit(name, given) for name, given in changes.items()}
    before = (await session.execute(text(_ONE), {"id": key_id})).mappings().first()
    if before is None:
        raise NotFound("There is no such key, or it was revoked before.")
    after = {"per_minute": before["per_minute"], "per_month": before["per_month"], **clean}
    await session.execute(text(_LIMIT), {"id": key_id, **after})
    await audit_change(
        session, actor, "api_key.changed", "api_key", key_id, before=dict(before), after=after, name=before["name"]
    )


async def revoke_api_key(session: AsyncSession, actor: Actor, key_id: UUID) -> None:
    """End a key at once; sockets it has open are closed.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is no such key, or it was revoked before.
    """
    require(actor, Permission.KEYS_ADMIN)
    ended = (await session.execute(text(_REVOKE), {"id": key_id, "now": now()})).scalar()
    if ended is None:
        raise NotFound("There is no such key, or it was revoked before.")
    announce_access(session, key_id)
    await audit(session, actor, "api_key.revoked", "api_key", key_id, name=ended)

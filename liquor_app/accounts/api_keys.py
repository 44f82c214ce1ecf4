"""Keys for programs: a till, a shop, a script. Each has a role, may be good for parts of the API only, and may end on a
day. The key itself is shown once and stored only as a hash."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.access_changes import announce_access
from liquor_app.accounts.audit import audit
from liquor_app.accounts.key_areas import clean_areas
from liquor_app.accounts.lists import read_list
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.accounts.tokens import KEY_PREFIX
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.core.security.crypto import token_hash

LONGEST_DAYS = 3650
MOST_KEYS = 200
"""Keys that are good at one time."""

_INSERT = """
INSERT INTO api_keys (name, prefix, key_hash, role, areas, created_by, expires_at)
VALUES (:name, :prefix, :hash, :role, :areas, :by, :expires) RETURNING id
"""
_REVOKE = "UPDATE api_keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL RETURNING name"


class KeyStatus(StrEnum):
    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"

    @property
    def label(self) -> str:
        return self.value.capitalize()


_STATUS = (
    f"CASE WHEN t.revoked_at IS NOT NULL THEN '{KeyStatus.REVOKED}'"
    f" WHEN t.expires_at <= now() THEN '{KeyStatus.EXPIRED}' ELSE '{KeyStatus.GOOD}' END"
)


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A key; `prefix` is how it begins, which tells it apart and opens nothing."""

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


API_KEYS = ListSpec(
    name="api_keys",
    row=ApiKeyRow,
    source="api_keys t LEFT JOIN users u ON u.id = t.created_by",
    counted="api_keys t",
    select={"status": _STATUS, "made_by": "COALESCE(u.full_name, u.email)"},
    order="-created_at",
    sorts=(Sort("created_at", first="-"), Sort("name"), Sort("last_used_at", first="-")),
    filters=(
        Filter("status", _STATUS,
            options=tuple(KeyStatus), label="Status", spoken={one.value: one.label for one in KeyStatus},
        ),
        Filter("role", "t.role", options=tuple(Role), label="Role", spoken={role.value: role.label for role in Role}),
    ),
    search="lower(t.name) LIKE :search OR lower(t.prefix) LIKE :search",
    role="admin",
    export_role="admin",
    export={
        "name": "name", "prefix": "begins with", "role": "role", "areas": "good for", "status": "status",
        "made_by": "made by", "created_at": "made", "last_used_at": "last used", "expires_at": "ends",
    },
    bounded="the programs of one shop",
)  # fmt: skip


async def list_api_keys(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[ApiKeyRow]:
    """Return a page of the keys, the newest first.

    Raises:
        Forbidden: the actor is no admin.
        Invalid: see `read_list`.
    """
    require(actor, Role.ADMIN)
    return await read_list(session, actor, API_KEYS, query)


async def create_api_key(
    session: AsyncSession, actor: Actor, *, name: str, role: Role, areas: Collection[str] = (), days: int | None = None
) -> str:
    """Return a new API key; the returned text is shown once and stored only as a hash.

    Args:
        areas: what it is good for (`key_areas`); empty for all its role may.
        days: after which it ends by itself; None for never.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: no name, an unknown area, days out of range.
        Conflict: there are too many keys.
    """
    require(actor, Role.ADMIN)
    label = name.strip()[:80]
    if not label:
        raise Invalid("name must not be empty", field="name")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"days must be between 1 and {LONGEST_DAYS}", field="days")
    good_for = clean_areas(areas)
    there = await session.execute(text(f"SELECT count(*) FROM api_keys t WHERE {_STATUS} = '{KeyStatus.GOOD}'"))
    if there.scalar_one() >= MOST_KEYS:
        raise Conflict(f"There are {MOST_KEYS} keys already. Revoke those nobody needs.")
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    expires = now() + timedelta(days=days) if days is not None else None
    made = await session.execute(
        text(_INSERT),
        {
            "name": label, "prefix": secret[:9], "hash": token_hash(secret), "role": role.value, "areas": good_for,
            "by": actor.user_id, "expires": expires,
        },
    )  # fmt: skip
    await audit(
        session, actor, "api_key.created", "api_key", made.scalar_one(), name=label, role=role.value, areas=good_for,
        expires_at=expires,
    )  # fmt: skip
    return secret


async def revoke_api_key(session: AsyncSession, actor: Actor, key_id: UUID) -> None:
    """End a key at once; sockets it has open are closed.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: there is no such key, or it was revoked before.
    """
    require(actor, Role.ADMIN)
    ended = (await session.execute(text(_REVOKE), {"id": key_id, "now": now()})).scalar()
    if ended is None:
        raise NotFound("There is no such key, or it was revoked before.")
    announce_access(session, key_id)
    await audit(session, actor, "api_key.revoked", "api_key", key_id, name=ended)

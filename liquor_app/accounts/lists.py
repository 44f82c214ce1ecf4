"""The door to every list: who may read it, and who may carry it away. And the lists of who may come in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.api_keys import ApiKeyRow, KeyStatus
from liquor_app.accounts.audit import audit
from liquor_app.accounts.changed_fields import told_filters
from liquor_app.accounts.entry.second_step_rule import STANDING_ROLE
from liquor_app.accounts.key_usage import PER_MINUTE, PER_MONTH
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import RANK, Permission
from liquor_app.accounts.permissions import Actor, may, require
from liquor_app.accounts.team import TeamRow, UserStatus
from liquor_app.accounts.tokens import actor_again
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound, TooMany
from liquor_app.core.listing.compile import compile_list
from liquor_app.core.listing.read import _add_up, _read_all, _read_page
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.models import JobStatus
from liquor_app.core.paging import Page
from liquor_app.core.queue import Job, JobRow, get_job
from liquor_app.ui.status_looks import STATUS_WORDS

R = TypeVar("R")

MOST_EXPORTS = 4
"""Exports a web process sends at once: each holds a connection and a snapshot of the database."""
_sent: set[int] = set()


async def read_list(session: AsyncSession, actor: Actor, spec: ListSpec[R], query: ListQuery | None = None) -> Page[R]:
    """Read a page of a list.

    Raises:
        Forbidden: not for this role.
        Invalid: an unknown filter, value or sort, a malformed cursor, a limit out of range.
    """
    require(actor, Permission(spec.permission))
    page = await _read_page(session, spec, query or ListQuery())
    return replace(page, items=await _shown(session, actor, spec, page.items))


MOST_ADDED = 200_000
"""Rows whose sum is worked out anew for a page: more take longer than somebody waits."""


@dataclass(frozen=True, slots=True)
class Whole:
    """How many rows match, and what a field of them comes to: None of more than `MOST_ADDED`, `rows` at least so many
    then."""

    rows: int
    value: Decimal | None


async def add_up(session: AsyncSession, actor: Actor, spec: ListSpec[Any], query: ListQuery, name: str) -> Whole:
    """Count everything a question matches, and add up one field of it.

    Args:
        query: with the list's own parameters, as its verb gives them.
        name: a field of the list's rows that is an amount.

    Raises:
        Forbidden: not for this role.
        Invalid: as `read_list`.
    """
    require(actor, Permission(spec.permission))
    rows, value = await _add_up(session, spec, query, name, MOST_ADDED + 1)
    return Whole(rows, value) if rows <= MOST_ADDED else Whole(MOST_ADDED, None)


async def _shown(session: AsyncSession, actor: Actor, spec: ListSpec[R], rows: Sequence[R]) -> list[R]:
    """Rows as the actor may read them."""
    if spec.shown is None:
        return list(rows)
    shown = await spec.shown(session, actor)
    return [shown(row) for row in rows]


async def open_export(
    session: AsyncSession, actor: Actor, spec: ListSpec[R], query: ListQuery
) -> AsyncGenerator[list[R], None]:
    """Yield everything a question matches, as it will be read: checked and written into the audit log before the first
    row.

    Raises:
        Forbidden: not for this role.
        Invalid: as `read_list`.
        TooMany: as many others are on their way.
    """
    require(actor, Permission(spec.export_permission))
    compile_list(spec, query)
    if len(_sent) >= MOST_EXPORTS:
        raise TooMany("Other exports are on their way. Please try again in a moment.", retry_after=10)
    asked = told_filters(spec, query.filters)
    await audit(session, actor, f"{spec.name}.exported", "list", None, search=bool(query.search), filters=asked)
    return _counted(read_while_allowed([actor.kind.value, str(actor.id)], spec, query))


async def _counted(pages: AsyncGenerator[list[R], None]) -> AsyncGenerator[list[R], None]:
    mark = id(pages)
    _sent.add(mark)
    try:
        async with aclosing(pages):
            async for page in pages:
                yield page
    finally:
        _sent.discard(mark)


async def read_while_allowed(
    who: Sequence[str] | None, spec: ListSpec[R], query: ListQuery
) -> AsyncGenerator[list[R], None]:
    """Yield everything a question matches, a page at a time, as whoever asked may read it and for as long as they may
    carry it away: a file of a million rows is minutes on its way.

    Args:
        who: kind and id of the actor, as a job keeps them.

    Raises:
        Forbidden: not, or not any more; what follows is not read.
        Invalid: as `read_list`.
    """
    async with aclosing(_read_all(spec, query)) as pages:
        async for page in pages:
            async with transaction() as session:
                actor = await actor_again(session, who)
                require(actor, Permission(spec.export_permission))
                shown = await _shown(session, actor, spec, page)
            yield shown


_MAY_SEE = (
    "(CAST(:everyone AS boolean) OR t.created_by = CAST(:me AS uuid)"
    " OR t.args -> 'actor' ->> 1 = CAST(CAST(:me AS uuid) AS text))"
)
_SEEN = f"SELECT 1 FROM jobs t WHERE t.id = :id AND {_MAY_SEE}"
JOBS = ListSpec(
    name="jobs",
    row=JobRow,
    source="jobs t",
    where=_MAY_SEE,
    order="-id",
    permission=Permission.JOBS_READ,
    export_permission=Permission.JOBS_WRITE,
    sorts=(Sort("id", first="-"),),
    filters=(
        Filter("status", "t.status", options=tuple(JobStatus), label="Status", spoken=STATUS_WORDS),
        Filter("name", "t.name", options=tuple(Job), label="Work"),
    ),
    export={
        "id": "id", "name": "work", "status": "status", "done": "done", "total": "of", "message": "message",
        "error": "error", "created_at": "asked for", "finished_at": "ended",
    },
)  # fmt: skip
"""Ids are in the order in which they were asked for."""


async def list_jobs(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[JobRow]:
    """Return a page of background work, the newest first: everybody's for whoever may stop it, else what `actor` asked
    for.

    Raises:
        Forbidden: nobody is signed in.
        Invalid: see `read_list`.
    """
    require(actor, Permission.JOBS_READ)
    scope = {"everyone": may(actor, Permission.JOBS_WRITE), "me": actor.id}
    return await read_list(session, actor, JOBS, replace(query or ListQuery(), scope=scope))


async def see_job(session: AsyncSession, actor: Actor, job_id: UUID) -> JobRow:
    """Return a piece of background work: anybody's to whoever may stop it, else what `actor` asked for.

    Raises:
        Forbidden: nobody is signed in.
        NotFound: there is no such job for them.
    """
    require(actor, Permission.JOBS_READ)
    bound = {"id": job_id, "everyone": may(actor, Permission.JOBS_WRITE), "me": actor.id}
    if (await session.execute(text(_SEEN), bound)).first() is None:
        raise NotFound("There is no such job.")
    return await get_job(session, job_id)


_USER_STATUS = (
    f"CASE WHEN NOT t.is_active THEN '{UserStatus.DEACTIVATED}' WHEN t.password_hash = '' THEN '{UserStatus.INVITED}'"
    f" ELSE '{UserStatus.JOINED}' END"
)


TEAM = ListSpec(
    name="users",
    row=TeamRow,
    source="users t LEFT JOIN totp_secrets s ON s.user_id = t.id LEFT JOIN access_links l ON l.user_id = t.id"
    " AND l.expires_at > now()",
    counted="users t",
    select={
        "status": _USER_STATUS,
        "has_two_steps": "s.confirmed_at IS NOT NULL OR EXISTS (SELECT FROM passkeys p WHERE p.user_id = t.id)",
        "link_until": "l.expires_at",
    },
    order="email",
    permission=Permission.TEAM_ADMIN,
    export_permission=Permission.TEAM_ADMIN,
    sorts=(Sort("email"), Sort("last_login_at", first="-"), Sort("created_at", first="-")),
    filters=(
        Filter("status", _USER_STATUS,
            options=tuple(UserStatus), label="Status", spoken={one.value: one.label for one in UserStatus},
        ),
        Filter("role", "t.role", options=tuple(Role), label="Role", spoken={role.value: role.label for role in Role}),
    ),
    search="lower(t.email) LIKE :search OR lower(t.full_name) LIKE :search",
    export={
        "email": "e-mail", "full_name": "name", "role": "role", "status": "status", "has_two_steps": "two-step sign-in",
        "last_login_at": "last signed in", "created_at": "since",
    },
    bounded="the people who work for one shop",
)  # fmt: skip


async def list_team(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[TeamRow]:
    """Return a page of the shop's people.

    Raises:
        Forbidden: the actor is no admin.
        Invalid: see `read_list`.
    """
    require(actor, Permission.TEAM_ADMIN)
    return await read_list(session, actor, TEAM, query)


_KEY_STATUS = (
    f"CASE WHEN t.revoked_at IS NOT NULL THEN '{KeyStatus.REVOKED}'"
    f" WHEN t.expires_at <= now() THEN '{KeyStatus.EXPIRED}'"
    " WHEN EXISTS (SELECT FROM users m WHERE m.id = t.created_by AND NOT m.is_active)"
    f" THEN '{KeyStatus.SUSPENDED}' ELSE '{KeyStatus.GOOD}' END"
)
_LESSER = " ".join(
    f"WHEN '{one}' IN (t.role, {STANDING_ROLE}) THEN '{one}'" for one in sorted(RANK, key=lambda role: RANK[role])
)
_ACTS_AS = f"CASE WHEN u.id IS NULL THEN t.role {_LESSER} END"
"""SQL: what a key acts as now (`tokens`): one of a maker who was demoted is no more than they are."""


API_KEYS = ListSpec(
    name="api_keys",
    row=ApiKeyRow,
    source="api_keys t LEFT JOIN users u ON u.id = t.created_by LEFT JOIN api_key_months m ON m.key_id = t.id"
    " AND m.month = date_trunc('month', now(), 'UTC')",
    counted="api_keys t",
    select={
        "status": _KEY_STATUS, "acts_as": _ACTS_AS, "made_by": "COALESCE(u.full_name, u.email)",
        "per_minute": f"COALESCE(t.per_minute, {PER_MINUTE})", "per_month": f"COALESCE(t.per_month, {PER_MONTH})",
        "used_this_month": "COALESCE(m.requests, 0)",
    },
    order="-created_at",
    permission=Permission.KEYS_ADMIN,
    export_permission=Permission.KEYS_ADMIN,
    sorts=(Sort("created_at", first="-"), Sort("name"), Sort("last_used_at", first="-")),
    filters=(
        Filter("status", _KEY_STATUS,
            options=tuple(KeyStatus), label="Status", spoken={one.value: one.label for one in KeyStatus},
        ),
        Filter("role", "t.role", options=tuple(Role), label="Role", spoken={role.value: role.label for role in Role}),
    ),
    search="lower(t.name) LIKE :search OR lower(t.prefix) LIKE :search",
    export={
        "name": "name", "prefix": "begins with", "role": "role", "acts_as": "acts as", "areas": "good for",
        "status": "status", "made_by": "made by", "created_at": "made", "last_used_at": "last used",
        "expires_at": "ends", "per_minute": "requests a minute", "per_month": "requests a month",
        "used_this_month": "used this month",
    },
    bounded="the programs of one shop",
)  # fmt: skip


async def list_api_keys(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[ApiKeyRow]:
    """Return a page of the keys, the newest first.

    Raises:
        Forbidden: the actor is no admin.
        Invalid: see `read_list`.
    """
    require(actor, Permission.KEYS_ADMIN)
    return await read_list(session, actor, API_KEYS, query)


async def get_api_key(session: AsyncSession, actor: Actor, key_id: UUID) -> ApiKeyRow:
    """Return one key.

    Raises:
        Forbidden: the actor is no admin.
        NotFound: there is none of this id.
    """
    require(actor, Permission.KEYS_ADMIN)
    found = await session.execute(text(_ONE_KEY), {"id": key_id})
    if (row := found.mappings().first()) is None:
        raise NotFound("There is no such key.")
    return API_KEYS.make(row)


_ONE_KEY = f"SELECT {API_KEYS.columns} FROM {API_KEYS.source} WHERE t.id = :id"

"""Saved views of lists: a name for a question, one's own or everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, may, require
from liquor_app.core.bulk import unnest
from liquor_app.core.errors import Forbidden, Full, Invalid, NotFound

MOST_VIEWS = 50
"""Of one list, for one person and for everybody each."""
LONGEST = 2_000
"""Characters of a question; an address holds no more."""

_ROW = "SELECT id, page AS list, name, query, user_id IS NULL AS is_shared FROM saved_views"
_VISIBLE = "page = :page AND (user_id IS NULL OR user_id = :me)"

_QUERY = unnest("q", k="text", v="text")


@dataclass(frozen=True)
class ViewFields:
    """A saved question of a list. `query` is the address's parameters."""

    id: UUID
    list: str
    name: str
    query: dict[str, str]
    is_shared: bool


class ViewRow(ViewFields):
    """One that somebody may open."""


async def list_views(session: AsyncSession, actor: Actor, page: str) -> list[ViewRow]:
    """Return the views of a list that `actor` may open: everybody's, then their own, by name."""
    require(actor, Permission.OWN_ACCOUNT)
    found = await session.execute(
        text(f"{_ROW} WHERE {_VISIBLE} ORDER BY user_id IS NOT NULL, lower(name), id LIMIT :n"),
        {"page": page, "me": actor.user_id, "n": 2 * MOST_VIEWS},
    )
    return [ViewRow(**row) for row in found.mappings()]


async def get_view(session: AsyncSession, actor: Actor, view_id: UUID) -> ViewRow:
    """Return a view of everybody's, or of `actor`'s own.

    Raises:
        NotFound: none that `actor` sees.
    """
    require(actor, Permission.OWN_ACCOUNT)
    found = await session.execute(
        text(f"{_ROW} WHERE id = :id AND (user_id IS NULL OR user_id = :me)"), {"id": view_id, "me": actor.user_id}
    )
    if (row := found.mappings().first()) is None:
        raise NotFound("There is no such view.")
    return ViewRow(**row)


async def save_view(
    session: AsyncSession, actor: Actor, page: str, name: str, query: Mapping[str, str], *, shared: bool = False
) -> UUID:
    """Keep a question under a name; one of the same name is replaced.

    Raises:
        Forbidden: a viewer may not share.
        Invalid: no name, a name too long, a question too long.
        Conflict: there are as many as there may be.
    """
    # a program has no views of its own: what it keeps is everybody's
    shared = shared or actor.user_id is None
    require(actor, Permission.SHARED_VIEWS if shared else Permission.OWN_ACCOUNT)
    title = " ".join(name.split())
    if not 1 <= len(title) <= 60:
        raise Invalid("Give the view a name of 1 to 60 characters.", field="name")
    kept = {str(key)[:60]: str(value) for key, value in query.items() if value and key not in {"cursor", "page"}}
    if sum(len(key) + len(value) for key, value in kept.items()) > LONGEST:
        raise Invalid("This question is too long to be kept. Take a filter off.", field="name")
    owner = None if shared else actor.user_id
    values: dict[str, Any] = {"page": page, "name": title, "owner": owner}
    counted = await session.execute(
        text("SELECT count(*) FROM saved_views WHERE page = :page AND user_id IS NOT DISTINCT FROM :owner"
             " AND name <> :name"), values,
    )  # fmt: skip
    if int(counted.scalar_one()) >= MOST_VIEWS:
        raise Full(f"There are {MOST_VIEWS} views of this list already. Delete one first.")
    made = await session.execute(
        text(
            "INSERT INTO saved_views (page, name, user_id, query)"
            " SELECT :page, :name, :owner, COALESCE(jsonb_object_agg(k, v), '{}')"
            f" FROM {_QUERY} ON CONFLICT (page, name, user_id) DO UPDATE SET query = excluded.query RETURNING id"
        ),
        {**values, **_QUERY.bind(k=kept, v=kept.values())},
    )
    view_id: UUID = made.scalar_one()
    await audit(session, actor, "view.saved", "saved_view", view_id, page=page, name=title, shared=shared)
    return view_id


async def delete_view(session: AsyncSession, actor: Actor, view_id: UUID) -> None:
    """Take a view away: one's own, or, as a manager, everybody's.

    Raises:
        NotFound: none that `actor` sees.
        Forbidden: everybody's, and `actor` may only read.
    """
    require(actor, Permission.OWN_ACCOUNT)
    found = await session.execute(
        text("SELECT user_id IS NULL AS shared, name FROM saved_views WHERE id = :id"
             " AND (user_id IS NULL OR user_id = :me)"), {"id": view_id, "me": actor.user_id},
    )  # fmt: skip
    row = found.first()
    if row is None:
        raise NotFound("There is no such view.")
    if row.shared and not may(actor, Permission.SHARED_VIEWS):
        raise Forbidden("Views for everybody are taken away by managers.")
    await session.execute(text("DELETE FROM saved_views WHERE id = :id"), {"id": view_id})
    await audit(session, actor, "view.deleted", "saved_view", view_id, name=row.name)

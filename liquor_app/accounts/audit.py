"""The audit log."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.changed_fields import changed_fields
from liquor_app.accounts.entry.told_changes import tell_owner
from liquor_app.accounts.models import REFUSALS
from liquor_app.accounts.permissions import Actor
from liquor_app.core.bulk import unnest
from liquor_app.core.db import transaction
from liquor_app.core.security.call_origin import call_origin

ACCESS = "access"
"""The entity of everything about getting in: sign-ins, refusals, sign-outs. `entity_id` is the user, if known."""
ACCESS_PER_HOUR = 20
"""Refusals of one kind about one user (or about nobody known) from one address an hour: an attacker must not fill the
table. The last one says that there may be more."""
ACCESS_IN_ALL = 500
"""The same from all addresses."""

_ACCESS = text(
    "INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, entity, entity_id, ip, via, changes)"
    " SELECT :kind, :id, :name, :action, :entity, CAST(:about AS uuid), CAST(:from AS text), CAST(:via AS text),"
    " CAST(:changes AS jsonb)"
    " || CASE WHEN c.here = :most - 1 OR c.n = :in_all - 1 THEN jsonb_build_object('more', 'not recorded this hour')"
    " ELSE '{}' END"
    " FROM (SELECT count(*) AS n, count(*) FILTER (WHERE changes->>'ip' IS NOT DISTINCT FROM CAST(:ip AS text)) AS here"
    " FROM audit_log WHERE entity = :entity AND action = :action"
    " AND entity_id IS NOT DISTINCT FROM CAST(:about AS uuid) AND at > now() - interval '1 hour') AS c"
    " WHERE c.here < :most AND c.n < :in_all"
)


_RECORD = text(
    "INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, entity, entity_id, ip, via, fields, changes)"
    " VALUES (:kind, :id, :name, :action, :entity, :entity_id, :ip, :via, CAST(:fields AS text[]),"
    " CAST(:changes AS jsonb))"
)

_EACH = unnest("f", about="uuid", changes="jsonb")
_RECORD_EACH = f"""
INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, entity, entity_id, ip, via, fields, changes)
SELECT :kind, CAST(:id AS uuid), :name, :action, :entity, f.about, CAST(:ip AS text), CAST(:via AS text),
       CAST(:fields AS text[]), f.changes FROM {_EACH}
"""


async def audit(
    session: AsyncSession, actor: Actor, action: str, entity: str, entity_id: UUID | None, /, *,
    _fields: Sequence[str] = (), **changes: Any,
) -> None:  # fmt: skip
    """Record that `actor` did `action` to an entity, in the transaction that did it, with notes on it. Never pass
    secrets. What changed fields of something is recorded by `audit_change`. Whose account it is, is told
    (`entry.told_changes`). A corridor."""
    origin = call_origin.get()
    await session.execute(
        _RECORD,
        {
            "kind": actor.kind.value, "id": actor.id, "name": actor.name, "action": action, "entity": entity,
            "entity_id": entity_id, "ip": origin.ip, "via": origin.via, "fields": list(_fields),
            "changes": json.dumps(changes, default=str),
        },
    )  # fmt: skip
    await tell_owner(session, actor, action, entity_id, fields=_fields, notes=changes)


async def audit_change(
    session: AsyncSession,
    actor: Actor,
    action: str,
    entity: str,
    entity_id: UUID | None,
    /,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    private: Collection[str] = (),
    plain: Collection[str] = (),
    **notes: Any,
) -> None:
    """As `audit`, of a change: each field of `after` that is not as in `before` is kept as [before, after]. A corridor.

    Args:
        private, plain: see `changed_fields`.
        notes: what else is to be told; never a field's name.
    """
    changed = changed_fields(before, after, private=private, plain=plain)
    await audit(session, actor, action, entity, entity_id, _fields=tuple(changed), **{**notes, **changed})


async def audit_each(
    session: AsyncSession, actor: Actor, action: str, entity: str, notes: Mapping[UUID, Mapping[str, Any]], *,
    fields: Sequence[str],
) -> None:  # fmt: skip
    """As `audit`, of many things at once: each with its notes. `fields` changed of every one. A corridor."""
    if not notes:
        return
    origin = call_origin.get()
    values = {
        "kind": actor.kind.value, "id": actor.id, "name": actor.name, "action": action, "entity": entity,
        "ip": origin.ip, "via": origin.via, "fields": list(fields),
    }  # fmt: skip
    told = [json.dumps(one, default=str) for one in notes.values()]
    await session.execute(text(_RECORD_EACH), {**values, **_EACH.bind(about=list(notes), changes=told)})


async def audit_access(session: AsyncSession, actor: Actor, action: str, about: UUID | None, **changes: Any) -> None:
    """Record how somebody got in, was refused or left; refusals are bounded to `ACCESS_PER_HOUR` of one `ip`. What a
    stranger typed is no part of it: it may be somebody's password in the wrong box. A corridor."""
    if not action.endswith(REFUSALS):
        await audit(session, actor, action, ACCESS, about, **changes)
        return
    origin = call_origin.get()
    await session.execute(
        _ACCESS,
        {
            "kind": actor.kind.value, "id": actor.id, "name": actor.name, "action": action, "entity": ACCESS,
            "about": about, "changes": json.dumps(changes, default=str), "most": ACCESS_PER_HOUR,
            "in_all": ACCESS_IN_ALL, "ip": changes.get("ip"), "from": origin.ip, "via": origin.via,
        },
    )  # fmt: skip


async def note_refusal(actor: Actor, what: str, ip: str | None = None, *, takes: str = "") -> None:
    """Record that somebody known was refused something, in a transaction of its own: the other was rolled back.
    A corridor.

    Args:
        takes: the role or the area of a key that would have done (`Forbidden`).
    """
    more = {name: value for name, value in (("ip", ip), ("takes", takes)) if value}
    async with transaction() as session:
        await audit_access(session, actor, "access.refused", actor.id, what=what, **more)

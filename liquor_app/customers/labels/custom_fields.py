"""Custom fields of the shop's own: what there are, and what stands in them for one customer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Full, Invalid, NotFound, Taken, Unknown
from liquor_app.customers.labels.custom_values import (
    MOST_FIELDS,
    FieldKind,
    clean_label,
    clean_value,
    custom_of,
    field_key,
    full_name,
    with_custom,
)
from liquor_app.customers.merging.gone_profiles import why_gone


@dataclass(frozen=True, slots=True)
class CustomFieldRow:
    """A field: `key` names it in templates (`custom.favorite_grape`), `name` in rules and mappings."""

    key: str
    label: str
    kind: FieldKind
    name: str


def _row(key: str, label: str, kind: FieldKind) -> CustomFieldRow:
    return CustomFieldRow(key, label, kind, full_name(kind, key))


_ALL = "SELECT key, label, kind FROM custom_fields ORDER BY label, key"
_ADD = "INSERT INTO custom_fields (key, label, kind) VALUES (:key, :label, :kind) ON CONFLICT DO NOTHING"
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('custom_fields', 0))"
"""Two that add one at once must not come to more than there may be."""
_READ = "SELECT raw_data FROM customers WHERE id = :id AND deleted_at IS NULL"
_WRITE = "UPDATE customers SET raw_data = CAST(:raw AS jsonb), updated_at = now() WHERE id = :id"


async def list_custom_fields(session: AsyncSession, actor: Actor) -> list[CustomFieldRow]:
    """Return every field, by name."""
    require(actor, Permission.CUSTOMERS_READ)
    return list((await _known(session)).values())


async def add_custom_field(session: AsyncSession, actor: Actor, label: str, kind: str) -> CustomFieldRow:
    """Add a field; its kind stays.

    Raises:
        Forbidden: the actor may only read.
        Invalid: a bad name, or an unknown kind.
        Conflict: there is one of that name, or there are too many.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    if kind not in set(FieldKind):
        raise Invalid(f"kind must be one of {', '.join(FieldKind)}", field="kind")
    made = _row(field_key(label), clean_label(label), FieldKind(kind))
    await session.execute(text(LOCK))
    known = await _known(session)
    if made.key in known:
        raise Taken(f"There is a field called {known[made.key].label!r} already.", field="label")
    await _add(session, known, made)
    await audit(session, actor, "custom_field.added", "custom_field", None, key=made.key, kind=kind)
    return made


async def get_custom_field(session: AsyncSession, actor: Actor, key: str) -> CustomFieldRow:
    """Return one field.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.CUSTOMERS_READ)
    row = (await _known(session)).get(key)
    if row is None:
        raise NotFound("There is no such field.")
    return row


async def ensure_fields(session: AsyncSession, wanted: Iterable[tuple[FieldKind, str, str]]) -> None:
    """Make the fields (kind, key, name) that an import fills, where they are not there yet. A corridor: whoever calls
    has authorised.

    Raises:
        Invalid: one is there as another kind.
        Conflict: there are too many.
    """
    asked = list(wanted)
    if not asked:
        return
    await session.execute(text(LOCK))
    known = await _known(session)
    for kind, key, label in asked:
        if key not in known:
            await _add(session, known, _row(key, label, kind))
        elif known[key].kind is not kind:
            there = known[key]
            raise Invalid(f"mapping: {there.label!r} is a {there.kind.label.lower()} field, not {kind.label.lower()}.",
                          field="mapping")  # fmt: skip


async def custom_values(session: AsyncSession, actor: Actor, customer_id: UUID) -> dict[str, str]:
    """Return key → value of one customer.

    Raises:
        NotFound: there is no such customer.
    """
    require(actor, Permission.CUSTOMERS_READ)
    return custom_of(await _raw(session, customer_id, ""))


async def set_custom_values(
    session: AsyncSession, actor: Actor, customer_id: UUID, values: Mapping[str, Any]
) -> dict[str, str]:
    """Change values of one customer; None or empty takes one out. Returns all there are then.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such customer.
        Invalid: no such field, or not of its kind; `field` is its key.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    known = await _known(session)
    for key in values:
        if key not in known:
            raise Unknown(f"There is no field {str(key)[:40]!r}.", field=str(key)[:40])
    changes = {key: clean_value(known[key].kind, value, key) for key, value in values.items()}
    raw = await _raw(session, customer_id, " FOR UPDATE")
    before, after = custom_of(raw), with_custom(raw, changes)
    if custom_of(after) != before:
        await session.execute(text(_WRITE), {"id": customer_id, "raw": None if after is None else json.dumps(after)})
        await audit_change(
            session, actor, "customer.custom_fields", "customer", customer_id,
            before=before, after=changes, private=set(changes),
        )  # fmt: skip
    return custom_of(after)


async def _raw(session: AsyncSession, customer_id: UUID, lock: str) -> Any:
    found = await session.execute(text(_READ + lock), {"id": customer_id})
    if (row := found.first()) is None:
        raise NotFound(await why_gone(session, customer_id))
    return row.raw_data


async def _known(session: AsyncSession) -> dict[str, CustomFieldRow]:
    found = await session.execute(text(_ALL))
    return {row.key: _row(row.key, row.label, FieldKind(row.kind)) for row in found}


async def _add(session: AsyncSession, known: dict[str, CustomFieldRow], made: CustomFieldRow) -> None:
    if len(known) >= MOST_FIELDS:
        raise Full(f"There are {MOST_FIELDS} custom fields already. Remove one first.")
    await session.execute(text(_ADD), {"key": made.key, "label": made.label, "kind": made.kind.value})
    known[made.key] = made

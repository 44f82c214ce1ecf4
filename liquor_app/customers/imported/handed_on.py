"""Addresses and numbers that a file handed on from one person to another, or the other way round: undone together, for
each stands in another's way. Corridors, for `imports.undo`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.customers.bulk_write import HANDED_ON, UNIQUE, make_room
from liquor_app.customers.imported.imported_people import (
    WHY_BUT_TAKEN,
    Undone,
    lock_people,
    looked_at,
    set_back_these,
)

_OF_IMPORT = """
  FROM customer_images i JOIN customers c ON c.id = i.customer_id AND c.deleted_at IS NULL
 WHERE i.import_id = :import AND c.import_id IS DISTINCT FROM i.import_id
"""
_CONTESTED = " UNION ALL ".join(
    f"""
SELECT '{key}' AS key, c.id, o.id AS holder
  FROM customer_images i JOIN customers c ON c.id = i.customer_id AND c.deleted_at IS NULL
  JOIN customers o ON o.{key} = i.before ->> '{key}' AND o.id <> c.id AND o.deleted_at IS NULL
 WHERE i.import_id = :import AND i.after ? '{key}' AND c.import_id IS DISTINCT FROM i.import_id
"""
    for key in UNIQUE
)
"""Whose address or number of before is another's by now, and whose."""
_OTHERS = {key: ", ".join(f"c.{one}" for one in (*UNIQUE, "phone") if one != key) for key in UNIQUE}
_GOES = " UNION ALL ".join(
    f"""
SELECT '{key}', c.id {_OF_IMPORT} AND c.id = ANY(:ids) AND i.after ? '{key}'
   AND COALESCE(i.before ->> '{key}', {_OTHERS[key]}) IS NOT NULL
   AND (SELECT {WHY_BUT_TAKEN} END FROM (SELECT '{key}' AS name) f) IS NULL
"""
    for key in UNIQUE
)
"""Who gives theirs up for what they had before, if that is free by then."""
_LEFT = " OR ".join(f"{key} = '{HANDED_ON}' || CAST(id AS text)" for key in UNIQUE)
_ANY_LEFT = f"SELECT EXISTS (SELECT FROM customers WHERE id = ANY(:ids) AND ({_LEFT}))"


def set_free(holders: Mapping[UUID, UUID], goes: Collection[UUID], going: Collection[UUID] = ()) -> set[UUID]:
    """Return who gets back what another holds: whose holder goes, or gives it up for what is free, and so on; or all of
    a circle.

    Args:
        holders: who wants something back → who holds it.
        goes: who gives up what they hold, as far as it is theirs to say.
        going: holders who are taken away first.
    """
    is_free: dict[UUID, bool] = {}
    for wants in holders:
        path: dict[UUID, None] = {}
        one = wants
        while one not in is_free and one not in path:
            path[one] = None
            if one in going or (one in goes and one not in holders):
                is_free[one] = True
            elif one not in goes:
                is_free[one] = False
            else:
                one = holders[one]
        answer = is_free.get(one, True)  # a circle: each makes room for the next
        is_free |= dict.fromkeys(path, answer)
    return {wants for wants in holders if is_free[wants]}


async def contested(session: AsyncSession, import_id: UUID) -> dict[str, dict[UUID, UUID]]:
    """Return by `UNIQUE` key whom undoing an import would give something back that another holds by now, and who."""
    found: dict[str, dict[UUID, UUID]] = {key: {} for key in UNIQUE}
    for key, customer_id, holder in await session.execute(text(_CONTESTED), {"import": import_id}):
        found[key][customer_id] = holder
    return found


async def freed(
    session: AsyncSession, import_id: UUID, silent: Iterable[UUID], wanted: Mapping[str, Mapping[UUID, UUID]],
    going: Collection[UUID] = (),
) -> dict[str, set[UUID]]:  # fmt: skip
    """Return of those who are `contested` who gets theirs back; arguments as `set_free`."""
    ids = {one for pairs in wanted.values() for pair in pairs.items() for one in pair}
    if not ids:
        return {}
    bound = {"import": import_id, "ids": list(ids), **looked_at(list(silent))}
    goes: dict[str, set[UUID]] = {key: set() for key in UNIQUE}
    for key, customer_id in await session.execute(text(_GOES), bound):
        goes[key].add(customer_id)
    return {key: free for key, pairs in wanted.items() if (free := set_free(pairs, goes[key], going))}


async def set_back_handed_on(session: AsyncSession, import_id: UUID, silent: Iterable[UUID]) -> Undone:
    """Set back whoever is in one another's way, all at once, before the rest of those the import changed. Reasons why
    fields stay are told with these."""
    wanted = await contested(session, import_id)
    ids = sorted({one for pairs in wanted.values() for pair in pairs.items() for one in pair})
    if not ids:
        return Undone()
    await lock_people(session, ids)
    silent = list(silent)
    wanted = await contested(session, import_id)
    free = await freed(session, import_id, silent, wanted)
    moving = {key: {*some, *(wanted[key][one] for one in some)} for key, some in free.items()}
    together = sorted({one for some in moving.values() for one in some})
    if not together:
        return Undone()
    savepoint = await session.begin_nested()
    await make_room(session, moving)
    undone = await set_back_these(session, import_id, together, silent)
    if (await session.execute(text(_ANY_LEFT), {"ids": together})).scalar_one():
        await savepoint.rollback()  # somebody would be known by nothing: all stay as they are
        return Undone()
    await savepoint.commit()
    return Undone(undone.removed, undone.set_back)

"""What the customers' own tables hold of a merge: both profiles, what was bought, said and given. Corridors, for
`doubles`: whoever calls has authorised and holds both rows' locks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import Conflict
from liquor_app.customers.consents import Suppression, suppress_addresses
from liquor_app.customers.merging.merged_fields import CHANGED, CONSENTS
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.organization.models import Channel

Moved = dict[str, list[str]]
"""Which rows were moved, by what they are."""

BY_MERGE = "merge of two profiles"
_JSON = frozenset({"raw_data"})
_IMAGED = [name for name in CHANGED if not name.endswith("_encrypted")]

_BOTH = "SELECT * FROM customers WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
_RETIRE = "UPDATE customers SET deleted_at = now(), merged_into = :to, updated_at = now() WHERE id = :gone"
_SET = ", ".join(f"{name} = CAST(:{name} AS jsonb)" if name in _JSON else f"{name} = :{name}" for name in CHANGED)
_WRITE = f"UPDATE customers SET {_SET}, updated_at = now() WHERE id = :id"
_NAMED = ", ".join(f"'{name}', {name}" for name in _IMAGED)
_IMAGE = f"SELECT jsonb_build_object({_NAMED}) FROM customers WHERE id = :id"

_MOVES = {
    "purchases": "UPDATE purchases SET customer_id = :to WHERE customer_id = :gone RETURNING id",
    "ages": "UPDATE age_ledger SET customer_id = :to WHERE customer_id = :gone RETURNING id",
    "suppressions": "UPDATE suppressions SET customer_id = :to WHERE customer_id = :gone RETURNING id",
    "aliases": "UPDATE customer_aliases SET customer_id = :to WHERE customer_id = :gone RETURNING value",
    # a yes about an address that is not kept stays with the profile that goes
    "consents": f"UPDATE consents SET customer_id = :to WHERE customer_id = :gone AND (channel = ANY(:channels)"
    f" OR status = '{ConsentStatus.WITHDRAWN}') RETURNING id",
    "tags": "INSERT INTO customer_tags (customer_id, tag_id) SELECT :to, tag_id FROM customer_tags"
    " WHERE customer_id = :gone ON CONFLICT DO NOTHING RETURNING tag_id",
}
_NO = f"""
INSERT INTO consents (customer_id, channel, status, source, evidence)
VALUES (:to, :channel, '{ConsentStatus.WITHDRAWN}', '{BY_MERGE}', '{{}}') RETURNING id
"""
_ALIAS = """
INSERT INTO customer_aliases (kind, value, customer_id, merge_id) SELECT :kind, :value, :to, :merge
 WHERE NOT EXISTS (SELECT FROM customers WHERE deleted_at IS NULL AND :value IN (external_id, email_key))
ON CONFLICT (kind, value) DO UPDATE SET customer_id = excluded.customer_id, merge_id = excluded.merge_id
"""
_TOUCH = """
INSERT INTO touched_customers (customer_id) VALUES (:id)
ON CONFLICT (customer_id) DO UPDATE SET at = now(), claimed = NULL
"""
_LISTED = """
SELECT channel, reason FROM suppressions
 WHERE customer_id = :gone AND lifted_at IS NULL AND reason <> ALL(:spared)
"""

_BACK = {
    "purchases": "UPDATE purchases SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
    "ages": "UPDATE age_ledger SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
    "suppressions": "UPDATE suppressions SET customer_id = :gone"
    " WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
    "aliases": "UPDATE customer_aliases SET customer_id = :gone WHERE value = ANY(:ids) AND customer_id = :to",
    "consents": "UPDATE consents SET customer_id = :gone WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
    "tags": "DELETE FROM customer_tags WHERE customer_id = :to AND tag_id = ANY(CAST(:ids AS uuid[]))",
    "noes": "DELETE FROM consents WHERE id = ANY(CAST(:ids AS uuid[])) AND customer_id = :to",
}
_UNALIAS = "DELETE FROM customer_aliases WHERE merge_id = :merge"
_UNLIST = "UPDATE suppressions SET lifted_at = now() WHERE customer_id = :to AND source = :source AND lifted_at IS NULL"
_REVIVE = "UPDATE customers SET deleted_at = NULL, merged_into = NULL, updated_at = now() WHERE id = :gone"
# a field is set back where it still says what the merge wrote; what was said since holds
_IS_AS_WRITTEN = "to_jsonb(c.{name}) IS NOT DISTINCT FROM NULLIF(CAST(:after AS jsonb) -> '{name}', 'null')"
_BACK_TO = ", ".join(
    f"{name} = CASE WHEN {_IS_AS_WRITTEN.format(name=name)} THEN b.{name} ELSE c.{name} END" for name in _IMAGED
)
_RESTORE = f"""
UPDATE customers c SET {_BACK_TO}, updated_at = now(),
    date_of_birth_encrypted = CASE WHEN {_IS_AS_WRITTEN.format(name="of_age_on")} THEN CAST(:born AS bytea)
        ELSE c.date_of_birth_encrypted END
  FROM jsonb_populate_record(CAST(NULL AS customers), CAST(:before AS jsonb)) b WHERE c.id = :to
"""
_NO_TO = "UPDATE customers SET {consent} = 'withdrawn' WHERE id = :gone AND {consent} IS DISTINCT FROM 'withdrawn'"


async def lock_both(session: AsyncSession, ids: list[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """Lock customers, deleted ones too, in the order of their ids; returns their columns."""
    found = await session.execute(text(_BOTH), {"ids": ids})
    return {UUID(str(row["id"])): dict(row) for row in found.mappings()}


async def image_of(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """Return what a merge may change of somebody, as JSON; a date of birth by its plain columns alone."""
    return dict((await session.execute(text(_IMAGE), {"id": customer_id})).scalar_one())


async def join_rows(
    session: AsyncSession, merge_id: UUID, stays: Mapping[str, Any], goes: Mapping[str, Any], made: Mapping[str, Any]
) -> Moved:
    """Make one profile of two: write it, retire the other, move what belongs to it; returns what was moved."""
    to, gone = stays["id"], goes["id"]
    await session.execute(text(_RETIRE), {"gone": gone, "to": to})
    raw = None if made["raw_data"] is None else json.dumps(made["raw_data"])
    await session.execute(text(_WRITE), {**made, "raw_data": raw, "id": to})
    kept = [channel for channel, (_, address) in CONSENTS.items() if goes[address] and goes[address] == made[address]]
    moved: Moved = {}
    for what, statement in _MOVES.items():
        bound = {"to": to, "gone": gone, **({"channels": kept} if what == "consents" else {})}
        moved[what] = [str(one) for one in (await session.execute(text(statement), bound)).scalars()]
    moved["noes"] = []
    for channel, (consent, _) in CONSENTS.items():
        if made[consent] == ConsentStatus.WITHDRAWN and stays[consent] != ConsentStatus.WITHDRAWN:
            # said now, so that no older yes of a file comes after it
            added = await session.execute(text(_NO), {"to": to, "channel": channel})
            moved["noes"].append(str(added.scalar_one()))
    for kind in ("external_id", "email_key"):
        if goes[kind] and goes[kind] != made[kind]:
            await session.execute(text(_ALIAS), {"kind": kind, "value": goes[kind], "to": to, "merge": merge_id})
    await _suppress_kept(session, merge_id, stays, goes, made)
    await session.execute(text(_TOUCH), {"id": to})
    return moved


async def _suppress_kept(
    session: AsyncSession, merge_id: UUID, stays: Mapping[str, Any], goes: Mapping[str, Any], made: Mapping[str, Any]
) -> None:
    """Whoever must not be written to at one address must not at another. What is about the address alone, a bounce,
    stays with it."""
    listed = await session.execute(
        text(_LISTED),
        {"gone": stays["id"], "spared": [SuppressionReason.BOUNCED.value, SuppressionReason.ERASED.value]},
    )
    entries = [
        Suppression(
            made[address], SuppressionReason(row.reason), Channel(row.channel) if row.channel else None, stays["id"]
        )
        for row in listed
        for channel, (_, address) in CONSENTS.items()
        if made[address] and row.channel in (None, channel)
    ]
    await suppress_addresses(session, entries, source=_source(merge_id))


def _source(merge_id: UUID) -> str:
    return f"merge {merge_id}"


async def part_rows(
    session: AsyncSession,
    merge_id: UUID,
    *,
    to: UUID,
    gone: UUID,
    images: tuple[Mapping[str, Any], Mapping[str, Any]],
    born: bytes | None,
    moved: Moved,
) -> None:
    """Take two profiles apart again: each has what it had. What somebody wrote since stays with the one that stayed,
    and a no said since holds for both.

    Args:
        images: of the profile that stayed, before the merge and right after it.

    Raises:
        Conflict: an address or number of the other is somebody else's by now.
    """
    before, after = images
    now_is = await image_of(session, to)
    bound = {"to": to, "gone": gone}
    for what, ids in moved.items():
        if ids and (statement := _BACK.get(what)) is not None:
            named = {name: value for name, value in {**bound, "ids": ids}.items() if f":{name}" in statement}
            await session.execute(text(statement), named)
    await session.execute(text(_UNALIAS), {"merge": merge_id})
    await session.execute(text(_UNLIST), {"to": to, "source": _source(merge_id)})
    await session.execute(
        text(_RESTORE), {"to": to, "before": json.dumps(before), "after": json.dumps(after), "born": born}
    )
    try:
        async with session.begin_nested():
            await session.execute(text(_REVIVE), {"gone": gone})
    except IntegrityError as error:
        raise Conflict(
            "The other profile's e-mail address or customer number is somebody else's by now. Change that one first."
        ) from error
    for consent, _ in CONSENTS.values():
        if now_is[consent] == ConsentStatus.WITHDRAWN != after[consent]:
            await session.execute(text(_NO_TO.format(consent=consent)), {"gone": gone})
    for one in (to, gone):
        await session.execute(text(_TOUCH), {"id": one})

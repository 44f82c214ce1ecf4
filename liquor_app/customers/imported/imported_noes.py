"""Suppressions that an import brought, and what is kept of changed rows. Corridors, for `imports`.

An entry goes with the import only where that can make nobody reachable: nobody else said it, it is no complaint, and
nobody in the base has the address, nor has a profile that was merged away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.customers.imported.imported_people import Undone


def why_it_stays(holds: str = "true") -> str:
    """Return an expression of why suppression `s` stays (NULL: it goes), `holds` being a condition on who counts as
    having the address."""
    who = f"c.deleted_at IS NULL AND {holds}"
    return (
        "CASE WHEN s.reason IN ('complained', 'erased') THEN 'complaint' WHEN s.repeated_at IS NOT NULL THEN 'repeated'"
        f" WHEN EXISTS (SELECT FROM customers c WHERE c.email_key = s.address AND {who})"
        f" OR EXISTS (SELECT FROM customers c WHERE c.phone = s.address AND {who})"
        # a merge may be undone: whoever was merged away has their addresses then
        " OR EXISTS (SELECT FROM customers c WHERE c.email_key = s.address AND c.merged_into IS NOT NULL)"
        " OR EXISTS (SELECT FROM customers c WHERE c.phone = s.address AND c.merged_into IS NOT NULL) THEN 'holder' END"
    )


def kept_noes(holds: str = "true") -> str:
    """Return a statement of the suppressions by `:import` that stay, and why; `holds` as of `why_it_stays`."""
    return (
        "SELECT k.* FROM (SELECT s.id, s.address AS called, CAST(NULL AS text) AS number,"
        f" 'suppressions_' || {why_it_stays(holds)} AS why FROM suppressions s"
        " WHERE s.import_id = :import AND s.lifted_at IS NULL) k WHERE k.why IS NOT NULL"
    )


_BATCH = "SELECT id FROM suppressions WHERE import_id = :import AND id > :after ORDER BY id LIMIT :most FOR UPDATE"
_REMOVE = f"""
WITH plan AS MATERIALIZED (
    SELECT s.id, {why_it_stays()} AS why FROM suppressions s WHERE s.id = ANY(:ids) AND s.lifted_at IS NULL
), gone AS (DELETE FROM suppressions s USING plan WHERE s.id = plan.id AND plan.why IS NULL)
SELECT why, count(*) AS n FROM plan GROUP BY 1
"""


def note_noes(undone: Undone, rows: Iterable[Any]) -> None:
    """Count suppressions that go (`why` None) and those that stay."""
    for why, many in rows:
        if why is None:
            undone.removed["suppressions"] += many
        else:
            undone.kept[f"suppressions_{why}"] += many


async def remove_noes(session: AsyncSession, import_id: UUID, after: UUID, most: int) -> Undone:
    """Take away the next suppressions the import brought, those after `after`, once its people are gone."""
    found = await session.execute(text(_BATCH), {"import": import_id, "after": after, "most": most})
    ids = list(found.scalars())
    undone = Undone(upto=ids[-1] if len(ids) == most else None)
    if ids:
        note_noes(undone, await session.execute(text(_REMOVE), {"ids": ids}))
    return undone


async def forget_images(session: AsyncSession, imports: Sequence[UUID]) -> None:
    """Drop what is kept of rows that these imports changed: they can no longer be undone."""
    for statement in (
        "DELETE FROM customer_images WHERE import_id = ANY(:imports)",
        "DELETE FROM purchase_images WHERE import_id = ANY(:imports)",
    ):
        await session.execute(text(statement), {"imports": list(imports)})

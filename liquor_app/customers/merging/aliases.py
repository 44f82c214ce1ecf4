"""Addresses and numbers of profiles that were merged away, and numbers a second tool gave somebody: who has them now.
Corridors, for whoever looks people up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import texts, unnest

_ASKED = {key: unnest(f"asked_{key}", packed=("value",), value="text") for key in ("email_key", "external_id", "phone")}


def asked_for(keys: Mapping[str, Iterable[str]]) -> dict[str, object]:
    """Return the parameters of `holders_of` each of these keys."""
    return {name: array for key, values in keys.items() for name, array in _ASKED[key].bind(value=values).items()}


def holders_of(key: str) -> str:
    """Return what stands after FROM for whoever holds one of the keys that `asked_for` binds, as `h`. For a block of
    `in_order_of_index`.

    Each is looked up by itself, in the key's own index, whatever the planner believes: of `= ANY`, where many are asked
    for, that reading everybody is cheaper, and so it does for each chunk of a file; of an equal key, where it believes
    that nobody is there yet, that any other index is as good. The order is one that only the key's own index has.
    """
    return (
        f"{_ASKED[key]} CROSS JOIN LATERAL (SELECT * FROM customers WHERE deleted_at IS NULL"
        f" AND {key} >= asked_{key}.value AND {key} <= asked_{key}.value ORDER BY {key} OFFSET 0) h"
    )


# Asked of every chunk of a file, and mostly there is none.
_NAMED = """
SELECT a.kind, a.value, a.customer_id FROM customer_aliases a
  JOIN customers c ON c.id = a.customer_id AND c.deleted_at IS NULL
 WHERE EXISTS (SELECT FROM customer_aliases)
   AND ((kind = 'external_id' AND value = ANY(:external_id)) OR (kind = 'email_key' AND value = ANY(:email_key)))
"""


async def aliases_among(session: AsyncSession, keys: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], UUID]:
    """Return (kind, value) → customer of those keys that are a merged profile's; of somebody deleted they are nobody's
    again."""
    asked = {kind: set(keys.get(kind, ())) for kind in ("external_id", "email_key")}
    if not any(asked.values()):
        return {}
    found = await session.execute(text(_NAMED), {kind: texts(values) for kind, values in asked.items()})
    return {(kind, value): UUID(str(customer_id)) for kind, value, customer_id in found}


async def drop_aliases(session: AsyncSession, customer_id: UUID) -> None:
    """Make the addresses and numbers of profiles that were merged into somebody nobody's again."""
    await session.execute(text("DELETE FROM customer_aliases WHERE customer_id = :id"), {"id": customer_id})


_GIVEN = unnest("g", value="text", customer="uuid")
# one of somebody deleted is nobody's; of somebody else alive it would have been found
_ADD = f"""
INSERT INTO customer_aliases (kind, value, customer_id, import_id)
SELECT 'external_id', g.value, g.customer, CAST(:import AS uuid) FROM {_GIVEN}
 WHERE NOT EXISTS (SELECT FROM customers c WHERE c.external_id = g.value AND c.deleted_at IS NULL)
ON CONFLICT (kind, value) DO UPDATE SET customer_id = excluded.customer_id, merge_id = NULL,
   import_id = excluded.import_id
 WHERE NOT EXISTS (SELECT FROM customers c WHERE c.id = customer_aliases.customer_id AND c.deleted_at IS NULL)
"""


async def add_numbers(session: AsyncSession, numbers: Mapping[str, UUID], import_id: UUID) -> None:
    """Keep numbers that a second tool gave people, each with whom it means, by the import that told them."""
    if numbers:
        bound = _GIVEN.bind(value=sorted(numbers), customer=[numbers[one] for one in sorted(numbers)])
        await session.execute(text(_ADD), {**bound, "import": import_id})


async def count_numbers(session: AsyncSession, import_id: UUID) -> int:
    """Return how many numbers an import keeps beside people's first."""
    found = await session.execute(
        text("SELECT count(*) FROM customer_aliases WHERE import_id = :import"), {"import": import_id}
    )
    return int(found.scalar_one())


async def take_numbers(session: AsyncSession, import_id: UUID) -> int:
    """Make the numbers an import keeps nobody's again; returns how many."""
    gone = await session.execute(
        text("DELETE FROM customer_aliases WHERE import_id = :import RETURNING value"), {"import": import_id}
    )
    return len(gone.all())


# Which import wrote the number somebody bears: the last that changed it, as long as that is kept; else who made them.
_BY = """
SELECT c.id, COALESCE((SELECT m.import_id FROM customer_images m
                        WHERE m.customer_id = c.id AND m.after ->> 'external_id' = c.external_id
                        ORDER BY m.at DESC LIMIT 1), c.import_id) AS import_id
  FROM customers c WHERE c.id = ANY(:ids)
 UNION SELECT customer_id, import_id FROM customer_aliases
 WHERE customer_id = ANY(:ids) AND kind = 'external_id' AND import_id IS NOT NULL
"""


async def numbered_by(session: AsyncSession, customer_ids: Sequence[UUID]) -> dict[UUID, set[UUID | None]]:
    """Return customer → the imports that told their numbers; None of one that no import told."""
    told: dict[UUID, set[UUID | None]] = {}
    for customer_id, import_id in await session.execute(text(_BY), {"ids": list(customer_ids)}):
        told.setdefault(customer_id, set()).add(import_id)
    return told

"""Whom, and which orders, a file lists again, unchanged: no undoing of an earlier import takes them away. Corridors."""

from __future__ import annotations

import json
from collections.abc import Collection, Container, Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest

BY_PROGRAM = UUID(int=0)
"""Who lists them where no import does."""
MOST_OF_ONE = 3
"""So many words of one person, or order, are kept: a drop folder lists the same every quarter of an hour."""
UNDO_DAYS = 30
"""How long an import can be undone."""

_SAID = unnest("f", customer="uuid", fields="jsonb", is_unchanged="boolean")
# only of people whom an import made or changed that can still be undone: those of before cost nothing. Whom the file
# changes its image keeps; of them only what an earlier file had changed and this one says again is told
_CONFIRM = f"""
INSERT INTO customer_confirmations AS k (customer_id, import_id, fields, is_unchanged)
SELECT c.id, CAST(:import AS uuid), f.fields, f.is_unchanged
  FROM {_SAID} JOIN customers c ON c.id = f.customer
 WHERE ((f.is_unchanged AND c.import_id <> CAST(:import AS uuid)
             AND c.created_at > now() - make_interval(days => :days))
        OR EXISTS (SELECT FROM customer_images i WHERE i.customer_id = c.id AND i.import_id <> CAST(:import AS uuid)
                      AND i.after ?| ARRAY(SELECT jsonb_array_elements_text(f.fields))))
   AND (SELECT count(*) FROM customer_confirmations o WHERE o.customer_id = c.id
           AND o.import_id <> CAST(:import AS uuid)) < {MOST_OF_ONE}
   FOR KEY SHARE OF c
    ON CONFLICT (customer_id, import_id) DO UPDATE
   SET fields = k.fields || excluded.fields, is_unchanged = k.is_unchanged AND excluded.is_unchanged
 WHERE NOT (k.fields @> excluded.fields AND k.is_unchanged = excluded.is_unchanged)
"""
_FORGET_PEOPLE = "DELETE FROM customer_confirmations WHERE import_id = :import"
_FORGET_BASKETS = "DELETE FROM purchase_confirmations WHERE import_id = :import"
_FORGET_OLD_PEOPLE = "DELETE FROM customer_confirmations WHERE at < now() - make_interval(days => :days)"
_FORGET_OLD_BASKETS = "DELETE FROM purchase_confirmations WHERE at < now() - make_interval(days => :days)"
# of baskets that a file lists whole, and of which an import that can be undone had the last word
_CONFIRM_BASKETS = f"""
INSERT INTO purchase_confirmations AS k (purchase_id, import_id, version)
SELECT p.id, CAST(:import AS uuid), COALESCE(p.written_by, p.import_id)
  FROM baskets b JOIN purchases p ON p.id = b.purchase_id
 WHERE b.outcome = 'unchanged' AND NOT (b.is_gone OR b.is_reversed OR b.is_voided OR b.is_apart)
   AND COALESCE(p.written_by, p.import_id) <> CAST(:import AS uuid)
   AND ((p.written_by IS NULL AND p.created_at > now() - make_interval(days => {UNDO_DAYS}))
        OR EXISTS (SELECT FROM purchase_images i WHERE i.purchase_id = p.id AND i.import_id = p.written_by))
   AND (SELECT count(*) FROM purchase_confirmations o WHERE o.purchase_id = p.id
           AND o.version = COALESCE(p.written_by, p.import_id) AND o.import_id <> CAST(:import AS uuid)) < {MOST_OF_ONE}
   FOR KEY SHARE OF p
    ON CONFLICT (purchase_id, import_id) DO UPDATE SET version = excluded.version WHERE k.version <> excluded.version
"""


async def confirm_people(
    session: AsyncSession,
    listed: Mapping[UUID, Collection[str]],
    changed: Container[UUID],
    import_id: UUID | None,
    *,
    days: int,
) -> None:
    """Note of whom a file says what is known: the columns it says the same of.

    Args:
        changed: of whom the file changes something all the same.
        days: how long an import can be undone.
    """
    if not listed:
        return
    people = sorted(listed)
    rows = _SAID.bind(
        customer=people,
        fields=[json.dumps(sorted(listed[one])) for one in people],
        is_unchanged=[one not in changed for one in people],
    )
    await session.execute(text(_CONFIRM), {**rows, "import": import_id or BY_PROGRAM, "days": days})


async def confirm_baskets(session: AsyncSession, import_id: UUID | None) -> None:
    """Note which of the baskets just written a file, or a program, lists as they stand."""
    await session.execute(text(_CONFIRM_BASKETS), {"import": import_id or BY_PROGRAM})


async def forget_confirmations(session: AsyncSession, import_id: UUID) -> None:
    """Take back what an import listed: it is undone."""
    await session.execute(text(_FORGET_PEOPLE), {"import": import_id})
    await session.execute(text(_FORGET_BASKETS), {"import": import_id})


async def forget_old_confirmations(session: AsyncSession, days: int) -> None:
    """Drop what was listed more than `days` days ago: what was before it can no longer be undone."""
    await session.execute(text(_FORGET_OLD_PEOPLE), {"days": days})
    await session.execute(text(_FORGET_OLD_BASKETS), {"days": days})

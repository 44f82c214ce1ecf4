"""The checkpoint of an import, what of its file is done: it stands in the import's row, and moves with the
transaction that does it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import Conflict
from liquor_app.imports.merge_rows import Outcome
from liquor_app.imports.orders.new_buyers import MADE
from liquor_app.imports.rejects import MENDED

UNNAMED, VOIDS = "unnamed_returns", "voids"
"""Whether rows that name nobody gave something back of an order, and whether rows voided one; in the position."""
ROWS, REFUSED, ORDERS, WHOLE, DONE = "rows", "refused", "orders", "whole", "done"
"""What is being done: reading rows; refusing orders with a refused line; making orders of the other waiting lines;
filling in the good lines of refused orders."""
TRACED = 2


def start_position(columns: Sequence[str]) -> dict[str, Any]:
    """Return the checkpoint of a file not begun yet. `mended` marks a file of rejects of ours that comes back,
    `traced` that what it makes and changes can be undone (2: of products too)."""
    return {
        "phase": ROWS, "records": 0, "share": 0.0, "columns": list(columns), "order": "", "merged": 0, "since": None,
        "whole": 0, "again": 0, "mended": all(name in columns for name in MENDED), "traced": TRACED,
    }  # fmt: skip


_HOLD = """
SELECT status, position, set_config('synchronous_commit', 'off', true) FROM imports WHERE id = :id FOR UPDATE
"""


_FORGET_LINES = "DELETE FROM import_lines WHERE import_id = :id"
_FORGET_REJECTS = "DELETE FROM import_rejects WHERE import_id = :id"
_BEGIN = """
UPDATE imports SET rows = 0, created = 0, updated = 0, unchanged = 0, rejected = 0, reasons = jsonb_build_object(),
       notes = CASE WHEN notes ? :made THEN jsonb_build_object(CAST(:made AS text), notes -> :made)
                    ELSE jsonb_build_object() END,
       position = CAST(:position AS jsonb)
 WHERE id = :id AND status = 'running'
"""
_ADVANCE = """
UPDATE imports SET position = CAST(:position AS jsonb), rows = rows + :taken + :rejected, created = created + :created,
       updated = updated + :updated, unchanged = unchanged + :unchanged, rejected = rejected + :rejected,
       reasons = (SELECT COALESCE(jsonb_object_agg(key, n), jsonb_build_object()) FROM (
           SELECT key, sum(CAST(value AS int)) AS n FROM (
               SELECT * FROM jsonb_each_text(reasons) UNION ALL SELECT * FROM jsonb_each_text(CAST(:reasons AS jsonb))
           ) both_ GROUP BY key) summed),
       notes = (SELECT COALESCE(jsonb_object_agg(key, n), jsonb_build_object()) FROM (
           SELECT key, sum(CAST(value AS int)) AS n FROM (
               SELECT * FROM jsonb_each_text(notes) UNION ALL SELECT * FROM jsonb_each_text(CAST(:notes AS jsonb))
           ) both_ GROUP BY key) summed)
 WHERE id = :id
"""


async def hold(session: AsyncSession, import_id: UUID, position: Mapping[str, Any]) -> None:
    """Hold an import until the transaction ends, and have no step of it wait for the disk: should the machine fail,
    rows and checkpoint are both those of an earlier step. The commit that says the import is done does wait, and by
    that for everything before it.

    Args:
        position: where whoever goes on believes it to be; empty for one not begun.

    Raises:
        Conflict: it was stopped, or is elsewhere by now.
    """
    found = await session.execute(text(_HOLD), {"id": import_id})
    status, stands, *_ = found.one()
    if status != "running" or (stands or None) != (dict(position) if stands else None):
        raise Conflict("This import was stopped, or another worker goes on with it.")


async def begin_anew(session: AsyncSession, import_id: UUID, position: Mapping[str, Any]) -> None:
    """Take an import of purchases back to its beginning, none of whose orders was made yet: what waits of it, and what
    was refused, is read anew. Customers made of its buyers stay made.

    Args:
        position: where it begins.
    """
    await session.execute(text(_FORGET_LINES), {"id": import_id})
    await session.execute(text(_FORGET_REJECTS), {"id": import_id})
    await session.execute(text(_BEGIN), {"id": import_id, "position": json.dumps(position), "made": MADE})


async def advance(
    session: AsyncSession, import_id: UUID, position: Mapping[str, Any], counts: Counter[Outcome],
    *, reasons: Counter[str], notes: Counter[str],
) -> None:  # fmt: skip
    """Move the checkpoint, and add a step's rows to those before by what became of them, and by why not."""
    await session.execute(
        text(_ADVANCE),
        {
            "id": import_id,
            "position": json.dumps(position),
            "taken": sum(counts.values()),
            "rejected": sum(reasons.values()),
            "reasons": json.dumps(reasons),
            "notes": json.dumps(notes),
            **{outcome.value: counts[outcome] for outcome in Outcome},
        },
    )

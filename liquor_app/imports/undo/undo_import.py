"""Taking an import back: what it would do, asked for, stopped. The work itself is `undo_job`'s."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.catalog.imported_products import count_products
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, enqueue, get_job, request_cancel
from liquor_app.customers.imported.imported_baskets import count_baskets
from liquor_app.customers.imported.imported_noes import note_noes, why_it_stays
from liquor_app.customers.imported.imported_people import Undone, count_changed_people
from liquor_app.customers.merging.aliases import count_numbers
from liquor_app.imports.import_rows import KEPT_DAYS, ImportRow, get_import, lock_import
from liquor_app.imports.models import IMPORT, ImportStatus
from liquor_app.imports.undo.undo_words import FOR_GOOD
from liquor_app.imports.undo.whose_job import asked_by

_TRACED = {"customers": 1, "purchases": 1, "products": 2}
"""Since which version of a checkpoint what an import of this kind makes and changes is known."""
_COUNT = {"customers": count_changed_people, "purchases": count_baskets, "products": count_products}
FIRST = UUID(int=0)
PHASES = {
    "customers": ("changed_people", "made_people", "left_behind", "tags", "numbers", "noes"),
    "purchases": ("made_baskets", "changed_baskets", "made_people"),
    "products": ("changed_products", "made_products"),
}
"""What is taken back, in this order: addresses of the suppression list once their people are gone."""

_SAID_AGAIN = """
(e.evidence ? 'again' AND (e.import_id = CAST(:import AS uuid)
    OR EXISTS (SELECT FROM imports u WHERE u.id = e.import_id AND u.status IN ('undoing', 'undone'))))
"""
"""A no that an import only said again keeps nobody once that import is undone, or while it is: without anything else
there is nobody to say it of."""
_WHY_THEY_STAY = f"""
CASE
    WHEN c.merged_into IS NOT NULL THEN 'merged'
    WHEN EXISTS (SELECT FROM sends s WHERE s.customer_id = c.id) THEN 'sent'
    WHEN EXISTS (SELECT FROM actions a WHERE a.customer_id = c.id) THEN 'planned'
    WHEN EXISTS (SELECT FROM purchases p WHERE p.customer_id = c.id {{but}}) THEN 'bought'
    WHEN EXISTS (SELECT FROM customer_images i WHERE i.customer_id = c.id AND i.import_id <> c.import_id)
      OR EXISTS (SELECT FROM customer_tags t WHERE t.customer_id = c.id AND t.import_id <> c.import_id)
      OR EXISTS (SELECT FROM customer_aliases n WHERE n.customer_id = c.id AND n.import_id <> c.import_id)
        THEN 'later_import'
    WHEN EXISTS (SELECT FROM consents e WHERE e.customer_id = c.id AND e.import_id IS DISTINCT FROM c.import_id
                    AND NOT {_SAID_AGAIN})
      OR EXISTS (SELECT FROM age_ledger g WHERE g.customer_id = c.id AND g.import_id IS DISTINCT FROM c.import_id)
        THEN 'consented'
    WHEN EXISTS (SELECT FROM analytics_events v WHERE v.customer_id = c.id) THEN 'active'
    WHEN c.deleted_at IS NULL AND c.updated_at <> c.created_at AND NOT EXISTS (SELECT FROM customer_images i
        WHERE i.customer_id = c.id AND i.import_id = c.import_id AND i.at = c.updated_at)
      OR EXISTS (SELECT FROM customer_tags t WHERE t.customer_id = c.id AND t.import_id IS NULL)
        THEN 'edited'
END
"""
WHY_THEY_STAY = _WHY_THEY_STAY.format(but="")
"""Why somebody `c` whom an import made stays; NULL: nobody has built on them since."""
_BEFORE_BASKETS = _WHY_THEY_STAY.format(
    but="AND (p.import_id IS DISTINCT FROM c.import_id OR p.written_by IS NOT NULL)"
)
"""The same while the import's own purchases are still there: those that nobody wrote anew go before their buyers."""
_LEFT_BEHIND = """
  FROM customers c JOIN imports m ON m.id = c.import_id AND m.status = 'undone'
 WHERE c.import_id <> :import
   AND EXISTS (SELECT FROM consents e WHERE e.customer_id = c.id AND e.import_id = :import AND e.evidence ? 'again')
"""
LEFT_BEHIND = f"SELECT c.id {_LEFT_BEHIND} AND c.id > :after ORDER BY c.id LIMIT :most FOR UPDATE OF c"
"""Whom an import that is undone had made, and who stayed for this one's word alone, maybe."""
_HOLDS = "c.id NOT IN (SELECT id FROM made WHERE why IS NULL)"
_COUNT_MADE = f"""
WITH made AS MATERIALIZED (
    SELECT c.id, {_BEFORE_BASKETS} AS why FROM customers c WHERE c.import_id = :import
    UNION ALL SELECT l.* FROM (SELECT c.id, {WHY_THEY_STAY} AS why {_LEFT_BEHIND}) l WHERE l.why IS NULL
)
SELECT 'customers' AS what, why, count(*) AS n FROM made GROUP BY 2
 UNION ALL SELECT 'consents', NULL, count(*)
  FROM consents e JOIN made ON made.id = e.customer_id AND made.why IS NULL
 UNION ALL SELECT 'tags', NULL, count(*) FROM customer_tags t JOIN customers c ON c.id = t.customer_id
 WHERE t.import_id = :import AND c.import_id IS DISTINCT FROM t.import_id
 UNION ALL SELECT 'noes', told.why, count(*) FROM (SELECT {why_it_stays(_HOLDS)} AS why FROM suppressions s
     WHERE s.import_id = :import AND s.lifted_at IS NULL) told GROUP BY 2
"""


@dataclass(frozen=True, slots=True)
class UndoCounts:
    """What undoing an import takes away and sets back, by what it is, and what it keeps, by reason (`undo_words`)."""

    removed: dict[str, int]
    set_back: dict[str, int]
    kept: dict[str, int]

    @property
    def is_nothing(self) -> bool:
        return not (any(self.removed.values()) or any(self.set_back.values()))


@dataclass(frozen=True, slots=True)
class UndoPreview(UndoCounts):
    """The same before anything is done. `until` is the last moment the undoing can be asked for."""

    import_id: UUID
    kind: str
    file_name: str
    until: datetime


def undo_counts(row: ImportRow) -> UndoCounts:
    """Return what the undoing of an import has done so far."""
    done = row.undone
    return UndoCounts(done.get("removed", {}), done.get("set_back", {}), done.get("kept", {}))


def is_something_left(row: ImportRow) -> bool:
    """Tell whether more of an import could be undone one day: not once all is, but for what stays for good."""
    return row.status is not ImportStatus.UNDONE or bool(undo_counts(row).kept.keys() - FOR_GOOD)


def undoable_until(row: ImportRow) -> datetime:
    return (row.finished_at or row.created_at) + timedelta(days=KEPT_DAYS)


def why_not(row: ImportRow) -> str:
    """Tell why an import cannot be undone; empty if it can."""
    if not IMPORT.allows(row.status, ImportStatus.UNDOING):
        return "Only an import that has ended, or was stopped, can be undone."
    if int(row.position.get("traced") or 0) < _TRACED[row.kind]:
        return (
            "Nothing was taken of this file."
            if not row.rows
            else "This import is from before imports could be undone; it is not known which rows it made."
        )
    if undoable_until(row) < now() and row.status is not ImportStatus.UNDO_STOPPED:
        return f"An import can be undone for {KEPT_DAYS} days; what this one changed is no longer kept."
    return ""


async def preview_undo(session: AsyncSession, actor: Actor, import_id: UUID) -> UndoPreview:
    """Tell what undoing an import would take away, set back and keep; nothing is done.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: it cannot be undone; says why.
    """
    require(actor, Permission.IMPORTS_READ)
    row = await get_import(session, actor, import_id)
    if problem := why_not(row):
        raise Conflict(problem)
    undone = await _COUNT[row.kind](session, import_id)
    undone.removed["numbers"] = await count_numbers(session, import_id)
    if row.kind != "products":
        await _count_made_people(session, import_id, undone)
    parts = (_plain(undone.removed), _plain(undone.set_back), _plain(undone.kept))
    return UndoPreview(*parts, import_id=row.id, kind=row.kind, file_name=row.file_name, until=undoable_until(row))


async def _count_made_people(session: AsyncSession, import_id: UUID, undone: Undone) -> None:
    for what, why, many in await session.execute(text(_COUNT_MADE), {"import": import_id}):
        if what == "noes":
            note_noes(undone, [(why, many)])
        elif why is not None:
            undone.kept[f"people_{why}"] += many
        else:
            undone.removed[what] += many


def _plain(counts: Counter[str]) -> dict[str, int]:
    return {name: int(many) for name, many in sorted(counts.items()) if many}


async def request_undo(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportRow:
    """Have an import taken back by a job: what it made goes, what it changed is set back, what others built on it
    stays and is counted. One that was stopped goes on where it stopped; one that was undone is gone through once more.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: it is running, undone whole already, too old, or from before imports could be undone.
    """
    row = await lock_import(session, actor, import_id)
    if problem := why_not(row):
        raise Conflict(problem)
    if not is_something_left(row):
        raise Conflict("This import is undone already: nothing of it is left to take back.")
    IMPORT.check(row.status, ImportStatus.UNDOING)
    undo = row.undo
    if row.status is not ImportStatus.UNDO_STOPPED:
        removed, set_back = row.undo.get("removed", {}), row.undo.get("set_back", {})
        total = row.created + row.updated + int(row.taken_back.get("orders", 0))
        undo = {
            "phase": PHASES[row.kind][0], "after": str(FIRST), "done": 0, "total": total, "removed": removed,
            "set_back": set_back, "kept": {}, "since": None,
        }  # fmt: skip
    job_id = await enqueue(
        session, Job.UNDO_IMPORT, {"import_id": str(row.id), "actor": asked_by(actor)}, created_by=actor.user_id
    )
    await session.execute(
        text(
            "UPDATE imports SET status = 'undoing', undo = CAST(:undo AS jsonb), job_id = :job, error = NULL"
            " WHERE id = :id"
        ),
        {"id": row.id, "undo": json.dumps(undo), "job": job_id},
    )
    await audit(session, actor, "import.undo_requested", "import", import_id, kind=row.kind, file=row.file_name)
    return await get_import(session, actor, import_id)


async def cancel_undo(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportRow:
    """Stop an undoing after the batch in hand. What was taken back stays so; `request_undo` goes on from there.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: it is not being undone.
    """
    row = await lock_import(session, actor, import_id)
    IMPORT.check(row.status, ImportStatus.UNDO_STOPPED)
    if row.job_id is not None:
        await request_cancel(session, row.job_id)
        job = await get_job(session, row.job_id)
        if job.status is not JobStatus.RUNNING:
            await session.execute(text("UPDATE imports SET status = 'undo_stopped' WHERE id = :id"), {"id": import_id})
    after = await get_import(session, actor, import_id)
    await audit_change(
        session, actor, "import.undo_cancelled", "import", import_id,
        before={"status": row.status}, after={"status": after.status}, file=row.file_name,
    )  # fmt: skip
    return after


def progress(undo: dict[str, Any]) -> tuple[int, int]:
    """Rows gone through, and how many there are in all as far as one can tell."""
    done = int(undo.get("done", 0))
    return done, max(done, int(undo.get("total", 0)))

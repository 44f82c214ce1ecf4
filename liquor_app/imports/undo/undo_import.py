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
from liquor_app.customers.imported.handed_on import contested, freed
from liquor_app.customers.imported.imported_baskets import GOES, count_baskets
from liquor_app.customers.imported.imported_noes import note_noes, why_it_stays
from liquor_app.customers.imported.imported_people import Undone, count_changed_people, count_left_fields
from liquor_app.customers.merging.aliases import count_numbers
from liquor_app.imports.import_rows import KEPT_DAYS, ImportRow, get_import, lock_import
from liquor_app.imports.models import IMPORT, ImportStatus
from liquor_app.imports.undo.undo_words import FOR_GOOD
from liquor_app.imports.undo.whose_job import asked_by

_TRACED = {"customers": 1, "purchases": 1, "products": 2}
"""Since which version of a checkpoint what an import of this kind makes and changes is known."""
FIRST = UUID(int=0)
PHASES = {
    "customers": (
        "made_people",
        "handed_on",
        "changed_people",
        "left_behind",
        "left_fields",
        "tags",
        "numbers",
        "noes",
    ),
    "purchases": ("made_baskets", "changed_baskets", "left_baskets", "made_people"),
    "products": ("changed_products", "made_products"),
}
"""What is taken back, in this order: whoever holds an address that another gets back first, and addresses of the
suppression list once their people are gone."""
MADE_FIRST = "made_first"
_BEFORE_THAT = ("changed_people", *(one for one in PHASES["customers"] if one != "changed_people"))
"""Of an undoing that was begun before people who were made went first (it has no `MADE_FIRST`)."""

_STANDS_NO_MORE = """
({0}.import_id = CAST(:import AS uuid)
    OR EXISTS (SELECT FROM imports u WHERE u.id = {0}.import_id AND (u.status = 'undone' OR u.status = 'undoing'
                  AND u.undo ->> 'phase' IN ('left_behind', 'left_fields', 'tags', 'numbers', 'noes', 'done'))))
"""
"""As `_VOUCH_NO_MORE` of baskets: an import that is being undone stands by people until it comes to those it left."""
_SAID_AGAIN = f"(e.evidence ? 'again' AND {_STANDS_NO_MORE.format('e')})"
"""A no that an import only said again keeps nobody once that import is undone: without anything else there is nobody to
say it of."""
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
    WHEN EXISTS (SELECT FROM customer_confirmations l WHERE l.customer_id = c.id AND l.import_id <> c.import_id
                    AND l.is_unchanged AND NOT {_STANDS_NO_MORE.format("l")}) THEN 'confirmed'
END
"""
WHY_THEY_STAY = _WHY_THEY_STAY.format(but="")
"""Why somebody `c` whom an import made stays; NULL: nobody has built on them since."""
BEFORE_BASKETS = _WHY_THEY_STAY.format(but=f"AND (p.import_id IS DISTINCT FROM c.import_id OR NOT ({GOES}))")
"""The same while the import's own purchases are still there: those that nobody wrote anew go before their buyers."""
_LEFT_BEHIND = """
  FROM customers c JOIN imports m ON m.id = c.import_id AND m.status IN ('undoing', 'undone')
 WHERE c.import_id <> :import
   AND (EXISTS (SELECT FROM consents e WHERE e.customer_id = c.id AND e.import_id = :import AND e.evidence ? 'again')
        OR EXISTS (SELECT FROM customer_confirmations l WHERE l.customer_id = c.id AND l.import_id = :import
                      AND l.is_unchanged))
"""
LEFT_BEHIND = f"SELECT c.id {_LEFT_BEHIND} AND c.id > :after ORDER BY c.id LIMIT :most FOR UPDATE OF c"
"""Whom an import that is undone, or being so, had made, and who stayed for this one's word alone, maybe."""
_VOUCH_NO_MORE = f"""
SELECT u.id FROM imports u
 WHERE u.status = '{ImportStatus.UNDOING}' AND u.undo ->> 'phase' IN ('left_baskets', 'made_people', 'done')
"""
"""Imports that vouch for no basket: being undone, they let those go that stayed for their word, and of what is kept for
it after that nobody would take care. Undone, they have forgotten it."""
_LEFT_BASKETS = f"""
  FROM purchase_confirmations l JOIN purchases p ON p.id = l.purchase_id
  JOIN imports m ON m.id = l.version AND m.status IN ('undoing', 'undone')
 WHERE l.import_id = :import AND l.version = COALESCE(p.written_by, p.import_id)
   AND NOT EXISTS (SELECT FROM purchase_confirmations o
                    WHERE o.purchase_id = p.id AND o.version = l.version AND o.import_id <> l.import_id
                      AND o.import_id NOT IN ({_VOUCH_NO_MORE}))
"""
LEFT_BASKETS = f"""
SELECT p.id, l.version {_LEFT_BASKETS} AND p.id > :after ORDER BY p.id LIMIT :most FOR UPDATE OF p
"""
"""Orders that an import which is undone, or being so, had made, or changed, and that stayed for this one's word."""
_COUNT_LEFT = f"""
SELECT p.written_by IS NULL AS is_made, count(*) AS n,
       COALESCE(sum((SELECT count(*) FROM purchase_lines w WHERE w.purchase_id = p.id)), 0) AS lines
       {_LEFT_BASKETS} GROUP BY 1
"""
_KEEP_NO_FIELD = f"""
SELECT u.id FROM imports u WHERE u.status = '{ImportStatus.UNDOING}'
   AND u.undo ->> 'phase' IN ('left_fields', 'tags', 'numbers', 'noes', 'done')
"""
"""Imports whose word keeps nobody's field any more, as `_VOUCH_NO_MORE` of baskets."""
_LEFT_FIELDS = """
  FROM customer_confirmations l
  JOIN customer_images i ON i.customer_id = l.customer_id AND i.import_id <> l.import_id AND l.at > i.at
   AND l.fields ?| ARRAY(SELECT jsonb_object_keys(i.after))
  JOIN imports m ON m.id = i.import_id AND m.status IN ('undoing', 'undone')
 WHERE l.import_id = :import
"""
LEFT_FIELDS = f"SELECT DISTINCT i.customer_id {_LEFT_FIELDS} AND i.customer_id > :after ORDER BY 1 LIMIT :most"
"""Of whom an import that is undone, or being so, may have left a field for this one's word."""
_WENT_PAST = """
(m.status = 'undone' OR m.undo ->> 'phase' IN ('left_behind', 'left_fields', 'tags', 'numbers', 'noes', 'done')
    OR (m.undo ->> 'phase' = 'changed_people' AND CAST(m.undo ->> 'after' AS uuid) >= i.customer_id))
"""
LEFT_BY = f"""
SELECT i.import_id, array_agg(i.customer_id) AS ids {_LEFT_FIELDS} AND {_WENT_PAST} AND i.customer_id = ANY(:ids)
 GROUP BY 1 ORDER BY 1
"""
"""… and which: those that have gone past these people. The others see that this one keeps nothing."""
_ALL_LEFT = f"""
SELECT i.import_id, array_agg(i.customer_id) AS ids {_LEFT_FIELDS} AND {_WENT_PAST}
   AND i.customer_id NOT IN (SELECT id FROM undo_made WHERE why IS NULL) GROUP BY 1 ORDER BY 1
"""
_GOING = "SELECT id FROM undo_made WHERE why IS NULL AND id = ANY(:ids)"
HOLDS = "c.id NOT IN (SELECT id FROM undo_made WHERE why IS NULL)"
_FORGET_MADE = "DROP TABLE IF EXISTS pg_temp.undo_made"
_MAKE_MADE = f"""
CREATE TEMP TABLE undo_made ON COMMIT DROP AS
SELECT c.id, COALESCE(c.name, c.email, c.external_id, c.phone) AS called, c.external_id AS number,
       {BEFORE_BASKETS} AS why
  FROM customers c WHERE c.import_id = :import
 UNION ALL
SELECT l.* FROM (SELECT c.id, NULL AS called, NULL AS number, {WHY_THEY_STAY} AS why {_LEFT_BEHIND}) l
 WHERE l.why IS NULL
"""
_COUNT_MADE = f"""
SELECT 'customers' AS what, why, count(*) AS n FROM undo_made GROUP BY 2
 UNION ALL SELECT 'consents', NULL, count(*)
  FROM consents e JOIN undo_made m ON m.id = e.customer_id AND m.why IS NULL
 UNION ALL SELECT 'tags', NULL, count(*) FROM customer_tags t JOIN customers c ON c.id = t.customer_id
 WHERE t.import_id = :import AND c.import_id IS DISTINCT FROM t.import_id
 UNION ALL SELECT 'noes', told.why, count(*) FROM (SELECT {why_it_stays(HOLDS)} AS why FROM suppressions s
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
    if row.kind == "purchases":
        undone = await count_baskets(session, import_id, await vouch_no_more(session))
    elif row.kind == "products":
        undone = await count_products(session, import_id)
    else:
        bound = await looked_at_fields(session, import_id)
        undone = await count_changed_people(session, import_id, *bound)
        for whose, ids in await session.execute(text(_ALL_LEFT), {"import": import_id}):
            undone.set_back["customers"] += await count_left_fields(session, whose, ids, [*bound[0], import_id])
    undone.removed["numbers"] = await count_numbers(session, import_id)
    if row.kind == "purchases":
        await _count_left(session, import_id, undone)
    if row.kind != "products":
        await _count_made_people(session, import_id, undone)
    parts = (_plain(undone.removed), _plain(undone.set_back), _plain(undone.kept))
    return UndoPreview(*parts, import_id=row.id, kind=row.kind, file_name=row.file_name, until=undoable_until(row))


async def find_made(session: AsyncSession, import_id: UUID) -> None:
    """Find whom an import made, and whom it left for its word alone, into `undo_made`, a table of the transaction's
    own: by name, and why they stay. A corridor, for the names of those who do."""
    await session.execute(text(_FORGET_MADE))
    await session.execute(text(_MAKE_MADE), {"import": import_id, "gone": await vouch_no_more(session)})


async def looked_at_fields(session: AsyncSession, import_id: UUID) -> tuple[list[UUID], dict[str, list[UUID]]]:
    """Return whose word keeps no field, and who gets back what another holds by now, by key: as `looked_at` has them,
    before anything is undone. Makes `undo_made` anew. A corridor."""
    await find_made(session, import_id)
    silent, wanted = await keep_no_field(session), await contested(session, import_id)
    holders = [holder for pairs in wanted.values() for holder in pairs.values()]
    going = set((await session.execute(text(_GOING), {"ids": holders})).scalars()) if holders else set()
    free = await freed(session, import_id, silent, wanted, going)
    return silent, {key: sorted(some) for key, some in free.items()}


async def keep_no_field(session: AsyncSession) -> list[UUID]:
    """Return the imports whose word keeps nobody's field any more. A corridor."""
    return list((await session.execute(text(_KEEP_NO_FIELD))).scalars())


def phases_of(row: ImportRow) -> tuple[str, ...]:
    """Return what is taken back of an import, in order."""
    return PHASES[row.kind] if row.kind != "customers" or row.undo.get(MADE_FIRST) else _BEFORE_THAT


async def vouch_no_more(session: AsyncSession) -> list[UUID]:
    """Return the imports whose word keeps no basket any more. A corridor: whichever comes to that later sees who is
    being undone by then."""
    return list((await session.execute(text(_VOUCH_NO_MORE))).scalars())


async def _count_made_people(session: AsyncSession, import_id: UUID, undone: Undone) -> None:
    await find_made(session, import_id)
    for what, why, many in await session.execute(text(_COUNT_MADE), {"import": import_id}):
        if what == "noes":
            note_noes(undone, [(why, many)])
        elif why is not None:
            undone.kept[f"people_{why}"] += many
        else:
            undone.removed[what] += many


async def _count_left(session: AsyncSession, import_id: UUID, undone: Undone) -> None:
    for is_made, many, lines in await session.execute(text(_COUNT_LEFT), {"import": import_id}):
        if is_made:
            undone.removed.update(purchases=many, lines=int(lines))
        else:
            undone.set_back["purchases"] += many


def _plain(counts: Counter[str]) -> dict[str, int]:
    return {name: int(many) for name, many in sorted(counts.items()) if many}


async def request_undo(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportRow:
    """Have an import taken back by a job: what it made goes, what it changed is set back, what others built on it
    stays and is counted. One that was stopped, or undone, is gone through once more: what another undoing kept for its
    word meanwhile lies behind where it stopped.

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
    removed, set_back = row.undo.get("removed", {}), row.undo.get("set_back", {})
    is_stopped = row.status is ImportStatus.UNDO_STOPPED
    undo = {
        "phase": PHASES[row.kind][0], "after": str(FIRST), "done": int(row.undo.get("done", 0)) if is_stopped else 0,
        "total": row.created + row.updated + int(row.taken_back.get("orders", 0)), "removed": removed,
        "set_back": set_back, "kept": {}, "since": row.undo.get("since") if is_stopped else None, MADE_FIRST: True,
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

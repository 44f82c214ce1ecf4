"""Baskets that an import made or changed: taken away, or set back with their lines. Corridors, for `imports.undo`.

Whoever wrote a basket last has the last word: one that a later import or the till told anew stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.customers.baskets import BASKET
from liquor_app.customers.imported.imported_people import LATER_IMPORT, Undone
from liquor_app.customers.told_apart import LINE
from liquor_app.customers.voided_orders import forget_voided

TILL, CONFIRMED = "till", "confirmed"
_LATER = "EXISTS (SELECT FROM purchase_images o WHERE o.purchase_id = p.id AND o.import_id = p.written_by)"
_WHY = f"CASE WHEN {_LATER} THEN '{LATER_IMPORT}' ELSE '{TILL}' END"

_LISTED = """
EXISTS (SELECT FROM purchase_confirmations l WHERE l.purchase_id = p.id AND l.version = {version}{but}
           AND l.import_id <> ALL(CAST(:gone AS uuid[])))
"""
"""A file, or a program, listed the basket as the import of this version left it. Those of `gone` vouch for none."""
_WHY_MADE = f"""
CASE WHEN p.written_by IS NOT NULL THEN {_WHY}
     WHEN {_LISTED.format(version="p.import_id", but="{but}")} THEN '{CONFIRMED}' END
"""
_WHY_CHANGED = f"""
CASE WHEN p.written_by IS DISTINCT FROM i.import_id THEN {_WHY}
     WHEN {_LISTED.format(version="i.import_id", but="{but}")} THEN '{CONFIRMED}' END
"""
_BUT = " AND l.import_id <> CAST(:undone AS uuid)"
GOES = f"p.written_by IS NULL AND NOT {_LISTED.format(version='p.import_id', but='')}"
"""A basket `p` goes with the import that made it."""

_COUNT_MADE = f"""
SELECT why, count(*) AS n, COALESCE(sum(lines), 0) AS lines FROM (
    SELECT {_WHY_MADE.format(but="")} AS why,
           (SELECT count(*) FROM purchase_lines l WHERE l.purchase_id = p.id) AS lines
      FROM purchases p WHERE p.import_id = :import) made GROUP BY 1
"""
_COUNT_CHANGED = f"""
SELECT why, count(*) AS n FROM (
    SELECT {_WHY_CHANGED.format(but="")} AS why
      FROM purchase_images i JOIN purchases p ON p.id = i.purchase_id WHERE i.import_id = :import) changed GROUP BY 1
"""

KEPT_BASKETS = f"""
SELECT id, 'order ' || number AS called, number, 'baskets_' || why AS why FROM (
    SELECT p.id, p.external_id AS number, {_WHY_MADE.format(but="")} AS why
      FROM purchases p WHERE p.import_id = :import
     UNION ALL
    SELECT p.id, p.external_id, {_WHY_CHANGED.format(but="")}
      FROM purchase_images i JOIN purchases p ON p.id = i.purchase_id WHERE i.import_id = :import) kept
 WHERE why IS NOT NULL
"""
"""Which purchases stay: as a later import or the till wrote them, or because a later file listed them again."""

_MADE = """
SELECT id FROM purchases WHERE import_id = :import AND id > :after ORDER BY id LIMIT :most FOR UPDATE
"""
_MADE_OF = "SELECT id FROM purchases WHERE id = ANY(:ids) AND import_id = :import AND written_by IS NULL FOR UPDATE"
_REMOVE = f"""
WITH plan AS MATERIALIZED (
    SELECT p.id, p.customer_id, p.occurred_at, {_WHY_MADE.format(but=_BUT)} AS why
      FROM purchases p WHERE p.id = ANY(:ids)
), emptied AS (
    DELETE FROM purchase_lines l USING plan p WHERE l.purchase_id = p.id AND p.why IS NULL RETURNING l.id
), gone AS (
    DELETE FROM purchases p USING plan WHERE p.id = plan.id AND plan.why IS NULL
    RETURNING p.customer_id, p.occurred_at
), touched AS (
    INSERT INTO touched_customers (customer_id) SELECT DISTINCT customer_id FROM gone ORDER BY 1
        ON CONFLICT (customer_id) DO UPDATE SET at = now(), claimed = NULL
)
SELECT 'purchases' AS what, count(*) AS n, min(CAST(occurred_at AT TIME ZONE :zone AS date)) AS since FROM gone
 UNION ALL SELECT 'lines', count(*), NULL FROM emptied
 UNION ALL SELECT 'kept ' || why, count(*), NULL FROM plan WHERE why IS NOT NULL GROUP BY 1
"""

_BATCH = """
SELECT purchase_id FROM purchase_images WHERE import_id = :import AND purchase_id > :after
 ORDER BY purchase_id LIMIT :most
"""
_LOCK = "SELECT id FROM purchases WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
_CHANGED = f"""
CREATE TEMP TABLE baskets_back ON COMMIT DROP AS
SELECT p.id, p.customer_id, i.before, i.lines, LEAST(p.occurred_at, r.occurred_at) AS moved_from,
       {_WHY_CHANGED.format(but=_BUT)} AS why
  FROM purchase_images i JOIN purchases p ON p.id = i.purchase_id
 CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS purchases), i.before) r
 WHERE i.import_id = :import AND i.purchase_id = ANY(:ids)
"""
_SET_BACK = f"""
UPDATE purchases p SET {", ".join(f"{name} = r.{name}" for name in BASKET)}
  FROM baskets_back b CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS purchases), b.before) r
 WHERE p.id = b.id AND b.why IS NULL
"""
_DROP_LINES = "DELETE FROM purchase_lines l USING baskets_back b WHERE l.purchase_id = b.id AND b.why IS NULL"
_SET_BACK_LINE = {"is_apart": "COALESCE(r.is_apart, false)"}
"""Images of before lines were told apart say nothing of it."""
_ADD_LINES = f"""
INSERT INTO purchase_lines (purchase_id, {", ".join(LINE)})
SELECT b.id, {", ".join(_SET_BACK_LINE.get(name, f"r.{name}") for name in LINE)}
  FROM baskets_back b CROSS JOIN LATERAL jsonb_populate_recordset(CAST(NULL AS purchase_lines), b.lines) r
 WHERE b.why IS NULL
"""
_TOUCH = """
INSERT INTO touched_customers (customer_id) SELECT DISTINCT customer_id FROM baskets_back WHERE why IS NULL ORDER BY 1
    ON CONFLICT (customer_id) DO UPDATE SET at = now(), claimed = NULL
"""
_FORGET = """
DELETE FROM purchase_images i USING baskets_back b
 WHERE i.import_id = :import AND i.purchase_id = b.id AND b.why IS NULL
"""
_SUMMED = """
SELECT CASE WHEN why IS NULL THEN 'purchases' ELSE 'kept ' || why END AS what, count(*) AS n,
       min(CAST(moved_from AT TIME ZONE :zone AS date)) FILTER (WHERE why IS NULL) AS since
  FROM baskets_back GROUP BY 1
"""


def _told(undone: Undone, counter: Any, rows: Any) -> date | None:
    """Count a statement's answer; returns the first day that changed."""
    first = None
    for what, many, since in rows:
        if what.startswith("kept "):
            undone.kept[f"baskets_{what.removeprefix('kept ')}"] += many
        else:
            counter[what] += many
        first = since or first
    return first


async def count_baskets(session: AsyncSession, import_id: UUID, gone: Sequence[UUID]) -> Undone:
    """Tell what `remove_baskets` and `set_back_baskets` would do, all in all.

    Args:
        gone: imports that vouch for no basket any more.
    """
    undone, bound = Undone(), {"import": import_id, "gone": [*gone]}
    for why, many, lines in await session.execute(text(_COUNT_MADE), bound):
        if why is None:
            undone.removed.update(purchases=many, lines=int(lines))
        else:
            undone.kept[f"baskets_{why}"] += many
    for why, many in await session.execute(text(_COUNT_CHANGED), bound):
        if why is None:
            undone.set_back["purchases"] += many
        else:
            undone.kept[f"baskets_{why}"] += many
    return undone


async def remove_baskets(
    session: AsyncSession, import_id: UUID, after: UUID, most: int, zone: ZoneInfo, *, gone: Sequence[UUID]
) -> tuple[Undone, date | None]:
    """Take away the next baskets the import made, those after `after`, and note their buyers for the next scoring;
    returns the first day that changed too. What it said of voided orders is forgotten.

    Args:
        gone: imports that vouch for no basket any more.
    """
    await forget_voided(session, import_id)
    found = await session.execute(text(_MADE), {"import": import_id, "after": after, "most": most})
    ids = list(found.scalars())
    undone = Undone(upto=ids[-1] if len(ids) == most else None)
    if not ids:
        return undone, None
    rows = await session.execute(text(_REMOVE), {"ids": ids, "zone": zone.key, "undone": import_id, "gone": [*gone]})
    return undone, _told(undone, undone.removed, rows)


async def set_back_baskets(
    session: AsyncSession, import_id: UUID, after: UUID, most: int, zone: ZoneInfo, *, gone: Sequence[UUID]
) -> tuple[Undone, date | None]:
    """The same for the next baskets the import changed: they are what they were, line for line."""
    found = await session.execute(text(_BATCH), {"import": import_id, "after": after, "most": most})
    ids = list(found.scalars())
    undone = Undone(upto=ids[-1] if len(ids) == most else None)
    since = await _set_back(session, import_id, ids, zone, undone, away=(import_id, gone)) if ids else None
    return undone, since


async def _set_back(
    session: AsyncSession,
    import_id: UUID,
    ids: Sequence[UUID],
    zone: ZoneInfo,
    undone: Undone,
    *,
    away: tuple[UUID, Sequence[UUID]],
) -> date | None:
    bound: Mapping[str, Any] = {"import": import_id, "ids": ids, "undone": away[0], "gone": [*away[1]]}
    await session.execute(text(_LOCK), {"ids": ids})
    await session.execute(text("DROP TABLE IF EXISTS pg_temp.baskets_back"))
    await session.execute(text(_CHANGED), bound)
    for statement in (_SET_BACK, _DROP_LINES, _ADD_LINES, _TOUCH):
        await session.execute(text(statement))
    await session.execute(text(_FORGET), {"import": import_id})
    rows = await session.execute(text(_SUMMED), {"zone": zone.key})
    return _told(undone, undone.set_back, rows)


async def let_baskets_go(
    session: AsyncSession, import_id: UUID, left: Mapping[UUID, UUID], zone: ZoneInfo, *, gone: Sequence[UUID]
) -> tuple[Undone, date | None]:
    """Take away, or set back, baskets that stayed for this import's word alone when the one of their version was
    undone.

    Args:
        left: basket → the import that made it as it stands, or changed it to that.
        gone: imports that vouch for no basket any more.
    """
    undone, days = Undone(), list[date | None]()
    for version in sorted({*left.values()}):
        ids = [basket for basket, of in left.items() if of == version]
        days.append(await _set_back(session, version, ids, zone, undone, away=(import_id, gone)))
        bound = {"import": version, "ids": ids}
        made = list((await session.execute(text(_MADE_OF), bound)).scalars())
        if made:
            rows = await session.execute(
                text(_REMOVE), {"ids": made, "zone": zone.key, "undone": import_id, "gone": [*gone]}
            )
            days.append(_told(undone, undone.removed, rows))
    return undone, min((day for day in days if day), default=None)

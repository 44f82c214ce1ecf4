"""The job that takes an import back: a batch a transaction, the checkpoint in the same one, so that a lost worker
leaves nothing half done and nothing is counted twice."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.catalog.imported_products import forget_seen, remove_products, set_back_products
from liquor_app.core.bulk import by_index
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Conflict
from liquor_app.core.ids import parse_id
from liquor_app.core.lease import JobLost
from liquor_app.core.platform.collisions import again
from liquor_app.core.queue import Job, JobCancelled, JobContext, enqueue, unexpected
from liquor_app.customers.imported.confirmations import forget_confirmations
from liquor_app.customers.imported.handed_on import set_back_handed_on
from liquor_app.customers.imported.imported_baskets import let_baskets_go, remove_baskets, set_back_baskets
from liquor_app.customers.imported.imported_noes import remove_noes
from liquor_app.customers.imported.imported_people import (
    MERGED,
    Undone,
    lock_people,
    remove_people,
    set_back_people,
    set_back_these,
    take_tags,
    take_yeses,
)
from liquor_app.customers.merging.aliases import take_numbers
from liquor_app.imports.import_rows import ImportRow, get_import, lock_import
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.undo.undo_import import (
    FIRST,
    LEFT_BASKETS,
    LEFT_BEHIND,
    LEFT_BY,
    LEFT_FIELDS,
    WHY_THEY_STAY,
    keep_no_field,
    phases_of,
    progress,
    undo_counts,
    vouch_no_more,
)
from liquor_app.imports.undo.undo_words import removed_words
from liquor_app.imports.undo.whose_job import still, whose_job
from liquor_app.organization.service import notify
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.ui.words import figure, listed

BATCH_ROWS = 2_000
DONE = "done"

_MADE_BATCH = """
SELECT id FROM customers WHERE import_id = :import AND id > :after ORDER BY id LIMIT :most FOR UPDATE
"""
_WHY_STAY = f"SELECT c.id, {WHY_THEY_STAY} AS why FROM customers c WHERE c.id = ANY(:ids)"


async def undo_import(job: JobContext) -> dict[str, Any]:
    """Take an import back. Run again after a lost worker, it goes on at the checkpoint."""
    import_id = parse_id(str(job.args.get("import_id", "")), "import_id")
    async with transaction() as session:
        row = await get_import(session, SYSTEM, import_id)
    if row.status is ImportStatus.UNDONE:  # lost after the last word was written
        return _result(row)
    try:
        async with transaction() as session:
            actor = await whose_job(session, job)

        async def step() -> tuple[bool, dict[str, Any]]:
            async with transaction() as session:
                return await _step(session, await still(session, actor), import_id, job.id)

        going = True
        while going:
            going, undo = await again(step)
            await job.progress(*progress(undo), "Undoing the import")
    except JobLost:
        raise  # another worker goes on with it
    except (JobCancelled, AppError) as error:
        await _stop(import_id, job.id, str(error) or None)
        raise
    except Exception as error:
        await _stop(import_id, job.id, unexpected(error))
        raise

    async def end() -> ImportRow:
        async with transaction() as session:
            return await _conclude(session, actor, import_id)

    return _result(await again(end))


def _result(row: ImportRow) -> dict[str, Any]:
    counts = undo_counts(row)
    return {"import_id": str(row.id), "removed": counts.removed, "set_back": counts.set_back, "kept": counts.kept}


async def _step(session: AsyncSession, actor: Actor, import_id: UUID, job_id: UUID) -> tuple[bool, dict[str, Any]]:
    """Take one batch back; returns whether there is more, and how far it is.

    Raises:
        Forbidden: the actor may only read.
        Conflict: somebody else goes on with this undoing, or it was stopped.
    """
    require(actor, Permission.IMPORTS_WRITE)
    row = await lock_import(session, actor, import_id)
    if row.status is not ImportStatus.UNDOING or row.job_id != job_id:
        raise Conflict("This undoing was stopped, or another worker goes on with it.")
    undo, phases = dict(row.undo), (*phases_of(row), DONE)
    if undo["phase"] == DONE:
        return False, undo
    after = UUID(undo["after"])
    async with by_index(session):
        undone, since = await _batch(session, import_id, undo["phase"], after)
    for part, counts in (("removed", undone.removed), ("set_back", undone.set_back), ("kept", undone.kept)):
        before = undo[part]
        undo[part] = before | {name: int(before.get(name, 0)) + int(many) for name, many in counts.items() if many}
    days = [day for day in (undo["since"], since and since.isoformat()) if day]
    undo["since"] = min(days, default=None)
    if undone.upto is None:
        undo |= {"phase": phases[phases.index(undo["phase"]) + 1], "after": str(FIRST)}
    else:
        undo |= {"after": str(undone.upto), "done": undo["done"] + BATCH_ROWS}
    await session.execute(
        text("UPDATE imports SET undo = CAST(:undo AS jsonb) WHERE id = :id"),
        {"id": import_id, "undo": json.dumps(undo)},
    )
    return undo["phase"] != DONE, undo


async def _batch(session: AsyncSession, import_id: UUID, phase: str, after: UUID) -> tuple[Undone, date | None]:
    if phase == "numbers":
        return Undone(removed=Counter(numbers=await take_numbers(session, import_id))), None
    if phase == "changed_people":
        return await set_back_people(session, import_id, after, BATCH_ROWS, lambda: keep_no_field(session)), None
    if phase == "handed_on":
        return await set_back_handed_on(session, import_id, await keep_no_field(session)), None
    if phase == "left_fields":
        return await _left_fields(session, import_id, after), None
    if phase == "made_people":
        return await _made_people(session, import_id, after), None
    if phase == "left_behind":
        return await _left_behind(session, import_id, after), None
    if phase == "tags":
        return await take_tags(session, import_id, after, BATCH_ROWS), None
    if phase == "noes":
        return await remove_noes(session, import_id, after, BATCH_ROWS), None
    if phase == "changed_products":
        return await set_back_products(session, import_id, after, BATCH_ROWS), None
    if phase == "made_products":
        return await remove_products(session, import_id, after, BATCH_ROWS), None
    zone = ZoneInfo((await load_settings(session, GeneralSettings)).timezone)
    if phase == "left_baskets":
        return await _left_baskets(session, import_id, after, zone)
    take = remove_baskets if phase == "made_baskets" else set_back_baskets
    return await take(session, import_id, after, BATCH_ROWS, zone, gone=await vouch_no_more(session))


async def _made_people(session: AsyncSession, import_id: UUID, after: UUID) -> Undone:
    """Delete the next people the import made; whoever somebody built on stays. They are locked first: nobody can
    write to them, or plan for them, between the look and the deletion."""
    found = await session.execute(text(_MADE_BATCH), {"import": import_id, "after": after, "most": BATCH_ROWS})
    ids = list(found.scalars())
    undone = Undone(upto=ids[-1] if len(ids) == BATCH_ROWS else None)
    leaving, merged = list[UUID](), list[UUID]()
    for person, why in await session.execute(text(_WHY_STAY), {"ids": ids, "import": import_id}):
        if why is None:
            leaving.append(person)
        else:
            undone.kept[f"people_{why}"] += 1
        if why == MERGED:
            merged.append(person)
    if merged:
        undone.removed["consents"] += await take_yeses(session, import_id, merged)
    undone.removed.update(await remove_people(session, leaving))
    return undone


async def _left_behind(session: AsyncSession, import_id: UUID, after: UUID) -> Undone:
    """Delete the next of those whom an import that is undone, or being so, had made, and who stayed because this one
    said no of them once more: nobody else built on them."""
    found = await session.execute(text(LEFT_BEHIND), {"import": import_id, "after": after, "most": BATCH_ROWS})
    ids = list(found.scalars())
    undone = Undone(upto=ids[-1] if len(ids) == BATCH_ROWS else None)
    reasons = await session.execute(text(_WHY_STAY), {"ids": ids, "import": import_id})
    undone.removed.update(await remove_people(session, [person for person, why in reasons if why is None]))
    return undone


async def _left_fields(session: AsyncSession, import_id: UUID, after: UUID) -> Undone:
    """Set back the next fields that an import which is undone, or being so, had left because this one said them once
    more."""
    found = await session.execute(text(LEFT_FIELDS), {"import": import_id, "after": after, "most": BATCH_ROWS})
    ids = list(found.scalars())
    undone = Undone(upto=ids[-1] if len(ids) == BATCH_ROWS else None)
    if ids:
        await lock_people(session, ids)  # an undoing that is at them has told how far it is by then
        silent = [*await keep_no_field(session), import_id]
        for whose, people in (await session.execute(text(LEFT_BY), {"import": import_id, "ids": ids})).all():
            undone.set_back.update((await set_back_these(session, whose, sorted(people), silent)).set_back)
    return undone


async def _left_baskets(
    session: AsyncSession, import_id: UUID, after: UUID, zone: ZoneInfo
) -> tuple[Undone, date | None]:
    """Let the next orders go that an import which is undone already had made, or changed, and that stayed because this
    one listed them again."""
    found = await session.execute(text(LEFT_BASKETS), {"import": import_id, "after": after, "most": BATCH_ROWS})
    left = {row.id: row.version for row in found}
    undone, since = await let_baskets_go(session, import_id, left, zone, gone=await vouch_no_more(session))
    undone.upto = max(left) if len(left) == BATCH_ROWS else None
    return undone, since


async def _stop(import_id: UUID, job_id: UUID, error: str | None) -> None:
    """Whatever it was: an undoing that nobody works on must not say that it runs."""
    async with transaction() as session:
        await session.execute(
            text(
                "UPDATE imports SET status = 'undo_stopped', error = :error"
                " WHERE id = :id AND job_id = :job AND status = 'undoing'"
            ),
            {"id": import_id, "job": job_id, "error": error},
        )


async def _conclude(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportRow:
    """Write down that an import is undone, and have what changed scored and added up."""
    await session.execute(
        text("UPDATE imports SET status = 'undone', undone_at = now() WHERE id = :id AND status = 'undoing'"),
        {"id": import_id},
    )
    row = await get_import(session, actor, import_id)
    await forget_confirmations(session, import_id)
    if row.kind == "products":
        await forget_seen(session, import_id)
    counts = undo_counts(row)
    if row.kind != "products":
        args = {"touched": True, "then_segments": True}
        await enqueue(session, Job.SCORE_CUSTOMERS, args, created_by=actor.user_id, dedupe_key="import")
    if since := row.undo.get("since"):
        await enqueue(session, Job.ROLL_UP, {"since": since}, created_by=actor.user_id)
    await audit(session, actor, "import.undone", "import", import_id, file=row.file_name, kind=row.kind,
                removed=counts.removed, set_back=counts.set_back, kept=counts.kept)  # fmt: skip
    gone = listed([removed_words(what, many) for what, many in counts.removed.items()]) or "nothing"
    kept = sum(counts.kept.values())
    await notify(
        session,
        title=f"The import of {row.file_name} was undone",
        body=f"Taken away: {gone}." + (f" Kept, because something was built on it: {figure(kept)}." if kept else ""),
        link=f"/customers/import?import={import_id}",
        level="warning" if kept else "success",
        user_id=actor.user_id,
    )
    return row

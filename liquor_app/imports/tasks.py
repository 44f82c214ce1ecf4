"""Jobs: importing an uploaded file, a chunk a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permissions import SYSTEM, Actor
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Conflict, Invalid, Meanwhile
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import parse_id
from liquor_app.core.lease import JobLost
from liquor_app.core.platform import gc_control
from liquor_app.core.platform.collisions import WAITS, again
from liquor_app.core.queue import Job, JobCancelled, JobContext, Task, enqueue, unexpected
from liquor_app.imports import checkpoint
from liquor_app.imports.cleaning.orders.store_numbers import NumbersBeginAnew
from liquor_app.imports.drop_folders.settle_file import likely_other_kind, note_likely_kind
from liquor_app.imports.import_rows import ImportRow, Plan, get_import
from liquor_app.imports.kept_files import forget_uploads
from liquor_app.imports.merge_rows import Outcome, Policy
from liquor_app.imports.models import AS_OF, IMPORT, ImportStatus
from liquor_app.imports.open_import import open_work
from liquor_app.imports.orders.answered_before import answered_before
from liquor_app.imports.orders.store_orders import BY_STORE, numbered_before
from liquor_app.imports.outcome_words import outcome_words, taken_back_words
from liquor_app.imports.undo.undo_job import undo_import
from liquor_app.imports.undo.whose_job import still, whose_job
from liquor_app.organization.service import notify
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.ui.words import figure
from liquor_app.webhooks.models import Happened
from liquor_app.webhooks.outbox import emit

COUNTS = ("rows", "created", "updated", "unchanged", "rejected")
Tell = Callable[[int, int], Awaitable[None]]


async def import_uploaded(job: JobContext) -> dict[str, Any]:
    """Import an uploaded file. Run again after a lost worker, it goes on at the checkpoint."""
    import_id = parse_id(str(job.args.get("import_id", "")), "import_id")
    async with transaction() as session:
        row = await get_import(session, SYSTEM, import_id)
    if row.status is ImportStatus.COMPLETED:  # lost after the last word was written
        return _result(row)

    async def tell(done: int, total: int) -> None:
        await job.progress(done, total, "Importing")

    seems = ""
    try:
        async with transaction() as session:
            actor = await whose_job(session, job)
            IMPORT.check(row.status, ImportStatus.RUNNING)
            await session.execute(
                text("UPDATE imports SET status = 'running' WHERE id = :id AND job_id = :job"),
                {"id": import_id, "job": job.id},
            )
        async with file_store().on_disk(row.stored) as path:
            try:
                await drive(actor, import_id, path, tell)
            except Invalid:
                seems = await likely_other_kind(row, path)
                raise
    except (JobCancelled, AppError) as error:
        status = ImportStatus.CANCELLED if isinstance(error, JobCancelled) else ImportStatus.FAILED
        async with transaction() as session:
            if seems:
                await note_likely_kind(session, import_id, seems)
            await conclude(session, SYSTEM, import_id, status, str(error) or None)
        raise
    except JobLost:
        raise  # another worker goes on with it
    except Exception as error:
        # whatever it was: an import nobody works on must not say that it is running
        async with transaction() as session:
            await conclude(session, SYSTEM, import_id, ImportStatus.FAILED, unexpected(error))
        raise

    async def end() -> ImportRow:
        async with transaction() as session:
            return await conclude(session, actor, import_id, ImportStatus.COMPLETED)

    row = await again(end)
    await file_store().delete(row.stored)  # personal data is not kept longer than it is needed
    return _result(row)


def _result(row: ImportRow) -> dict[str, Any]:
    return {
        "import_id": str(row.id),
        **{name: getattr(row, name) for name in COUNTS},
        "reasons": row.reasons,
        "notes": row.notes,
    }


async def drive(actor: Actor, import_id: UUID, path: Path, tell: Tell) -> None:
    """Take a file in from its checkpoint to its end, a transaction a chunk; `tell` is called after each. A corridor.

    Raises:
        Invalid: as `open_work` and its steps.
        Forbidden: the actor may not, or not any more.
        Meanwhile: a chunk collided with other writers at each of its tries; everything committed so far stays.
    """
    waits = list(WAITS)
    while True:
        async with transaction() as session:
            row = await get_import(session, actor, import_id)
            shop = await load_settings(session, GeneralSettings)
            numbered = await numbered_before(session, actor)
            answers = await answered_before(session, actor, row.kind)
        plan = Plan(row.id, row.kind, Policy(row.policy), path, row.file_name, row.mapping, row.options)
        try:
            opened = open_work(plan, actor, shop, row.position, numbered=numbered, answers=answers)
            async with await opened as work:
                with gc_control.by_hand():
                    going = True
                    while going:
                        async with transaction() as session:
                            await still(session, actor)
                            going = await work.step(session)
                        waits = list(WAITS)
                        gc_control.collect()
                        await tell(*work.progress)
            return
        except NumbersBeginAnew as anew:
            async with transaction() as session:
                position = checkpoint.start_position(work.position["columns"]) | {BY_STORE: anew.numbering}
                await checkpoint.begin_anew(session, row.id, position)
        except Conflict as error:
            if not waits:
                raise Meanwhile(error.message) from error
            await asyncio.sleep(waits.pop(0))


async def conclude(
    session: AsyncSession, actor: Actor, import_id: UUID, status: ImportStatus, error: str | None = None
) -> ImportRow:
    """Write down how an import ended, and have what it changed scored and added up, whether it came to its end or
    not: what was committed stays. A corridor."""
    await session.execute(
        text(
            "UPDATE imports SET status = :status, error = :error, finished_at = now()"
            " WHERE id = :id AND status = ANY(:before)"
        ),
        {"id": import_id, "status": status.value, "error": error, "before": IMPORT.sources(status)},
    )
    row = await get_import(session, actor, import_id)
    taken = bool(row.created or row.updated or row.taken_back)
    if taken and row.kind != "products":
        args = {"touched": True, "then_segments": True}
        await enqueue(session, Job.SCORE_CUSTOMERS, args, created_by=row.created_by, dedupe_key="import")
        if since := row.position.get("since"):
            await enqueue(session, Job.ROLL_UP, {"since": since}, created_by=row.created_by)
    counts = {name: getattr(row, name) for name in COUNTS}
    await audit(session, actor, f"{row.kind}.imported", "import", import_id, file=row.file_name, status=status.value,
                **counts)  # fmt: skip
    finished = {"import_id": import_id, "kind": row.kind, "status": status, **counts}
    await emit(session, Happened.IMPORT_FINISHED, [finished])
    taken_words = [
        outcome_words(outcome, rows, row.orders)
        for outcome, rows in ((Outcome.CREATED, row.created), (Outcome.UPDATED, row.updated))
        if rows or not (row.orders or row.taken_back)
    ]
    if row.taken_back:
        taken_words.append(taken_back_words(row.taken_back))
    said = f"{', '.join([*taken_words, f'{figure(row.rejected)} refused'])}."
    title = {
        ImportStatus.COMPLETED: f"{row.file_name} was imported",
        ImportStatus.CANCELLED: f"The import of {row.file_name} was stopped",
    }.get(status, f"{row.file_name} could not be imported to its end")
    if AS_OF in row.options and status is ImportStatus.COMPLETED:
        return row  # a till's hourly file: the log of drop folders has it
    kept = "" if status is ImportStatus.COMPLETED or not taken else " What was taken so far stays."
    await notify(
        session,
        title=title,
        body=f"{said}{kept}{f' {error}' if error and status is ImportStatus.FAILED else ''}",
        link=f"/customers/import?import={import_id}",
        level="success" if status is ImportStatus.COMPLETED and not row.rejected else "warning",
        user_id=row.created_by,
    )
    return row


async def forget_old_uploads() -> int:
    """Delete what imports left behind and nobody needs any longer; returns how many files."""
    async with transaction() as session:
        keys = await forget_uploads(session, SYSTEM)
    for key in keys:
        await file_store().delete(key)
    return len(keys)


TASKS: dict[Job, Task] = {Job.IMPORT_FILE: import_uploaded, Job.UNDO_IMPORT: undo_import}

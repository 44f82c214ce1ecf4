"""Jobs: importing an uploaded file."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM, Actor
from liquor_app.accounts.service import get_user
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Forbidden, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.core.queue import Job, JobCancelled, JobContext, Task
from liquor_app.customers.importing import ImportReport, import_file
from liquor_app.customers.models import ImportStatus
from liquor_app.customers.uploads import file_of, rejects_of
from liquor_app.organization.service import notify

BEAT_SECONDS = 1.0


COUNTS = ("rows", "created", "updated", "unchanged", "rejected")


async def _actor(session: AsyncSession, user_id: UUID | None) -> Actor:
    """Whoever uploaded the file, with the rights they have now; a program's upload runs as the system."""
    if user_id is None:
        return SYSTEM
    user = await get_user(session, user_id)
    if user is None or not user.is_active:
        raise Forbidden("Whoever uploaded this file is no longer a user.")
    return user.actor


async def _record(
    session: AsyncSession, import_id: UUID, status: ImportStatus, report: ImportReport | None = None
) -> None:
    await session.execute(
        text(
            f"UPDATE imports SET status = :status, {', '.join(f'{name} = :{name}' for name in COUNTS)},"
            " finished_at = now() WHERE id = :id"
        ),
        {"id": import_id, "status": status.value, **{name: getattr(report, name, 0) for name in COUNTS}},
    )


async def _watched(job: JobContext, work: asyncio.Task[ImportReport], seen: list[int]) -> ImportReport:
    """Wait for the work; once a second tell how far it is, keep the lease, and stop it if somebody cancelled."""
    try:
        while True:
            await asyncio.wait({work}, timeout=BEAT_SECONDS)
            if work.done():
                return work.result()
            await job.progress(seen[0], seen[1], "Importing")
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await work


async def _begin(import_id: UUID) -> dict[str, Any]:
    async with transaction() as session:
        found = await session.execute(text("SELECT * FROM imports WHERE id = :id FOR UPDATE"), {"id": import_id})
        upload = found.mappings().first()
        if upload is None:
            raise NotFound("There is no such import.")
        if upload["status"] != ImportStatus.COMPLETED:
            await session.execute(text("UPDATE imports SET status = 'running' WHERE id = :id"), {"id": import_id})
    return dict(upload)


async def import_uploaded(job: JobContext) -> dict[str, Any]:
    """Import an uploaded file, all of it or nothing. Run again after a lost worker, it starts over, unless the
    worker was lost after everything had been written."""
    import_id = parse_id(str(job.args.get("import_id", "")), "import_id")
    upload = await _begin(import_id)
    if upload["status"] == ImportStatus.COMPLETED:
        return {"import_id": str(import_id), **{name: upload[name] for name in COUNTS}}
    seen = [0, 0]

    def tell(done: int, total: int | None) -> None:
        seen[:] = [done, total or done]

    async def work() -> ImportReport:
        async with transaction() as session:
            report = await import_file(
                session,
                await _actor(session, job.created_by),
                kind=upload["kind"],
                path=file_of(upload["file_key"]),
                policy=upload["policy"],
                mapping=upload["mapping"] or None,
                report=tell,
                rejects_path=rejects_of(import_id),
                file_name=upload["file_name"],
            )
            await _record(session, import_id, ImportStatus.COMPLETED, report)
            await notify(
                session,
                title=f"{upload['file_name']} was imported",
                body=f"{report.created:,} new, {report.updated:,} changed, {report.rejected:,} rejected.",
                link="/customers",
                level="warning" if report.rejected else "success",
                user_id=job.created_by,
            )
            return report

    try:
        report = await _watched(job, asyncio.create_task(work()), seen)
    except (JobCancelled, AppError) as error:
        status = ImportStatus.CANCELLED if isinstance(error, JobCancelled) else ImportStatus.FAILED
        async with transaction() as session:
            await _record(session, import_id, status)
        raise
    file_of(upload["file_key"]).unlink(missing_ok=True)  # personal data is not kept longer than it is needed
    return {"import_id": str(import_id), **{name: getattr(report, name) for name in COUNTS}, "reasons": report.reasons}


TASKS: dict[Job, Task] = {Job.IMPORT_FILE: import_uploaded}

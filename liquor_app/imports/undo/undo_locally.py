"""Undoing an import from the command line: the same job, run here unless a worker was quicker."""

from __future__ import annotations

import asyncio
from uuid import UUID

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import Job, get_job, run
from liquor_app.imports.import_rows import get_import
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.undo.undo_import import UndoCounts, request_undo, undo_counts
from liquor_app.imports.undo.undo_job import undo_import

LOOK_EVERY = 0.5


async def undo_locally(actor: Actor, import_id: UUID) -> UndoCounts:
    """Take an import back and wait for it. An undoing whose process was killed is taken up once its lease has run out
    (`core.lease.SECONDS`); one that a worker has in hand is waited for.

    Raises:
        Forbidden, NotFound, Conflict: as `request_undo`.
        Conflict: it could not be taken back to its end; says why.
    """
    require(actor, Permission.IMPORTS_WRITE)
    async with transaction() as session:
        row = await get_import(session, actor, import_id)
        if row.status is not ImportStatus.UNDOING:
            row = await request_undo(session, actor, import_id)
        job_id = row.job_id
    assert job_id is not None
    status = await run(job_id, {Job.UNDO_IMPORT: undo_import})
    while status is None:
        async with transaction() as session:
            found = (await get_job(session, job_id)).status
        if found not in (JobStatus.QUEUED, JobStatus.RUNNING):
            status = found
            break
        await asyncio.sleep(LOOK_EVERY)
        status = await run(job_id, {Job.UNDO_IMPORT: undo_import})
    async with transaction() as session:
        row = await get_import(session, actor, import_id)
    if status is not JobStatus.SUCCEEDED:
        raise Conflict(f"The undoing stopped. {row.error or ''} Run the command again: it goes on there.")
    return undo_counts(row)

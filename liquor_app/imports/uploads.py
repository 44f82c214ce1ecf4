"""Files brought in to be imported, and what became of them: asked for, begun, stopped, gone on with, ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, may, require
from liquor_app.core.errors import Conflict, Full, NotFound
from liquor_app.core.files.store import file_store
from liquor_app.core.queue import Job, enqueue, request_cancel
from liquor_app.core.states import sql_list
from liquor_app.core.storable_text import one_line
from liquor_app.customers.visible_text import visible
from liquor_app.imports.dry_run import check_choices, check_options
from liquor_app.imports.import_rows import GONE, KEPT_DAYS, LOCAL, ImportRow, get_import, lock_import, stored_file
from liquor_app.imports.models import AS_OF, IMPORT, ImportStatus
from liquor_app.imports.rejects import heading, reject_lines
from liquor_app.imports.undo.whose_job import asked_by

MOST_WAITING, WAITING_DAYS = 25, 7
"""Files of one person, or of all programs, that wait to be looked at or started, and how long one may."""

_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"
"""Many at once must not come to more than may wait."""
_CHOSEN = "SELECT kind, policy, mapping, options FROM imports WHERE id = :id AND status = 'preview'"
_WAITING = f"""
SELECT count(*) FROM imports WHERE status IN {sql_list(ImportStatus.PREVIEW, ImportStatus.QUEUED)}
   AND created_by IS NOT DISTINCT FROM CAST(:by AS uuid) AND file_key <> '' AND file_key NOT LIKE '{LOCAL}%'
   AND NOT options ? '{AS_OF}'
"""


async def add_upload(
    session: AsyncSession, actor: Actor, *, import_id: UUID, kind: str, file_name: str, file_key: str
) -> ImportRow:
    """Note a file that has come (to `stored_as(file_key)`) and waits to be looked at.

    Raises:
        Forbidden: the actor may only read.
        Invalid: an unknown kind.
        Conflict: too many of theirs wait already.
    """
    require(actor, Permission.IMPORTS_WRITE)
    check_choices(kind, "fill")
    file_name = one_line(visible(file_name))[:120] or "file"
    if actor.kind is not ActorKind.SYSTEM and not file_key.startswith(LOCAL):
        by = {"by": actor.user_id, "name": f"uploads of {actor.user_id}"}
        await session.execute(text(_ONE_BY_ONE), by)
        if int((await session.execute(text(_WAITING), by)).scalar_one()) >= MOST_WAITING:
            raise Full(
                f"{MOST_WAITING} files wait to be looked at or started. Start or discard some of those first; what"
                f" nobody starts is forgotten after {WAITING_DAYS} days.",
                field="file",
            )
    await session.execute(
        text(
            "INSERT INTO imports (id, kind, file_name, file_key, created_by) VALUES (:id, :kind, :name, :key, :by)"
        ),
        {"id": import_id, "kind": kind, "name": file_name, "key": file_key, "by": actor.user_id},
    )  # fmt: skip
    await audit(session, actor, "import.uploaded", "import", import_id, kind=kind, file=file_name)
    return await get_import(session, actor, import_id)


async def start_import(
    session: AsyncSession,
    actor: Actor,
    import_id: UUID,
    *,
    kind: str,
    policy: str = "fill",
    mapping: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> ImportRow:
    """Hand a file to the worker, with everything that was chosen for it.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such import.
        Invalid: an unknown kind, policy or option.
        Conflict: it was started before, or its file is gone.
    """
    row = await lock_import(session, actor, import_id)
    if row.status is not ImportStatus.PREVIEW:
        raise Conflict("This file is imported already, or was.")
    stored_file(row)
    await choose(session, actor, import_id, kind=kind, policy=policy, mapping=mapping, options=options)
    await audit(session, actor, "import.requested", "import", import_id, kind=kind, file=row.file_name)
    return await _queue(session, actor, row)


async def choose(
    session: AsyncSession,
    actor: Actor,
    import_id: UUID,
    *,
    kind: str,
    policy: str,
    mapping: Mapping[str, str] | None,
    options: Mapping[str, Any] | None,
) -> None:
    """Note what was chosen for a file that is not begun.

    Raises:
        Forbidden: the actor may only read.
        Invalid: an unknown kind, policy or option.
    """
    require(actor, Permission.IMPORTS_WRITE)
    check_choices(kind, policy)
    check_options(kind, mapping or {}, options or {})
    chosen = {"kind": kind, "policy": policy, "mapping": dict(mapping or {}), "options": dict(options or {})}
    before = await session.execute(text(_CHOSEN), {"id": import_id})
    await session.execute(
        text(
            "UPDATE imports SET kind = :kind, policy = :policy, mapping = CAST(:mapping AS jsonb),"
            " options = CAST(:options AS jsonb) WHERE id = :id AND status = 'preview'"
        ),
        {
            "id": import_id,
            "kind": kind,
            "policy": policy,
            "mapping": json.dumps(chosen["mapping"]),
            "options": json.dumps(chosen["options"]),
        },
    )
    if (was := before.mappings().first()) is not None and dict(was) != chosen:
        await audit_change(session, actor, "import.chosen", "import", import_id, before=dict(was), after=chosen)


async def request_import(
    session: AsyncSession,
    actor: Actor,
    *,
    import_id: UUID,
    kind: str,
    file_name: str,
    file_key: str,
    policy: str = "fill",
    mapping: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> ImportRow:
    """Hand an uploaded file to the worker without looking at it first.

    Raises:
        Forbidden: the actor may only read.
        Invalid: an unknown kind, policy or option.
    """
    await add_upload(session, actor, import_id=import_id, kind=kind, file_name=file_name, file_key=file_key)
    return await start_import(session, actor, import_id, kind=kind, policy=policy, mapping=mapping, options=options)


async def _queue(session: AsyncSession, actor: Actor, row: ImportRow) -> ImportRow:
    IMPORT.check(row.status, ImportStatus.QUEUED)
    # Not deduplicated: one that was told to stop may still be open, and steps aside for the newer job.
    args = {"import_id": str(row.id), "actor": asked_by(actor)}
    job_id = await enqueue(session, Job.IMPORT_FILE, args, created_by=actor.user_id)
    await session.execute(
        text("UPDATE imports SET status = 'queued', job_id = :job, error = NULL, finished_at = NULL WHERE id = :id"),
        {"job": job_id, "id": row.id},
    )
    return await get_import(session, actor, row.id)


async def cancel_import(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportRow:
    """Stop an import after the chunk in hand. What has been taken stays; `resume_import` goes on from there.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: it has ended already, or was not started.
    """
    row = await lock_import(session, actor, import_id)
    if row.status is ImportStatus.PREVIEW:
        raise Conflict("An import in preview cannot be cancelled: nothing of it has begun. Discard it instead.")
    IMPORT.check(row.status, ImportStatus.CANCELLED)
    if row.job_id is not None:
        await request_cancel(session, row.job_id)
    if row.status is ImportStatus.QUEUED:
        await session.execute(
            text("UPDATE imports SET status = 'cancelled', finished_at = now() WHERE id = :id"), {"id": import_id}
        )
    after = await get_import(session, actor, import_id)
    await audit_change(
        session,
        actor,
        "import.cancelled",
        "import",
        import_id,
        before={"status": row.status},
        after={"status": after.status},
        file=row.file_name,
    )
    return after


async def resume_import(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportRow:
    """Go on with an import that was cancelled or failed, from its checkpoint.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: it did not stop half way, or its file is gone.
    """
    row = await lock_import(session, actor, import_id)
    IMPORT.check(row.status, ImportStatus.QUEUED)
    if row.is_local:
        raise Conflict(f"{row.file_name} was imported from a command line. Run the command again: it goes on there.")
    if not row.can_resume or await file_store().find(row.stored) is None:
        raise Conflict(GONE.format(file=row.file_name))
    await audit_change(
        session,
        actor,
        "import.resumed",
        "import",
        import_id,
        before={"status": row.status},
        after={"status": ImportStatus.QUEUED},
        file=row.file_name,
    )
    return await _queue(session, actor, row)


async def rejects_page(
    session: AsyncSession, actor: Actor, import_id: UUID, after: int | None = None
) -> tuple[list[str], int | None]:
    """Return a page of the CSV file of an import's refused rows, and where the next one starts (None at the end). Who
    carries it away is in the audit log.

    Args:
        after: None for the start, which brings the heading along.

    Raises:
        NotFound: there is no such import, or it has refused nothing (any longer).
    """
    row = await get_import(session, actor, import_id)
    if not row.rejected:
        raise NotFound("This import refused no rows.")
    columns = row.position.get("columns", [])
    births = may(actor, Permission.CUSTOMERS_PRIVATE)
    lines, following = await reject_lines(session, import_id, columns, -1 if after is None else after, births=births)
    if after is None:
        if not lines:
            raise NotFound(f"Refused rows are kept for {KEPT_DAYS} days; these are gone. Import the file again.")
        await audit(session, actor, "import.rejects_exported", "import", import_id, rows=row.rejected)
    return ([heading(columns), *lines] if after is None else lines), following

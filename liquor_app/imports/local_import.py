"""Importing a file of this machine, for the command line: in this process, and gone on with if it was interrupted.

The same file with the same choices is the same import: its row in `imports` carries a hash of both, and one that did
not come to its end is taken up at its checkpoint, with the counts and refused rows it had.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core import db
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Conflict, Unknown
from liquor_app.core.ids import uuid7
from liquor_app.core.security.redact import describe
from liquor_app.imports.dry_run import ImportReport, Trial, check_choices, check_options, keep_rejects, try_file
from liquor_app.imports.import_rows import LOCAL, get_import
from liquor_app.imports.models import IMPORT, ImportStatus
from liquor_app.imports.tasks import COUNTS, Tell, conclude, drive
from liquor_app.imports.trial.shown_rows import TRIED_ROWS, worth_showing
from liquor_app.imports.uploads import add_upload, choose

OPEN = (ImportStatus.PREVIEW, ImportStatus.RUNNING, ImportStatus.FAILED, ImportStatus.CANCELLED)
"""An import that goes on when its command is run again; one that was undone begins anew."""

Told = Callable[[int, datetime], Awaitable[None]]
"""Called once if an interrupted import is gone on with: rows it had read, and when it was begun."""


async def import_local(
    actor: Actor,
    kind: str,
    path: Path,
    *,
    policy: str = "fill",
    mapping: dict[str, str] | None = None,
    options: dict[str, Any] | None = None,
    dry_run: bool = False,
    again: bool = False,
    tell: Tell,
    resumed: Told | None = None,
) -> ImportReport:
    """Import a file of this machine; the refused rows are kept in the file store.

    Stopped half way, what was committed stays, and the next run of the same file with the same choices goes on there;
    its report is of the whole file.

    Args:
        again: begin anew even if it was interrupted; what was taken is then recognised and counts as unchanged.

    Raises:
        Forbidden, Invalid, Conflict: as `try_file` and `drive`.
        Conflict: this very file is being imported right now.
    """
    if dry_run:
        return (await try_local(actor, kind, path, policy=policy, mapping=mapping, options=options, tell=tell)).report
    require(actor, Permission.IMPORTS_WRITE)
    choices = [kind, policy, sorted((mapping or {}).items()), sorted((options or {}).items())]
    key = await asyncio.to_thread(_key, path, choices)
    async with _alone(key):
        async with transaction() as session:
            import_id = None if again else await _interrupted(session, actor, key)
            if import_id is None:
                import_id = uuid7()
                await add_upload(session, actor, import_id=import_id, kind=kind, file_name=path.name, file_key=key)
                await choose(session, actor, import_id, kind=kind, policy=policy, mapping=mapping, options=options)
            row = await get_import(session, actor, import_id)
            IMPORT.check(row.status, ImportStatus.RUNNING)
            await session.execute(
                text("UPDATE imports SET status = 'running', error = NULL, finished_at = NULL WHERE id = :id"),
                {"id": import_id},
            )
            if row.position:
                await audit(session, actor, "import.resumed", "import", import_id, file=row.file_name)
        if row.position and resumed is not None:
            await resumed(int(row.position["records"]), row.created_at)
        return await _take(actor, import_id, path, tell)


async def try_local(
    actor: Actor,
    kind: str,
    path: Path,
    *,
    policy: str = "fill",
    mapping: dict[str, str] | None = None,
    options: dict[str, Any] | None = None,
    tell: Tell,
) -> Trial:
    """Import a file of this machine and take it back; nothing stays but the file of rejects. Its first rows are told
    one by one.

    Raises:
        Forbidden, Invalid, Conflict: as `try_file`.
    """
    require(actor, Permission.IMPORTS_WRITE)
    check_choices(kind, policy)
    check_options(kind, mapping or {}, options or {})
    async with transaction() as session:
        tried = await try_file(
            session, actor, kind=kind, path=path, policy=policy, mapping=mapping, options=options, tell=tell,
            keeps_rejects=True,
        )  # fmt: skip
    async with transaction() as session:
        first = await try_file(
            session, actor, kind=kind, path=path, policy=policy, mapping=mapping, options=options, limit=TRIED_ROWS,
            watch=True,
        )  # fmt: skip
    return replace(tried, shown=worth_showing(first.shown))


async def _take(actor: Actor, import_id: UUID, path: Path, tell: Tell) -> ImportReport:
    try:
        await drive(actor, import_id, path, tell)
    except BaseException as error:
        why = error.message if isinstance(error, AppError) else describe(error)
        async with transaction() as session:
            await conclude(session, actor, import_id, ImportStatus.FAILED, why[:300])
        raise
    async with transaction() as session:
        row = await conclude(session, actor, import_id, ImportStatus.COMPLETED)
        kept = None
        if row.rejected:
            kept = await keep_rejects(session, import_id, row.position["columns"])
    return ImportReport(
        **{name: getattr(row, name) for name in COUNTS},
        reasons=row.reasons,
        notes=row.notes,
        rejects_file=kept,
        orders=row.orders,
        taken_back=row.taken_back,
        doubts=row.doubts,
    )


def _key(path: Path, choices: list[Any]) -> str:
    """Tell what makes an import the same one: the file's bytes and everything that was chosen for it."""
    if not path.is_file():
        raise Unknown(f"There is no file {path.name}.", field="file")
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "blake2b")
    content.update(json.dumps(choices).encode())
    return LOCAL + content.hexdigest()[:64]


async def _interrupted(session: AsyncSession, actor: Actor, key: str) -> UUID | None:
    """Return the import of this key that did not come to its end. One that says it runs has lost its process: we are
    alone."""
    found = await session.execute(
        text(
            "SELECT id FROM imports WHERE file_key = :key AND status = ANY(:open)"
            " AND created_by IS NOT DISTINCT FROM CAST(:by AS uuid) ORDER BY id DESC LIMIT 1"
        ),
        {"key": key, "by": actor.user_id, "open": list(OPEN)},
    )
    import_id = found.scalar()
    return None if import_id is None else UUID(str(import_id))


@asynccontextmanager
async def _alone(key: str) -> AsyncIterator[None]:
    """Nobody else imports this file meanwhile. The lock is the connection's, so that it dies with this process, and
    outside any transaction, so that an hour's import does not look idle to the server."""
    async with db.engine().connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        taken = await connection.execute(
            text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))"), {"key": f"import:{key}"}
        )
        if not taken.scalar_one():
            raise Conflict("This file is being imported right now, by another command.")
        try:
            yield
        finally:
            await connection.execute(
                text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), {"key": f"import:{key}"}
            )

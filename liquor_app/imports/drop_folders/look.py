"""Looking at a drop folder: what is new and whole goes to the importer, once, one file at a time.

A till may still be writing: a file is read when it looked the same twice, and what is called `….part` not at all. Its
content is kept in the file store before anything is said of it, so what is imported is what was hashed. Whoever writes
its row first has it: two workers looking at once hand it over once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Conflict, NotFound
from liquor_app.core.files.drop_root import DroppedFile, NotTaken, drop_root
from liquor_app.core.files.folders import IMPORT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.core.states import sql_list
from liquor_app.imports.drop_folders.drop_sources import SourceRow, ask_look, get_source
from liquor_app.imports.drop_folders.models import DROP, DropStatus, hidden_name
from liquor_app.imports.import_rows import get_import, stored_as
from liquor_app.imports.models import AS_OF, ImportStatus
from liquor_app.imports.uploads import request_import
from liquor_app.organization.service import notify
from liquor_app.ui.words import figure, plural

log = logging.getLogger(__name__)

SOON = timedelta(minutes=1)
"""Where something waits to become whole, or to have its turn."""
MOST_NEW = 500
"""Files that are noted in one look."""
MOST_READ = 20
"""Files that are read in one look."""

_LISTED = unnest("n", name="text", size="bigint", modified="timestamptz")
_NOTE = f"""
INSERT INTO drop_files (source_id, name, size, modified)
SELECT :source, n.name, n.size, n.modified FROM {_LISTED}
 WHERE NOT EXISTS (SELECT FROM drop_files f WHERE f.source_id = :source AND f.name = n.name AND f.size = n.size
                      AND f.modified = n.modified AND f.status <> '{DropStatus.WAITING}')
    ON CONFLICT (source_id, name) WHERE status = '{DropStatus.WAITING}' DO UPDATE
   SET looks = CASE WHEN drop_files.size = EXCLUDED.size AND drop_files.modified = EXCLUDED.modified
                    THEN drop_files.looks + 1 ELSE 1 END,
       size = EXCLUDED.size, modified = EXCLUDED.modified
"""
_GONE = f"""
DELETE FROM drop_files WHERE source_id = :source AND status = '{DropStatus.WAITING}' AND name <> ALL(:names)
"""
_WHOLE = f"""
SELECT id, name, size, modified FROM drop_files
 WHERE source_id = :source AND status = '{DropStatus.WAITING}' AND looks > 1 ORDER BY modified, name LIMIT :most
"""
_UNDER_WAY = f"""
SELECT EXISTS (SELECT FROM drop_files f JOIN imports i ON i.id = f.import_id
                WHERE f.source_id = :source AND f.status = '{DropStatus.TAKEN}'
                  AND i.status IN {sql_list(ImportStatus.QUEUED, ImportStatus.RUNNING, ImportStatus.UNDOING)})
"""
_NOT_TAKEN = (
    ImportStatus.FAILED, ImportStatus.CANCELLED, ImportStatus.UNDOING, ImportStatus.UNDO_STOPPED, ImportStatus.UNDONE,
)  # fmt: skip
"""What of a file's import leaves it to be taken when it comes again: it ended before its end, or was taken back."""
# customers and orders of the same content were taken before; of products the last word may be the same again, and new
_TOLD_BEFORE = f"""
SELECT f.name, f.seen_at FROM drop_files f LEFT JOIN imports i ON i.id = f.import_id
 WHERE f.source_id = :source AND f.mark = :mark AND f.status = '{DropStatus.TAKEN}' AND f.id <> :id
   AND COALESCE(i.status, '') NOT IN {sql_list(*_NOT_TAKEN)}
 ORDER BY f.seen_at DESC LIMIT 1
"""
_STILL_WAITS = f"SELECT FROM drop_files WHERE id = :id AND status = '{DropStatus.WAITING}' FOR UPDATE"
_SETTLE = f"""
UPDATE drop_files SET status = :status, mark = :mark, reason = :reason, import_id = :import
 WHERE id = :id AND status IN {DROP.sources_sql(DropStatus.REPEATED)} RETURNING id
"""
_RETRIED = f"""
UPDATE drop_files SET status = '{DropStatus.TAKEN}', reason = NULL, import_id = :import
 WHERE id = :id AND status IN {DROP.sources_sql(DropStatus.TAKEN, DropStatus.TAKEN, DropStatus.FAILED)}
   AND import_id IS NOT DISTINCT FROM :before RETURNING id
"""
_WAIT_AGAIN = f"""
UPDATE drop_files SET status = '{DropStatus.WAITING}', reason = NULL, looks = 1
 WHERE id = :id AND status IN {DROP.sources_sql(DropStatus.WAITING)} RETURNING id
"""
_LOOKED = """
UPDATE drop_sources SET looked_at = now(), problem = :problem, next_look_at = now() + make_interval(secs => :wait)
 WHERE id = :id
"""
_DUE = "SELECT id FROM drop_sources WHERE NOT is_paused AND next_look_at <= now() ORDER BY next_look_at LIMIT 50"
_SILENT = """
UPDATE drop_sources t SET silence_told_at = now()
 WHERE NOT t.is_paused AND t.silent_hours IS NOT NULL
   AND COALESCE((SELECT max(f.seen_at) FROM drop_files f WHERE f.source_id = t.id), t.created_at)
       < now() - make_interval(hours => t.silent_hours)
   AND (t.silence_told_at IS NULL
        OR t.silence_told_at < (SELECT max(f.seen_at) FROM drop_files f WHERE f.source_id = t.id))
RETURNING t.name, t.silent_hours
"""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look found: files handed to the importer, repeated, refused, and those that still wait."""

    taken: int = 0
    repeated: int = 0
    failed: int = 0
    waiting: int = 0


async def request_due_looks(session: AsyncSession) -> int:
    """Ask for a look at each drop folder whose time has come, and tell of those that were silent for too long. A
    corridor, for the clock."""
    due = list((await session.execute(text(_DUE))).scalars())
    for source_id in due:
        await ask_look(session, source_id)
    for silent in await session.execute(text(_SILENT)):
        await notify(
            session,
            title=f"{silent.name} sends nothing",
            body=f"No file has come for {plural(silent.silent_hours, 'hour')}. Is the till's export still running?",
            link="/settings/drop-folders",
            level="warning",
        )
    return len(due)


async def look_at(source_id: UUID) -> Looked:
    """Look at a drop folder once. Safe to run twice, and twice at once.

    Raises:
        NotFound: it was taken away.
    """
    async with transaction() as session:
        source = await get_source(session, SYSTEM, source_id)
    if source.is_paused:
        return Looked()
    problem: str | None = None
    found = Looked()
    try:
        listed = await drop_root().files(source.folder)
        found = await _take_whole(source, listed)
        if listed.left_out:
            problem = (
                f"The folder holds {figure(len(listed) + listed.left_out)} files. The newest {figure(len(listed))} are"
                " looked at: move away what was imported."
            )
    except AppError as error:  # told on its page, and tried again next time
        problem = error.message
    soon = found.taken or found.waiting
    wait = SOON if soon else timedelta(minutes=source.every_minutes)
    async with transaction() as session:
        await session.execute(text(_LOOKED), {"id": source_id, "problem": problem, "wait": wait.total_seconds()})
    return found


async def _take_whole(source: SourceRow, listed: Sequence[DroppedFile]) -> Looked:
    async with transaction() as session:
        files = await _news(session, source.id, listed)
        whole = list(await session.execute(text(_WHOLE), {"source": source.id, "most": MOST_READ}))
        is_busy = bool((await session.execute(text(_UNDER_WAY), {"source": source.id})).scalar())
    counts = dict.fromkeys(DropStatus, 0)
    for row in whole if not is_busy else ():
        file = DroppedFile(row.name, row.size, row.modified)
        settled = await _take(source, row.id, file) if file in files else None
        if settled is not None:
            counts[settled] += 1
        if settled is DropStatus.TAKEN:
            break  # files of one till are taken in one after the other: a later word must not be overtaken
    async with transaction() as session:
        waits = await session.execute(
            text(f"SELECT count(*) FROM drop_files WHERE source_id = :id AND status = '{DropStatus.WAITING}'"),
            {"id": source.id},
        )
        return Looked(
            counts[DropStatus.TAKEN], counts[DropStatus.REPEATED], counts[DropStatus.FAILED], waits.scalar_one()
        )  # fmt: skip


async def _news(session: AsyncSession, source_id: UUID, listed: Sequence[DroppedFile]) -> set[DroppedFile]:
    """Note what is new or has changed, and forget what waited and is gone."""
    hidden = {one: replace(one, name=hidden_name(source_id, one.name)) for one in listed}
    known = await session.execute(
        text(f"SELECT name, size, modified FROM drop_files WHERE source_id = :id AND status <> '{DropStatus.WAITING}'"
             " AND name = ANY(:names)"),
        {"id": source_id, "names": [one.name for both in hidden.items() for one in both]},
    )  # fmt: skip
    settled = {DroppedFile(*row) for row in known}
    fresh = [one for one in listed if settled.isdisjoint((one, hidden[one]))][:MOST_NEW]
    await session.execute(text(_GONE), {"source": source_id, "names": [one.name for one in listed]})
    if fresh:
        await session.execute(text(_NOTE), {**_LISTED.rows(fresh), "source": source_id})
    return set(fresh)


async def _take(source: SourceRow, file_id: UUID, file: DroppedFile) -> DropStatus | None:
    """Read a file that is whole, and hand it over; None if it changed meanwhile, or another worker was first."""
    if file.size > IMPORT_FILES.max_bytes:
        limit = figure(IMPORT_FILES.max_bytes // 1024**3)
        return await _refuse(file_id, f"It is larger than {limit} GiB, the most that is imported at once.")
    if file.size == 0:
        return await _refuse(file_id, "It is empty.")
    import_id = uuid7()
    file_key = f"{import_id}.upload"
    digest = hashlib.sha256()

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in drop_root().read(source.folder, file):
            digest.update(piece)
            yield piece

    try:
        await file_store().put(stored_as(file_key), pieces())
    except Conflict:
        await file_store().delete(stored_as(file_key))
        return None  # it is being written: the next look sees it anew
    except NotTaken as why:
        await file_store().delete(stored_as(file_key))
        return await _refuse(file_id, why.message)
    except BaseException:
        await file_store().delete(stored_as(file_key))
        raise
    settled: DropStatus | None = None
    try:
        async with transaction() as session:
            settled = await _hand_over(session, source, file_id, file, import_id, mark=digest.hexdigest())
    except AppError as error:
        return await _refuse(file_id, error.message)
    finally:
        if settled is not DropStatus.TAKEN:
            await file_store().delete(stored_as(file_key))
    return settled


async def _hand_over(
    session: AsyncSession, source: SourceRow, file_id: UUID, file: DroppedFile, import_id: UUID, *, mark: str
) -> DropStatus | None:
    # one after the other: the same content under two names, or before two workers, is one import
    await session.execute(text("SELECT FROM drop_sources WHERE id = :id FOR UPDATE"), {"id": source.id})
    if (await session.execute(text(_STILL_WAITS), {"id": file_id})).first() is None:
        return None
    values: dict[str, Any] = {"id": file_id, "mark": mark, "reason": None, "import": None}
    before = None
    if source.kind != "products":
        asked = await session.execute(text(_TOLD_BEFORE), {"source": source.id, "mark": mark, "id": file_id})
        before = asked.first()
    if before is not None:
        reason = f"Its content came before, as {before.name}."
        values |= {"status": DropStatus.REPEATED.value, "reason": reason}
        return DropStatus.REPEATED if (await session.execute(text(_SETTLE), values)).first() else None
    await _import(session, source, file, import_id, f"{import_id}.upload")
    await session.execute(text(_SETTLE), {**values, "status": DropStatus.TAKEN.value, "import": import_id})
    return DropStatus.TAKEN


async def _import(session: AsyncSession, source: SourceRow, file: DroppedFile, import_id: UUID, file_key: str) -> None:
    options = {**source.options, AS_OF: min(file.modified, now()).isoformat()}
    await request_import(
        session, SYSTEM, import_id=import_id, kind=source.kind, file_name=file.name, file_key=file_key,
        policy=source.policy, options=options,
    )  # fmt: skip


async def _refuse(file_id: UUID, reason: str) -> DropStatus | None:
    values = {"id": file_id, "status": DropStatus.FAILED.value, "mark": None, "reason": reason[:500], "import": None}
    async with transaction() as session:
        return DropStatus.FAILED if (await session.execute(text(_SETTLE), values)).first() else None


async def retry_file(session: AsyncSession, actor: Actor, file_id: UUID) -> None:
    """Try a file again that was not read, or whose import failed, with what its folder says now.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such file.
        Conflict: it did not fail, or neither we nor the folder have it any longer.
    """
    require(actor, Permission.IMPORTS_WRITE)
    found = await session.execute(text("SELECT * FROM drop_files WHERE id = :id FOR UPDATE"), {"id": file_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such file.")
    source = await get_source(session, actor, row["source_id"])
    file = DroppedFile(row["name"], row["size"], row["modified"])
    if row["import_id"] is None:
        if row["status"] != DropStatus.FAILED:
            raise Conflict("Only a file that failed is tried again.")
        if file not in await drop_root().files(source.folder):
            raise Conflict("The file is no longer in its folder. Put it there again.")
        await session.execute(text(_WAIT_AGAIN), {"id": file_id})
        await ask_look(session, source.id)
    else:
        earlier = await get_import(session, actor, row["import_id"])
        if earlier.status not in (ImportStatus.FAILED, ImportStatus.CANCELLED):
            raise Conflict("Only a file that failed is tried again.")
        if not earlier.file_key or await file_store().find(earlier.stored) is None:
            raise Conflict("The file is no longer kept. Put it into the folder again.")
        import_id = uuid7()
        await _import(session, source, file, import_id, earlier.file_key)
        await session.execute(text(_RETRIED), {"id": file_id, "import": import_id, "before": earlier.id})
    await audit(session, actor, "drop_file.retried", "drop_file", file_id, file=row["name"])

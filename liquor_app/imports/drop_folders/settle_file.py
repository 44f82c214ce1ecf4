"""What somebody decides of a dropped file that failed: it is taken as what it seems to be, or left out for good."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.imports.drop_folders.models import DROP, DropStatus
from liquor_app.imports.import_rows import ImportRow, get_import
from liquor_app.imports.models import SEEMS, ImportStatus
from liquor_app.imports.readers.formats import READING, read_as
from liquor_app.imports.trial.likely_kind import likely_kind_of
from liquor_app.imports.uploads import add_upload

_FILE = "SELECT id, name, status, import_id FROM drop_files WHERE id = :id FOR UPDATE"
_NOTE = f"UPDATE imports SET position = position || jsonb_build_object('{SEEMS}', CAST(:kind AS text)) WHERE id = :id"
_MOVE = f"""
UPDATE drop_files SET status = '{DropStatus.TAKEN}', reason = NULL, import_id = :import
 WHERE id = :id AND status IN {DROP.sources_sql(DropStatus.TAKEN)}
"""
_DISCARD = f"""
UPDATE drop_files SET status = '{DropStatus.DISCARDED}' WHERE id = :id
   AND status IN {DROP.sources_sql(DropStatus.DISCARDED)}
"""
_DISCARD_OF = f"""
UPDATE drop_files SET status = '{DropStatus.DISCARDED}' WHERE import_id = :import
   AND status IN {DROP.sources_sql(DropStatus.DISCARDED)}
"""
_FORGET_KEY = "UPDATE imports SET file_key = '' WHERE id = :id"


async def likely_other_kind(row: ImportRow, path: Path) -> str:
    """Return what the file of an import that could not begin rather holds; empty where nothing says so."""
    if row.position.get("records"):
        return ""
    with suppress(Invalid):
        return await READING.run(likely_kind_of, path, row.kind, *read_as(row.options))
    return ""


async def note_likely_kind(session: AsyncSession, import_id: UUID, kind: str) -> None:
    """Note what the file of an import that failed seems to hold. A corridor, for `imports.tasks`."""
    await session.execute(text(_NOTE), {"id": import_id, "kind": kind})


async def take_as_it_seems(session: AsyncSession, actor: Actor, file_id: UUID) -> ImportRow:
    """Bring a file whose import failed, because it is of another kind than its folder's, to be looked at as what it
    seems to be; the same again returns the same.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such file.
        Conflict: nothing says that it is of another kind, or it is no longer kept.
    """
    file, before = await _failed(session, actor, file_id)
    if before is not None and before.status is ImportStatus.PREVIEW:
        return before
    seems = before.position.get(SEEMS) if before is not None else None
    if before is None or not seems:
        raise Conflict("Nothing says that this file is of another kind. Try it again, or discard it.")
    if not before.file_key or await file_store().find(before.stored) is None:
        raise Conflict("The file is no longer kept. Put it into the folder of its kind.")
    row = await add_upload(
        session, actor, import_id=uuid7(), kind=str(seems), file_name=before.file_name, file_key=before.file_key
    )
    await session.execute(text(_FORGET_KEY), {"id": before.id})
    await session.execute(text(_MOVE), {"id": file_id, "import": row.id})
    await audit(session, actor, "drop_file.taken_as", "drop_file", file_id, file=file["name"], kind=str(seems))
    return row


async def discard_file(session: AsyncSession, actor: Actor, file_id: UUID) -> None:
    """Leave a file out that failed: its folder warns of it no more.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such file.
        Conflict: it did not fail.
    """
    file, before = await _failed(session, actor, file_id)
    if file["status"] == DropStatus.DISCARDED:
        return
    if before is not None and before.status is ImportStatus.PREVIEW:
        raise Conflict("This file waits to be imported. Discard it where it is looked at.")
    await session.execute(text(_DISCARD), {"id": file_id})
    await audit(session, actor, "drop_file.discarded", "drop_file", file_id, file=file["name"])


async def discard_dropped(session: AsyncSession, import_id: UUID) -> None:
    """Leave out the dropped file of an import that was only looked at and is discarded. A corridor, for
    `imports.undo`."""
    await session.execute(text(_DISCARD_OF), {"import": import_id})


async def _failed(session: AsyncSession, actor: Actor, file_id: UUID) -> tuple[Any, ImportRow | None]:
    """Return a file that failed, was discarded or is looked at, locked, and its import, if it came to one."""
    require(actor, Permission.IMPORTS_WRITE)
    file = (await session.execute(text(_FILE), {"id": file_id})).mappings().first()
    if file is None:
        raise NotFound("There is no such file.")
    before = await get_import(session, actor, file["import_id"]) if file["import_id"] else None
    is_failed = file["status"] in (DropStatus.FAILED, DropStatus.DISCARDED) or (
        before is not None and before.status in (ImportStatus.FAILED, ImportStatus.CANCELLED, ImportStatus.PREVIEW)
    )
    if not is_failed:
        raise Conflict("Only a file that failed is discarded, or taken as another kind.")
    return file, before

"""Forget a file that was only looked at."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.db import after_commit
from liquor_app.core.errors import Conflict
from liquor_app.core.files.store import file_store
from liquor_app.imports.drop_folders.settle_file import discard_dropped
from liquor_app.imports.import_rows import lock_import
from liquor_app.imports.models import ImportStatus

_DISCARD = f"DELETE FROM imports WHERE id = :id AND status = '{ImportStatus.PREVIEW}'"


async def discard_upload(session: AsyncSession, actor: Actor, import_id: UUID) -> None:
    """Forget a file that waits to be looked at or started; the file itself goes once this is committed.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such import.
        Conflict: it was started: what it took can be undone.
    """
    require(actor, Permission.IMPORTS_WRITE)
    row = await lock_import(session, actor, import_id)
    if row.status is not ImportStatus.PREVIEW:
        raise Conflict("An import that was started cannot be discarded. Undo it instead.")
    await discard_dropped(session, import_id)
    await session.execute(text(_DISCARD), {"id": import_id})
    await audit(session, actor, "import.discarded", "import", import_id, kind=row.kind, file=row.file_name)
    if row.file_key and not row.is_local:
        after_commit(session, lambda: file_store().delete(row.stored))

"""Routes: what an import left to be looked at, and its undoing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import PurePath
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor, may
from liquor_app.accounts.tokens import actor_again
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Id
from liquor_app.core.db import transaction
from liquor_app.imports import import_rows, uploads
from liquor_app.imports.undo import undo_import
from liquor_app.imports.undo.kept_rows import kept_names, kept_page
from liquor_app.imports.warned.warned_rows import warned_lines
from liquor_app.rest.files import attachment
from liquor_app.rest.imports import started
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.schemas.customers import ImportOut, ImportStarted, ImportUndo

router = APIRouter(tags=["imports"])


@router.get("/imports/{id}/undo", response_model=ImportUndo)
@needs(Permission.IMPORTS_READ)
async def preview_undo(actor: CurrentActor, import_id: Id) -> object:
    """What undoing an import would remove, set back and keep; nothing is done."""
    async with transaction() as session:
        told = await undo_import.preview_undo(session, actor, import_id)
        # a key for imports alone is not told who is held
        names = await kept_names(session, actor, import_id) if may(actor, Permission.CUSTOMERS_PRIVATE) else []
    return {
        "import_id": told.import_id, "kind": told.kind, "file_name": told.file_name, "until": told.until,
        "removed": told.removed, "set_back": told.set_back, "kept": told.kept,
        "kept_names": [{"id": one.id, "name": one.name, "number": one.number, "why": one.why} for one in names],
    }  # fmt: skip


@router.post("/imports/{id}/undo", response_model=ImportStarted, status_code=202)
@needs(Permission.IMPORTS_WRITE)
async def undo(request: Request, actor: CurrentActor, import_id: Id) -> Response:
    """Take an import back, up to 30 days after it: what it made goes, what it changed is set back, what others built
    on it stays and is counted. A job does it; one that was stopped goes on where it stopped."""

    async def work(session: Any) -> ImportStarted:
        return started(await undo_import.request_undo(session, actor, import_id))

    return await once(request, key_owner(actor), ImportStarted, work, status=202, location=JOB)


@router.post("/imports/{id}/undo/cancel", response_model=ImportOut)
@needs(Permission.IMPORTS_WRITE)
async def cancel_undo(actor: CurrentActor, import_id: Id) -> object:
    """Stop an undoing after the batch in hand. What was taken back stays so."""
    async with transaction() as session:
        return await undo_import.cancel_undo(session, actor, import_id)


@router.get("/imports/{id}/rejects", response_class=StreamingResponse)
@needs(Permission.IMPORTS_READ)
async def get_rejects(actor: CurrentActor, import_id: Id) -> StreamingResponse:
    """The refused rows as CSV, each with its reason: mend them and import the file again."""
    return await _saved(actor, import_id, uploads.rejects_page, "refused")


@router.get("/imports/{id}/warnings", response_class=StreamingResponse)
@needs(Permission.IMPORTS_READ)
async def get_warnings(actor: CurrentActor, import_id: Id) -> StreamingResponse:
    """The rows that were taken with a warning, as CSV: the row, the column, what was read there, and what was done.
    What was read is told to those who may see the like; of a date of birth it is never told."""
    return await _saved(actor, import_id, warned_lines, "warned")


@router.get("/imports/{id}/undo/kept", response_class=StreamingResponse)
@needs(Permission.CUSTOMERS_PRIVATE)
async def get_kept(actor: CurrentActor, import_id: Id) -> StreamingResponse:
    """Who and what undoing an import would keep, or kept, as CSV: by name, each with why."""
    return await _saved(actor, import_id, kept_page, "kept")


async def _saved(actor: Actor, import_id: UUID, page_of: Any, what: str) -> StreamingResponse:
    """Answer with a CSV file, a page a transaction; whoever loses their rights meanwhile is sent no more.

    Args:
        page_of: (session, actor, import, where it begins) → lines of a page, and where the next begins.
        what: what its rows are, for the file's name.
    """
    async with transaction() as session:
        lines, after = await page_of(session, actor, import_id)
        name = (await import_rows.get_import(session, actor, import_id)).file_name

    async def pages() -> AsyncIterator[str]:
        page, following = lines, after
        yield "".join(page)
        while following is not None:
            async with transaction() as session:
                still = await actor_again(session, [actor.kind.value, str(actor.id)])
                page, following = await page_of(session, still, import_id, following)
            yield "".join(page)

    return StreamingResponse(
        pages(),
        media_type="text/csv",
        headers={"Content-Disposition": attachment(f"{PurePath(name).stem[:80]} {what}.csv")},
    )

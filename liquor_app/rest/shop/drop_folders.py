"""Routes: folders tills lay files in, and the log of what came."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Body, Id, Started
from liquor_app.core.db import Session, transaction
from liquor_app.imports.drop_folders import drop_sources
from liquor_app.imports.drop_folders.drop_sources import DropFields, SourceRow
from liquor_app.imports.drop_folders.lists import DROP_FILES, DROP_SOURCES, list_drop_files, list_drop_sources
from liquor_app.imports.drop_folders.look import retry_file
from liquor_app.imports.drop_folders.settle_file import discard_file, take_as_it_seems
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes
from liquor_app.rest.schemas.customers import ImportOut

router = APIRouter(tags=["imports"])

SET_UP = ("name", "folder", "kind", "policy", "options", "every_minutes", "silent_hours", "is_paused")
"""Fields that make another version: what somebody set, not what became of it."""


class DropFolderIn(Body, DropFields):
    """A folder below the drop root, what its files hold (customers, purchases, products), how they are read, and how
    often it is looked at; `silent_hours`: after how long without a file its silence is told."""

    options: dict[str, Any] = Field(default_factory=dict)


list_routes(router, DROP_SOURCES, list_drop_sources, "Drop folders, by name.", path="/drop-folders")
list_routes(
    router, DROP_FILES, list_drop_files, "Files that came in drop folders, the latest first.", path="/drop-files"
)


@router.post("/drop-folders", response_model=SourceRow, status_code=201)
@needs(Permission.IMPORTS_ADMIN)
async def create_drop_folder(request: Request, actor: CurrentActor, body: DropFolderIn) -> Response:
    """Have a folder looked at."""

    async def work(session: Any) -> SourceRow:
        return await drop_sources.create_source(session, actor, body.model_dump())

    return await once(request, key_owner(actor), SourceRow, work, location="/api/v1/drop-folders/{id}")


@router.get("/drop-folders/{id}", response_model=SourceRow)
@needs(Permission.IMPORTS_READ)
async def get_drop_folder(response: Response, actor: CurrentActor, source_id: Id) -> object:
    """One drop folder and how it goes."""
    async with transaction() as session:
        row = await drop_sources.get_source(session, actor, source_id)
    tag(response, content(row, *SET_UP))
    return row


async def _version(session: Session, actor: Actor, source_id: UUID) -> str:
    return content(await drop_sources.get_source(session, actor, source_id), *SET_UP)


@router.put("/drop-folders/{id}", response_model=SourceRow)
@needs(Permission.IMPORTS_ADMIN)
async def update_drop_folder(
    request: Request, response: Response, actor: CurrentActor, source_id: Id, body: DropFolderIn
) -> object:
    """Set it up anew, or pause it; it is looked at right after."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, source_id))
        row = await drop_sources.update_source(session, actor, source_id, body.model_dump())
    tag(response, content(row, *SET_UP))
    return row


@router.delete("/drop-folders/{id}", status_code=204)
@needs(Permission.IMPORTS_ADMIN)
async def delete_drop_folder(request: Request, actor: CurrentActor, source_id: Id) -> Response:
    """Forget it and its log. Files and what was imported stay."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, source_id))
        await drop_sources.delete_source(session, actor, source_id)
    return Response(status_code=204)


@router.post("/drop-folders/{id}/look", response_model=Started, status_code=202)
@needs(Permission.IMPORTS_WRITE)
async def look_now(request: Request, actor: CurrentActor, source_id: Id) -> Response:
    """Look at it now, not only when its time comes."""

    async def work(session: Any) -> Started:
        return Started(job_id=await drop_sources.request_look(session, actor, source_id))

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


@router.post("/drop-files/{id}/retry", status_code=204)
@needs(Permission.IMPORTS_WRITE)
async def retry_drop_file(actor: CurrentActor, file_id: Id) -> Response:
    """Try a file again that failed, with what its folder says now."""
    async with transaction() as session:
        await retry_file(session, actor, file_id)
    return Response(status_code=204)


@router.post("/drop-files/{id}/take-as", response_model=ImportOut)
@needs(Permission.IMPORTS_WRITE)
async def take_drop_file_as(actor: CurrentActor, file_id: Id) -> object:
    """Bring a file that failed, for it is of another kind than its folder's, to be looked at as what it seems to be:
    an import in preview. The same again returns the same."""
    async with transaction() as session:
        return await take_as_it_seems(session, actor, file_id)


@router.post("/drop-files/{id}/discard", status_code=204)
@needs(Permission.IMPORTS_WRITE)
async def discard_drop_file(actor: CurrentActor, file_id: Id) -> Response:
    """Leave a file out that failed; it stays in its folder, which warns of it no more."""
    async with transaction() as session:
        await discard_file(session, actor, file_id)
    return Response(status_code=204)

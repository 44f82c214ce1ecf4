"""Routes: files brought in, previewed, imported, stopped, gone on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import UploadFile

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor, may, require
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Id
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Conflict, Invalid, Malformed, Unstorable
from liquor_app.core.files.folders import IMPORT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.core.storable_text import UNSTORABLE, unstorable
from liquor_app.imports import import_rows, uploads
from liquor_app.imports.cleaning.doubts.doubt import CHANGES_NOTHING, ROW_KINDS
from liquor_app.imports.dry_run import inspect_file, try_file
from liquor_app.imports.lists import IMPORTS, list_imports
from liquor_app.imports.models import AS_OF, ImportStatus
from liquor_app.imports.orders.store_orders import numbered_before
from liquor_app.imports.readers.dialect import SHOP
from liquor_app.imports.readers.formats import READING
from liquor_app.imports.undo.discard_upload import discard_upload
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.file_forms import file_form
from liquor_app.rest.kit.list_routes import list_routes
from liquor_app.rest.schemas.customers import (
    ImportChoices,
    ImportOut,
    ImportPreview,
    ImportStarted,
)

router = APIRouter(tags=["imports"])

COPY_BYTES = 1024 * 1024
LARGE_BODIES = dict.fromkeys(
    ("POST /api/v1/customers/import", "POST /api/v1/imports"), IMPORT_FILES.max_bytes + 64 * 1024
)
_OF_SEVERAL = ("constants", CHANGES_NOTHING, ROW_KINDS)
FIELDS = frozenset({"kind", "policy", "mapping", "options"})


def _form(*names: str) -> dict[str, Any]:
    known: dict[str, Any] = {
        "kind": {"type": "string", "enum": ["customers", "purchases", "products"], "default": "customers"},
        "policy": {"type": "string", "enum": ["fill", "overwrite", "keep"], "default": "fill"},
        "mapping": {"type": "string", "description": "JSON object: field → column of the file."},
        "options": {
            "type": "string",
            "description": (
                "JSON object: date_order (mdy, dmy), decimal (. or ,), numbering (shop, store, register: receipt"
                " numbers are one series, or begin anew in each store, or at each register), profile (the tool whose"
                " export it is), constants (field → what holds for every row), unknown_customers (refuse, create:"
                " buyers nobody knows), sheet (of a workbook),"
                " encoding (of a text: utf-8, cp1252, mac_roman, cp1250, cp932, cp437, cp850, utf-16, utf-32),"
                " changes_nothing (list of columns left out that change nothing), row_kinds (column → value → sale,"
                " given_back or no_sale)."
            ),
        },
    }
    shape = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}, **{name: known[name] for name in names}},
        "additionalProperties": False,
    }
    shown: dict[str, str] = {
        "file": "email,name\r\nann@example.com,Ann Sample\r\n", "kind": "customers", "policy": "fill",
        "mapping": '{"email": "email", "name": "name"}', "options": '{"date_order": "mdy"}',
    }  # fmt: skip
    form = {"schema": shape, "example": {name: shown[name] for name in ("file", *names)}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": form}}}


class _Upload:
    """A file that has come: where it lies, what it was called, its hash, and the form's other fields."""

    def __init__(self, import_id: UUID) -> None:
        self.id = import_id
        self.key = f"{import_id}.upload"
        self.name, self.mark = "", ""
        self.fields: dict[str, str] = {}

    def json_of(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self.fields.get(name) or "{}")
        except ValueError as error:
            raise Invalid(f"{name} must be a JSON object", field=name) from error
        # some options name several things; what they may be `check_options` says
        if not isinstance(found, dict) or not all(
            isinstance(value, str) or (name == "options" and key in _OF_SEVERAL) for key, value in found.items()
        ):
            raise Invalid(f"{name} must be a JSON object of texts", field=name)
        if name == "options" and AS_OF in found:
            raise Invalid(f"options: {AS_OF} is a drop folder's to say", field=name)
        return found

    async def forget(self) -> None:
        await file_store().delete(import_rows.stored_as(self.key))


async def _receive(request: Request, allowed: frozenset[str]) -> _Upload:
    upload = _Upload(uuid7())
    async with file_form(request, fields=8, part_bytes=64 * 1024) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Malformed("Send the file as multipart/form-data in the part `file`.", field="file")
        upload.fields = {name: value for name, value in form.items() if isinstance(value, str)}
        if unknown := sorted(set(upload.fields) - allowed):
            raise Malformed(f"{unknown[0]} is not a field of this form", field=unknown[0])
        named = [name for name, _ in form.multi_items()]
        if twice := [name for name in named if named.count(name) > 1]:
            raise Malformed(f"{twice[0]} stands in this form more than once.", field=twice[0])
        for name in ("mapping", "options"):
            upload.json_of(name)
        upload.name = Path((file.filename or "upload").replace("\\", "/")).name
        if (where := unstorable({**upload.fields, "file": upload.name})) is not None:
            raise Unstorable(f"{where} {UNSTORABLE}", field=where)
        try:
            upload.mark = await _keep(file, import_rows.stored_as(upload.key))
        except BaseException:
            await upload.forget()
            raise
    return upload


async def _keep(upload: UploadFile, key: str) -> str:
    """Store an upload piece by piece; returns the hash of its content. The edge has bounded its size."""
    digest = hashlib.sha256()

    async def pieces() -> AsyncIterator[bytes]:
        while piece := await upload.read(COPY_BYTES):
            digest.update(piece)
            yield piece

    await file_store().put(key, pieces())
    return digest.hexdigest()


@router.post(
    "/customers/import", response_model=ImportStarted, status_code=202,
    openapi_extra=_form("kind", "policy", "mapping", "options"),
)  # fmt: skip
@needs(Permission.IMPORTS_WRITE)
async def import_customers(request: Request, actor: CurrentActor) -> Response:
    """Import a file (CSV, JSON, JSON Lines, .xlsx) of customers, purchases or products; a job does it. Columns are
    recognised by their names."""
    require(actor, Permission.IMPORTS_WRITE)  # before the file is taken in
    upload = await _receive(request, FIELDS)
    kind, policy = upload.fields.get("kind", "customers"), upload.fields.get("policy", "fill")
    mapping, options = upload.json_of("mapping"), upload.json_of("options")

    async def work(session: Any) -> ImportStarted:
        row = await uploads.request_import(
            session, actor, import_id=upload.id, kind=kind, file_name=upload.name, file_key=upload.key, policy=policy,
            mapping=mapping, options=options,
        )  # fmt: skip
        assert row.job_id is not None
        return ImportStarted(job_id=row.job_id, import_id=row.id)

    told = f"{kind} {policy} {mapping} {options} {upload.mark}"
    return await once_uploaded(request, actor, upload, ImportStarted, work, status=202, location=JOB, fingerprint=told)


async def once_uploaded(
    request: Request, actor: Actor, upload: _Upload, shape: Any, work: Any, **how: Any
) -> Response:  # fmt: skip
    """As `once`; the file is forgotten where it was not taken, or had been before."""
    response = None
    try:
        response = await once(request, key_owner(actor), shape, work, **how)
        return response
    finally:
        if response is None or "idempotency-replayed" in response.headers:
            await upload.forget()


@router.post("/imports", response_model=ImportOut, status_code=201, openapi_extra=_form("kind"))
@needs(Permission.IMPORTS_WRITE)
async def upload_file(request: Request, actor: CurrentActor) -> Response:
    """Bring a file to be looked at first: `GET …/preview`, then `POST …/start`."""
    require(actor, Permission.IMPORTS_WRITE)
    upload = await _receive(request, frozenset({"kind"}))
    kind = upload.fields.get("kind", "customers")

    async def work(session: Any) -> import_rows.ImportRow:
        return await uploads.add_upload(
            session, actor, import_id=upload.id, kind=kind, file_name=upload.name, file_key=upload.key
        )

    where = "/api/v1/imports/{id}"
    return await once_uploaded(
        request, actor, upload, ImportOut, _with_resume(work), location=where, fingerprint=f"{kind} {upload.mark}"
    )


def _with_resume(work: Any) -> Any:
    async def shaped(session: Any) -> ImportOut:
        return ImportOut.model_validate(await work(session))

    return shaped


list_routes(router, IMPORTS, list_imports, "Uploaded files, newest first.", path="/imports", shape=ImportOut)


@router.get("/imports/{id}", response_model=ImportOut)
@needs(Permission.IMPORTS_READ)
async def get_import(response: Response, actor: CurrentActor, import_id: Id) -> object:
    """One import with its counts; `created + updated + unchanged + rejected = rows`."""
    async with transaction() as session:
        row = await import_rows.get_import(session, actor, import_id)
    tag(response, content(row, *_CHANGED))
    return row


@router.delete("/imports/{id}", status_code=204)
@needs(Permission.IMPORTS_WRITE)
async def discard_import(request: Request, actor: CurrentActor, import_id: Id) -> Response:
    """Discard a file that was only looked at. What was started is undone instead."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, import_id))
        await discard_upload(session, actor, import_id)
    return Response(status_code=204)


async def _version(session: Session, actor: Actor, import_id: UUID) -> str:
    return content(await import_rows.get_import(session, actor, import_id), *_CHANGED)


_CHANGED = ("status", "kind", "policy", "mapping", "options")
"""What makes another version of an import; its counts are what was made of it."""


@router.post("/imports/{id}/preview", response_model=ImportPreview)
@needs(Permission.IMPORTS_WRITE)
async def preview_import(
    actor: CurrentActor, import_id: Id, body: ImportChoices, rows: Annotated[int, Query(ge=1, le=500)] = 100
) -> object:
    """What an import would do with the first rows, row by row; nothing of it stays. Whom a row is about and what of
    them changes is told to those who may see the like."""
    async with transaction() as session:
        row = await import_rows.get_import(session, actor, import_id)
        numbered = await numbered_before(session, actor)
    if row.status is not ImportStatus.PREVIEW:
        raise Conflict("This file was imported; there is nothing to look at first.")
    # a key for imports alone brings things in: it is not told what is held already
    is_shown = may(actor, Permission.PRODUCTS_READ if body.kind == "products" else Permission.CUSTOMERS_PRIVATE)
    options = body.options.model_dump(exclude_none=True)
    async with file_store().on_disk(import_rows.stored_file(row)) as path:
        seen = await READING.run(
            inspect_file, path, body.kind, rows=1, mapping=body.mapping or None, options=options,
            file_name=row.file_name, numbered=numbered,
        )  # fmt: skip
        async with transaction() as session:
            tried = await try_file(
                session, actor, kind=body.kind, path=path, policy=body.policy, mapping=seen.mapping, options=options,
                limit=rows, watch=True, file_name=row.file_name,
            )  # fmt: skip
    counts = {name: getattr(tried.report, name) for name in ("rows", "created", "updated", "unchanged", "rejected")}
    return {
        "columns": seen.columns,
        "mapping": seen.mapping,
        "profile": seen.profile,
        "sheet": seen.book.read,
        "sheets": seen.book.held,
        "encoding": seen.letters.encoding,
        **asdict(seen.dialect) | ({} if tried.numbering == SHOP else {"numbering": tried.numbering}),
        **counts,
        "reasons": tried.report.reasons,
        "notes": tried.report.notes,
        "taken_back": tried.report.taken_back,
        "totals": tried.totals,
        "unused": tried.unused,
        "unheard": tried.unheard,
        "doubts": tried.asked,
        "strangers": tried.strangers,
        "noes": tried.noes,
        "items": [
            {
                "row": one.record.number,
                "cells": [cell[:200] for cell in one.record.told],
                "outcome": one.outcome,
                "field": one.field,
                "reason": one.reason,
                "who": one.becomes.who if one.becomes and is_shown else "",
                "changes": one.becomes.changes if one.becomes and is_shown else (),
            }
            for one in tried.shown
        ],
    }


@router.post("/imports/{id}/start", response_model=ImportStarted, status_code=202)
@needs(Permission.IMPORTS_WRITE)
async def start_import(request: Request, actor: CurrentActor, import_id: Id, body: ImportChoices) -> Response:
    """Import a file that was looked at."""

    async def work(session: Any) -> ImportStarted:
        return started(
            await uploads.start_import(
                session, actor, import_id, kind=body.kind, policy=body.policy, mapping=body.mapping,
                options=body.options.model_dump(exclude_none=True),
            )
        )  # fmt: skip

    return await once(request, key_owner(actor), ImportStarted, work, status=202, location=JOB)


@router.post("/imports/{id}/cancel", response_model=ImportOut)
@needs(Permission.IMPORTS_WRITE)
async def cancel_import(actor: CurrentActor, import_id: Id) -> object:
    """Stop after the chunk in hand. What has been taken stays."""
    async with transaction() as session:
        return await uploads.cancel_import(session, actor, import_id)


@router.post("/imports/{id}/resume", response_model=ImportStarted, status_code=202)
@needs(Permission.IMPORTS_WRITE)
async def resume_import(request: Request, actor: CurrentActor, import_id: Id) -> Response:
    """Go on with an import that was cancelled or failed, where it stopped."""

    async def work(session: Any) -> ImportStarted:
        return started(await uploads.resume_import(session, actor, import_id))

    return await once(request, key_owner(actor), ImportStarted, work, status=202, location=JOB)


def started(row: import_rows.ImportRow) -> ImportStarted:
    """Return the answer to whoever had a job begin."""
    assert row.job_id is not None
    return ImportStarted(job_id=row.job_id, import_id=row.id)

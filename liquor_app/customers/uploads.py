"""Files brought in for the worker to import, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.config import get_settings
from liquor_app.core.errors import NotFound
from liquor_app.core.paging import Page, check_limit, decode_cursor, encode_cursor
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.importing import check_choices
from liquor_app.customers.models import ImportStatus

_FIELDS = (
    "id, kind, file_name, status, policy, mapping, rows, created, updated, unchanged, rejected, job_id, created_at,"
    " finished_at"
)


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An uploaded file. `created + updated + unchanged + rejected = rows` once it is completed."""

    id: UUID
    kind: str
    file_name: str
    status: ImportStatus
    policy: str
    mapping: dict[str, str]
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    job_id: UUID | None
    created_at: datetime
    finished_at: datetime | None


def upload_folder() -> Path:
    """Where uploaded files wait for the worker."""
    return get_settings().data_dir / "files" / "imports"


def file_of(key: str) -> Path:
    """The path of an uploaded file."""
    return upload_folder() / key


def rejects_of(import_id: UUID) -> Path:
    """Where an import's rejected rows are written."""
    return upload_folder() / f"{import_id}.rejects.csv"


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
) -> ImportRow:
    """Hand an uploaded file (`file_of(file_key)`) to the worker.

    Raises:
        Forbidden: the actor may only read.
        Invalid: an unknown kind or policy.
    """
    require(actor, Role.MANAGER)
    check_choices(kind, policy)
    await session.execute(
        text(
            "INSERT INTO imports (id, kind, file_name, file_key, status, policy, mapping, created_by)"
            " VALUES (:id, :kind, :name, :key, 'queued', :policy, CAST(:mapping AS jsonb), :by)"
        ),
        {
            "id": import_id,
            "kind": kind,
            "name": file_name[:120],
            "key": file_key,
            "policy": policy,
            "mapping": json.dumps(dict(mapping or {})),
            "by": actor.user_id,
        },
    )
    job_id = await enqueue(
        session,
        Job.IMPORT_FILE,
        {"import_id": str(import_id)},
        created_by=actor.user_id,
        dedupe_key=str(import_id),
    )
    await session.execute(text("UPDATE imports SET job_id = :job WHERE id = :id"), {"job": job_id, "id": import_id})
    await audit(session, actor, "import.requested", "import", import_id, kind=kind, file=file_name[:120])
    return await get_import(session, actor, import_id)


def _row(found: Any) -> ImportRow:
    return ImportRow(**{**found, "status": ImportStatus(found["status"])})


async def get_import(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportRow:
    """One import.

    Raises:
        NotFound: there is none.
    """
    require(actor, Role.MANAGER)
    found = await session.execute(text(f"SELECT {_FIELDS} FROM imports WHERE id = :id"), {"id": import_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such import.")
    return _row(row)


async def list_imports(
    session: AsyncSession, actor: Actor, *, limit: int = 50, cursor: str | None = None
) -> Page[ImportRow]:
    """Imports, newest first.

    Raises:
        Invalid: malformed cursor, limit out of range.
    """
    require(actor, Role.MANAGER)
    params: dict[str, Any] = {"n": check_limit(limit) + 1}
    after = "true"
    if cursor:
        (params["last"],) = decode_cursor(cursor, UUID)
        after = "id < :last"
    found = await session.execute(
        text(f"SELECT {_FIELDS} FROM imports WHERE {after} ORDER BY id DESC LIMIT :n"), params
    )
    rows = [_row(row) for row in found.mappings()]
    counted = await session.execute(text("SELECT count(*) FROM imports"))
    more, rows = len(rows) > limit, rows[:limit]
    return Page(rows, encode_cursor(rows[-1].id) if more else None, int(counted.scalar_one()))


async def rejects_file(session: AsyncSession, actor: Actor, import_id: UUID) -> Path:
    """The CSV file of an import's rejected rows.

    Raises:
        NotFound: there is no such import, or it rejected nothing.
    """
    await get_import(session, actor, import_id)
    path = rejects_of(import_id)
    if not path.is_file():
        raise NotFound("This import rejected no rows, or is not finished.")
    return path

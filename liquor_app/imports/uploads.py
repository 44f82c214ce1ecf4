"""Files brought in to be imported, and what became of them: asked for, begun, stopped, gone on with, ended."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.catalog.imported_products import forget_product_images
from liquor_app.core.errors import Conflict, Full, NotFound
from liquor_app.core.files.folders import IMPORT_FILES
from liquor_app.core.files.store import file_store
from liquor_app.core.queue import Job, enqueue, request_cancel
from liquor_app.core.states import sql_list
from liquor_app.customers.imported.imported_noes import forget_images
from liquor_app.imports.dry_run import check_choices, check_options
from liquor_app.imports.models import AS_OF, IMPORT, OWN, TAKEN_BACK, ImportStatus
from liquor_app.imports.rejects import heading, reject_lines
from liquor_app.imports.undo.whose_job import asked_by

KEPT_DAYS = 30
"""How long refused rows, the file of an import that did not end well, and what an import changed are kept: they hold
personal data. So long it can be undone."""

MOST_WAITING, WAITING_DAYS = 25, 7
"""Files of one person, or of all programs, that wait to be looked at or started, and how long one may."""

LOCAL = "local:"
"""How the key of a file begins that the command line reads where it lies; the rest is a hash of it and its choices."""


@dataclass(frozen=True)
class ImportFields:
    """An uploaded file, and what has been taken of it so far."""

    id: UUID
    kind: str
    file_name: str
    policy: str
    mapping: dict[str, str]
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    reasons: dict[str, int]
    error: str | None
    job_id: UUID | None
    created_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class ImportRow(ImportFields):
    """An uploaded file. `created + updated + unchanged + rejected = rows`, which counts what has been taken so far;
    `reasons` counts the rejected by code, `notes` what was left out of rows that were taken; `position` is the
    checkpoint, `undo` that of its undoing (see `imports.undo`)."""

    file_key: str
    status: ImportStatus
    options: dict[str, Any]
    notes: dict[str, int]
    position: dict[str, Any]
    created_by: UUID | None
    undo: dict[str, Any]

    @property
    def undone(self) -> dict[str, dict[str, int]]:
        """What its undoing has removed, set back and kept so far, counted."""
        return {part: self.undo[part] for part in ("removed", "set_back", "kept") if part in self.undo}

    @property
    def orders(self) -> dict[str, int]:
        """How many orders of a file of purchases were created, updated and left unchanged so far."""
        return dict(self.position.get("orders") or {})

    @property
    def money(self) -> Decimal:
        """What the orders of a file of purchases come to so far, in the shop's currency."""
        return Decimal(self.position.get("sum") or 0)

    @property
    def own_total(self) -> tuple[Decimal, str] | None:
        """What a file of purchases says itself that it comes to, and the column that says so; None where none does, or
        it was not read to its end."""
        own = self.position.get(OWN)
        return (Decimal(own["money"]), own["column"]) if own else None

    @property
    def taken_back(self) -> dict[str, Any]:
        """How many known orders the file called voided or refunded in full, and what they came to; {} for none."""
        return dict(self.position.get(TAKEN_BACK) or {})

    @property
    def is_local(self) -> bool:
        """Whether the command line brings it: it has no file here, and only running the command again goes on."""
        return self.file_key.startswith(LOCAL)

    @property
    def can_resume(self) -> bool:
        """Whether it stopped half way and its file was not forgotten."""
        stopped = self.status in (ImportStatus.CANCELLED, ImportStatus.FAILED)
        return stopped and bool(self.file_key) and not self.is_local

    @property
    def stored(self) -> str:
        """The key its file lies under in the file store."""
        return stored_as(self.file_key)


_FIELDS = ", ".join(field.name for field in fields(ImportRow))


_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"
"""Many at once must not come to more than may wait."""
_CHOSEN = "SELECT kind, policy, mapping, options FROM imports WHERE id = :id AND status = 'preview'"
_WAITING = f"""
SELECT count(*) FROM imports WHERE status IN {sql_list(ImportStatus.PREVIEW, ImportStatus.QUEUED)}
   AND created_by IS NOT DISTINCT FROM CAST(:by AS uuid) AND file_key <> '' AND file_key NOT LIKE '{LOCAL}%'
   AND NOT options ? '{AS_OF}'
"""
_UNDER_WAY_NOW = (ImportStatus.QUEUED, ImportStatus.RUNNING, ImportStatus.UNDOING)
_KEYS_UNDER_WAY = f"SELECT file_key FROM imports WHERE status IN {sql_list(*_UNDER_WAY_NOW)} AND file_key <> ''"
_FORGET_KEYS = f"""
UPDATE imports SET file_key = '' WHERE file_key = ANY(:keys) AND status NOT IN {sql_list(*_UNDER_WAY_NOW)}
"""
_OLD = """
SELECT id FROM imports WHERE COALESCE(finished_at, created_at) < now() - make_interval(days => :days)
   AND status NOT IN ('queued', 'running', 'undoing')
   AND (id IN (SELECT import_id FROM customer_images) OR id IN (SELECT import_id FROM purchase_images)
        OR id IN (SELECT import_id FROM product_images))
"""
"""Imports too old to be undone, of which something is still kept."""


def stored_as(file_key: str) -> str:
    """Return the key in the file store of what a row's `file_key` names."""
    return f"{IMPORT_FILES.name}/{file_key}"


def import_row(found: Any) -> ImportRow:
    return ImportRow(**{**found, "status": ImportStatus(found["status"])})


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
        {"id": import_id, "kind": kind, "name": file_name[:120], "key": file_key, "by": actor.user_id},
    )  # fmt: skip
    await audit(session, actor, "import.uploaded", "import", import_id, kind=kind, file=file_name[:120])
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
        Conflict: it was started before.
    """
    row = await lock_import(session, actor, import_id)
    if row.status is not ImportStatus.PREVIEW:
        raise Conflict("This file is imported already, or was.")
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
        raise Conflict(f"The file {row.file_name} is no longer here. Bring it again: what was taken is recognised.")
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


async def lock_import(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportRow:
    """As `get_import`, of a row that nobody else changes until this transaction ends."""
    require(actor, Permission.IMPORTS_WRITE)
    await session.execute(text("SELECT 1 FROM imports WHERE id = :id FOR UPDATE"), {"id": import_id})
    return await get_import(session, actor, import_id)


async def get_import(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportRow:
    """Return one import.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.IMPORTS_READ)
    found = await session.execute(text(f"SELECT {_FIELDS} FROM imports WHERE id = :id"), {"id": import_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such import.")
    return import_row(row)


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
    lines, following = await reject_lines(session, import_id, columns, -1 if after is None else after)
    if after is None:
        if not lines:
            raise NotFound(f"Refused rows are kept for {KEPT_DAYS} days; these are gone. Import the file again.")
        await audit(session, actor, "import.rejects_exported", "import", import_id, rows=row.rejected)
    return ([heading(columns), *lines] if after is None else lines), following


async def forget_uploads(session: AsyncSession, actor: Actor) -> list[str]:
    """Refused rows, files and images of changed rows older than `KEPT_DAYS`, and the lines that wait for an import
    nobody went on with.

    Returns:
        The keys in the file store of files to delete once this is committed.
    """
    require(actor, Permission.IMPORTS_ADMIN)
    old = (
        "SELECT id FROM imports WHERE COALESCE(finished_at, created_at) < now() - make_interval(days => :days)"
        " AND status NOT IN ('queued', 'running', 'undoing')"
    )
    gone = await session.execute(text(_OLD), {"days": KEPT_DAYS})
    imports = list[UUID](gone.scalars())
    await forget_images(session, imports)
    await forget_product_images(session, imports)
    for table in ("import_rejects", "import_lines"):
        await session.execute(text(f"DELETE FROM {table} WHERE import_id IN ({old})"), {"days": KEPT_DAYS})
    found = await session.execute(
        text("UPDATE imports i SET file_key = '' FROM imports o WHERE o.id = i.id AND i.file_key <> ''"
             f" AND (i.id IN ({old}) OR (i.status = 'preview' AND i.created_at < now() - make_interval(days => :wait)))"
             " RETURNING o.file_key"), {"days": KEPT_DAYS, "wait": WAITING_DAYS}
    )  # fmt: skip
    return [stored_as(key) for key in found.scalars() if not key.startswith(LOCAL)]


async def keys_under_way(session: AsyncSession) -> set[str]:
    """Return the keys in the file store of files that are being imported, or taken back. A corridor, for `privacy`."""
    return {stored_as(key) for key in (await session.execute(text(_KEYS_UNDER_WAY))).scalars()}


async def forget_file_keys(session: AsyncSession, keys: Collection[str]) -> None:
    """Let no import go on with these files of the store: they are about to be deleted. A corridor, for `privacy`."""
    await session.execute(text(_FORGET_KEYS), {"keys": [key.partition("/")[2] for key in keys]})

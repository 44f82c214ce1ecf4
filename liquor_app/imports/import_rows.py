"""An import as it stands: its file, what was chosen for it, and what has been taken of it so far."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Conflict, NotFound
from liquor_app.core.files.folders import IMPORT_FILES
from liquor_app.customers.imported.confirmations import UNDO_DAYS
from liquor_app.imports.cleaning.doubts.doubt import DOUBTS
from liquor_app.imports.merge_rows import Policy
from liquor_app.imports.models import OWN, TAKEN_BACK, ImportStatus
from liquor_app.imports.orders.came_back import CameBack, came_back

KEPT_DAYS = UNDO_DAYS
"""How long refused rows, the file of an import that did not end well, and what an import changed are kept: they hold
personal data. So long it can be undone."""

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
    def came_back(self) -> CameBack:
        """What of them was given back: they come to less by that."""
        return came_back(self.position)

    @property
    def own_total(self) -> tuple[Decimal, str] | None:
        """What a file of purchases says itself that it comes to, and the column that says so; None where none does, or
        it was not read to its end."""
        own = self.position.get(OWN)
        return (Decimal(own["money"]), own["column"]) if own else None

    @property
    def own_taken(self) -> str:
        """The columns its revenue is made of; empty where a tool's profile makes it, or it was not read to its end."""
        return str((self.position.get(OWN) or {}).get("taken", ""))

    @property
    def taken_back(self) -> dict[str, Any]:
        """How many known orders the file called voided or refunded in full, and what they came to; {} for none."""
        return dict(self.position.get(TAKEN_BACK) or {})

    @property
    def doubts(self) -> list[str]:
        """What of its columns was left out, may matter, and nobody answered for: in words."""
        return list(self.position.get(DOUBTS) or [])

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
_ONE = f"SELECT {_FIELDS} FROM imports WHERE id = :id"
GONE = "The file {file} is no longer here. Bring it again: what was taken is recognised."


def stored_file(row: ImportRow) -> str:
    """Return the key an import's file lies under.

    Raises:
        Conflict: it was forgotten: kept long enough, or it named somebody who was erased.
    """
    if not row.file_key:
        raise Conflict(GONE.format(file=row.file_name))
    return row.stored


def stored_as(file_key: str) -> str:
    """Return the key in the file store of what a row's `file_key` names."""
    return f"{IMPORT_FILES.name}/{file_key}"


def import_row(found: Any) -> ImportRow:
    return ImportRow(**{**found, "status": ImportStatus(found["status"])})


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
    found = await session.execute(text(_ONE), {"id": import_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such import.")
    return import_row(row)


@dataclass(frozen=True, slots=True)
class Plan:
    """An import as it was asked for, from its row in `imports`."""

    id: UUID
    kind: str
    policy: Policy
    path: Path
    file_name: str
    mapping: dict[str, str]
    options: dict[str, Any]

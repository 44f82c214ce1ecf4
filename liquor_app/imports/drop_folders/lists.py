"""The drop folders, and the log of what came in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.core.files.drop_root import DroppedFile
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.core.states import sql_list
from liquor_app.imports.cleaning.row_notes import OF_LETTERS, OTHER_SHEETS, STRANGE_REASON
from liquor_app.imports.drop_folders.drop_sources import LAST, SILENT, UNSETTLED, SourceRow
from liquor_app.imports.drop_folders.models import DropStatus
from liquor_app.imports.models import SEEMS, TAKEN_BACK, ImportStatus
from liquor_app.imports.orders.basket_lines import GIVEN
from liquor_app.imports.orders.new_buyers import MADE
from liquor_app.imports.profiles.tool_profile import LEFT_OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFileRow(DroppedFile):
    """A file that came: `state` is its own status, or once it was taken its import's. `right`, `warned` and `refused`
    count its rows, `left_out` those that are no rows of its kind (payments, voids, sold to nobody), `total` is what its
    orders come to, `taken_back` counts known orders it calls voided or refunded. `seems` is the kind it rather is of
    than its folder's, `holds`, where it failed for that."""

    id: UUID
    source_id: UUID
    source: str
    holds: str
    seen_at: datetime
    state: str
    reason: str | None
    import_id: UUID | None
    right: int | None
    warned: int | None
    refused: int | None
    left_out: int | None
    total: Decimal | None
    seems: str | None
    taken_back: int | None


DROP_SOURCES = ListSpec(
    name="drop_folders",
    row=SourceRow,
    source="drop_sources t",
    select={"last_at": LAST, "is_silent": SILENT, "failed": UNSETTLED},
    order="name",
    permission=Permission.IMPORTS_READ,
    export_permission=Permission.IMPORTS_READ,
    sorts=(Sort("name"), Sort("looked_at", first="-")),
    bounded="there are 50 at most",
    export={
        "id": "id", "name": "name", "folder": "folder", "kind": "holds", "every_minutes": "every minutes",
        "silent_hours": "silent after hours", "is_paused": "paused", "looked_at": "looked at", "last_at": "last file",
        "is_silent": "silent", "failed": "files to look at", "problem": "problem",
    },
)  # fmt: skip

_STATE = f"CASE WHEN t.status = '{DropStatus.TAKEN}' THEN COALESCE(i.status, '{DropStatus.TAKEN}') ELSE t.status END"
STATES = (
    DropStatus.WAITING, ImportStatus.QUEUED, ImportStatus.RUNNING, ImportStatus.COMPLETED, DropStatus.REPEATED,
    DropStatus.FAILED, ImportStatus.CANCELLED, DropStatus.DISCARDED,
)  # fmt: skip

# a word may stand behind: "rows_unpaid: pending"
_NO_WARNING = ", ".join(f"'{one}'" for one in (MADE, GIVEN, OTHER_SHEETS, STRANGE_REASON, *OF_LETTERS))
"""Notes that count no row, or one that is counted by another note."""
_IS_LEFT_OUT = f"split_part(key, ': ', 1) IN {sql_list(*LEFT_OUT)}"


def _noted(which: str) -> str:
    """Count what an import's notes say, of those `which` is true of."""
    return (
        "CASE WHEN i.id IS NOT NULL THEN (SELECT COALESCE(sum(CAST(value AS int)), 0)"
        f" FROM jsonb_each_text(i.notes) WHERE {which}) END"
    )


DROP_FILES = ListSpec(
    name="drop_files",
    row=DropFileRow,
    source="drop_files t JOIN drop_sources s ON s.id = t.source_id LEFT JOIN imports i ON i.id = t.import_id",
    select={
        "source": "s.name",
        "holds": "s.kind",
        "state": _STATE,
        "reason": "COALESCE(t.reason, i.error)",
        "right": "i.created + i.updated + i.unchanged",
        "warned": _noted(f"NOT {_IS_LEFT_OUT} AND key NOT IN ({_NO_WARNING})"),
        "refused": "i.rejected",
        "left_out": _noted(_IS_LEFT_OUT),
        "total": "CAST(i.position ->> 'sum' AS numeric)",
        "seems": f"i.position ->> '{SEEMS}'",
        "taken_back": f"CAST(i.position #>> '{{{TAKEN_BACK},orders}}' AS int)",
    },
    order="-seen_at",
    permission=Permission.IMPORTS_READ,
    export_permission=Permission.IMPORTS_READ,
    sorts=(Sort("seen_at", first="-"),),
    filters=(
        Filter("source_id", "t.source_id", Match.ID, label="Folder"),
        Filter("state", f"{_STATE} = ANY(:state)", options=tuple(one.value for one in STATES), label="Status"),
    ),
    export={
        "id": "id", "source": "folder", "name": "file", "size": "bytes", "modified": "written", "seen_at": "came",
        "state": "status", "right": "rows right", "warned": "rows warned", "refused": "rows refused",
        "left_out": "rows left out", "total": "sum",
        "seems": "seems to hold", "taken_back": "orders taken back", "reason": "reason",
    },
)  # fmt: skip


async def list_drop_sources(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[SourceRow]:
    """Return a page of drop folders, by name unless asked otherwise.

    Raises:
        Forbidden: the actor is not a manager.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, DROP_SOURCES, query)


async def list_drop_files(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[DropFileRow]:
    """Return a page of what came, the latest first.

    Raises:
        Forbidden: the actor is not a manager.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, DROP_FILES, query)

"""Rows that were taken with a warning: kept beside the checkpoint, listed on the report and told as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, may
from liquor_app.core.bulk import copy_rows
from liquor_app.core.csv_cells import export_text
from liquor_app.core.errors import NotFound
from liquor_app.core.ids import uuid7
from liquor_app.imports.import_rows import KEPT_DAYS, ImportRow, get_import

MOST_KEPT = 10_000
"""So many warnings of one import are kept: a column read wrongly warns in every row, and says the same each time."""
KEPT = "warnings"
"""What of a checkpoint says how many are kept."""
PAGE_ROWS, SHOWN_ROWS = 2_000, 20
HEADING = ("row", "column", "read", "done")
HIDDEN = "not shown"

_PAGE = """
SELECT row_number, field, read, done FROM import_warnings WHERE import_id = :id
 ORDER BY row_number, field, id LIMIT :most OFFSET :skip
"""
_COUNT = "SELECT count(*) FROM import_warnings WHERE import_id = :id"


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning of a row: the column it is about (empty: of the row), what was read there, and what was done."""

    number: int
    field: str
    read: str
    done: str


@dataclass(frozen=True, slots=True)
class WarnedPage:
    """Some warnings of an import, and how many of it are kept."""

    rows: list[Warned]
    total: int


async def write_warned(session: AsyncSession, import_id: UUID, kept: Sequence[Warned]) -> int:
    """Keep warnings in the transaction that moves the checkpoint past their rows; returns how many."""
    await copy_rows(
        session,
        "import_warnings",
        ("id", "import_id", "row_number", "field", "read", "done"),
        (
            [uuid7(), import_id, one.number, *(part.replace("\x00", "") for part in (one.field, one.read, one.done))]
            for one in kept
        ),
    )
    return len(kept)


async def warned_page(session: AsyncSession, actor: Actor, import_id: UUID, page: int = 0) -> WarnedPage:
    """Return a page of an import's warnings, in the order of the file. What was read is shown to whoever may see the
    like of it.

    Raises:
        Forbidden, NotFound: as usual.
    """
    row = await get_import(session, actor, import_id)
    total = int((await session.execute(text(_COUNT), {"id": import_id})).scalar_one())
    return WarnedPage(await _read(session, actor, row, SHOWN_ROWS, page * SHOWN_ROWS), total)


async def warned_lines(
    session: AsyncSession, actor: Actor, import_id: UUID, after: int | None = None
) -> tuple[list[str], int | None]:
    """Return a page of the CSV file of an import's warnings, and where the next one starts (None at the end). Who
    carries it away is in the audit log.

    Args:
        after: None for the start, which brings the heading along.

    Raises:
        Forbidden: the actor may not see imports.
        NotFound: there is no such import, or it has warned of nothing (any longer).
    """
    row = await get_import(session, actor, import_id)
    if not row.position.get(KEPT):
        raise NotFound("No row of this import has a warning.")
    rows = await _read(session, actor, row, PAGE_ROWS, after or 0)
    lines = [_line((one.number, one.field, one.read, one.done)) for one in rows]
    if after is None:
        if not lines:
            raise NotFound(f"Warned rows are kept for {KEPT_DAYS} days; these are gone.")
        await audit(session, actor, "import.warned_exported", "import", import_id, rows=row.position[KEPT])
        lines.insert(0, _line(HEADING))
    return lines, (after or 0) + PAGE_ROWS if len(rows) == PAGE_ROWS else None


async def _read(session: AsyncSession, actor: Actor, row: ImportRow, most: int, skip: int) -> list[Warned]:
    is_shown = may(actor, Permission.PRODUCTS_READ if row.kind == "products" else Permission.CUSTOMERS_PRIVATE)
    found = await session.execute(text(_PAGE), {"id": row.id, "most": most, "skip": skip})
    return [
        Warned(number, field or "", (read or "") if is_shown else HIDDEN if read else "", done)
        for number, field, read, done in found
    ]


def _line(cells: Sequence[object]) -> str:
    out = io.StringIO()
    own = [export_text(cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(out, lineterminator="\r\n").writerow(own)
    return out.getvalue()

"""Rows that were not taken: kept with their reason beside the checkpoint, told as a file that can be mended and
imported again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import copy_rows
from liquor_app.core.csv_cells import escape_formula, unescape_formula
from liquor_app.core.security.crypto import decrypt, encrypt, key_ring
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.readers.row_reader import Record

SHOWN = 5000
LINE = "import_line"
MENDED = ("import_row", "import_field", "import_reason", LINE)
"""Columns by which a file of rejects of ours is known when it comes back."""
ORDER = "import_order"
"""The column that says which order a row belongs to, also where the file numbers none."""
OWN_COLUMNS = (*MENDED, ORDER)
PAGE_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Reject:
    """A row refused: the record it came from, why, and the order it belongs to if it names one."""

    record: Record
    why: Rejected
    order_id: str = ""


def raw_of(record: Record, order_id: str = "") -> str:
    """Return a record as kept, JSON: its cells, or the whole line where they could not be told apart."""
    return _kept(record, order_id, ())[0]


def _kept(record: Record, order_id: str, births: Collection[int]) -> tuple[str, str | None]:
    """Return a record as kept, and sealed what of it tells a date of birth (`ImportReject.birth_cells_encrypted`)."""
    cells = [cell[:SHOWN].replace("\x00", "") for cell in record.told]
    kept: dict[str, object] = {"line": ",".join(cells)[:SHOWN]} if record.problem else {"cells": cells}
    hidden: dict[str, object] = {}
    if births and record.problem:
        hidden, kept = kept, {"line": ""}
    elif births:
        hidden = {str(place): cells[place] for place in births if place < len(cells) and cells[place].strip()}
        kept = {"cells": ["" if str(place) in hidden else cell for place, cell in enumerate(cells)]}
    if order_id:
        kept["order"] = order_id
    sealed = _sealed(key_ring()[0], json.dumps(hidden)) if hidden else None
    return json.dumps(kept, ensure_ascii=False), sealed


@lru_cache(maxsize=4096)
def _sealed(first_key: bytes, hidden: str) -> str:
    return encrypt(hidden).decode("ascii")


def _with_births(raw: dict[str, Any], sealed: bytes | None) -> dict[str, Any]:
    if sealed is None:
        return raw
    hidden = json.loads(decrypt(bytes(sealed)))
    if "line" in hidden:
        return {**raw, **hidden}
    return {**raw, "cells": [hidden.get(str(place), cell) for place, cell in enumerate(raw["cells"])]}


async def write_rejects(
    session: AsyncSession, import_id: UUID, rejects: Iterable[Reject], births: Collection[int] = ()
) -> None:
    """Keep refused rows in the transaction that moves the checkpoint past them.

    Args:
        births: places of the cells that tell a date of birth: they are sealed.
    """
    await copy_rows(
        session,
        "import_rejects",
        ("import_id", "row_number", "code", "field", "reason", "raw", "birth_cells_encrypted"),
        (
            [import_id, one.record.number, one.why.code, one.why.field, one.why.reason.replace("\x00", ""),
             *_kept(one.record, one.order_id, births)]
            for one in rejects
        ),
    )  # fmt: skip


def unmended(records: Iterable[Record], columns: Sequence[str]) -> Iterator[Record]:
    """Yield the rows of a file of rejects that came back; what could not be read and was not mended still cannot."""
    line, order = columns.index(LINE), columns.index(ORDER) if ORDER in columns else None
    own = [place for place, name in enumerate(columns) if name not in OWN_COLUMNS]
    for record in records:
        if record.problem or not record.cells[line].strip() or any(record.cells[place].strip() for place in own):
            yield record
        else:
            problem = f"The row was not mended: it stands in {LINE} as it was, and in no column of its own."
            whole = unescape_formula(record.cells[line].strip())
            yield Record(record.number, [whole], problem, record.cells[order] if order is not None else "")


def heading(columns: Sequence[str]) -> str:
    """Return the first line of the file of rejects. The mark at the start tells spreadsheets that it is UTF-8."""
    return "\ufeff" + _line([*map(escape_formula, _own_left_out(columns)), *OWN_COLUMNS])


def _own_left_out(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name not in OWN_COLUMNS]


def _line(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


async def reject_lines(
    session: AsyncSession, import_id: UUID, columns: Sequence[str], after: int, *, births: bool = True
) -> tuple[list[str], int | None]:
    """Return a page of the file of rejects from the row after `after`: its lines, and where the next page starts.

    Dates of birth are opened for whoever may see them (`births`), and blank for others. Cells that a spreadsheet would
    run are escaped; reading the file again takes the escape off. A row whose cells could not be told apart stands whole
    in `import_line`, so that nothing is imported from it unmended.
    """
    found = await session.execute(
        text(
            "SELECT row_number, field, reason, raw, birth_cells_encrypted FROM import_rejects"
            " WHERE import_id = :id AND row_number > :after AND (raw ? 'cells' OR raw ? 'line')"
            " ORDER BY row_number LIMIT :n"
        ),
        {"id": import_id, "after": after, "n": PAGE_ROWS},
    )
    rows = found.all()
    kept = [position for position, name in enumerate(columns) if name not in OWN_COLUMNS]
    lines = []
    for number, field, reason, kept_as, sealed in rows:
        raw = _with_births(kept_as, sealed if births else None)
        cells = raw.get("cells", [])
        shown = [escape_formula(cells[position]) if position < len(cells) else "" for position in kept]
        lines.append(
            _line(
                [
                    *shown,
                    number,
                    field,
                    reason,
                    escape_formula(raw.get("line", "")),
                    escape_formula(raw.get("order", "")),
                ]
            )
        )
    return lines, (rows[-1][0] if len(rows) == PAGE_ROWS else None)

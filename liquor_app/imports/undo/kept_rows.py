"""Who and what an undoing keeps, by name and with the reason: before it is asked for, and after it was done."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.catalog.imported_products import KEPT_PRODUCTS
from liquor_app.core.csv_cells import export_text
from liquor_app.core.errors import NotFound
from liquor_app.customers.imported.imported_baskets import KEPT_BASKETS
from liquor_app.customers.imported.imported_noes import kept_noes
from liquor_app.customers.imported.imported_people import KEPT_FIELDS, looked_at
from liquor_app.imports.import_rows import get_import
from liquor_app.imports.undo.undo_import import FIRST, HOLDS, find_made, looked_at_fields, vouch_no_more
from liquor_app.imports.undo.undo_words import KEPT

SHOWN_OF_EACH = 20
PAGE_ROWS = 20_000
HEADING = ("name", "number", "why_kept")

_PEOPLE = "SELECT id, called, number, 'people_' || why AS why FROM undo_made"
_NOES = kept_noes(HOLDS)
_PLACE = "row_number() OVER (PARTITION BY t.why ORDER BY t.called, t.id) AS place"
_FEW = "WHERE place <= :most ORDER BY why, place"
_FIRST_PEOPLE = text(f"""
SELECT id, called, number, why FROM (SELECT t.*, {_PLACE} FROM ({_PEOPLE}) t WHERE t.why IS NOT NULL) k {_FEW}
""")
_FIRST_FIELDS = text(f"SELECT id, called, number, why FROM (SELECT t.*, {_PLACE} FROM ({KEPT_FIELDS}) t) k {_FEW}")
_FIRST_NOES = text(f"SELECT id, called, number, why FROM (SELECT t.*, {_PLACE} FROM ({_NOES}) t) k {_FEW}")
_FIRST_BASKETS = text(f"SELECT id, called, number, why FROM (SELECT t.*, {_PLACE} FROM ({KEPT_BASKETS}) t) k {_FEW}")
_FIRST_PRODUCTS = text(f"SELECT id, called, number, why FROM (SELECT t.*, {_PLACE} FROM ({KEPT_PRODUCTS}) t) k {_FEW}")
_FIRST = {
    "customers": (_FIRST_PEOPLE, _FIRST_FIELDS, _FIRST_NOES),
    "purchases": (_FIRST_PEOPLE, _FIRST_BASKETS),
    "products": (_FIRST_PRODUCTS,),
}
_NEXT = "WHERE why IS NOT NULL AND (id, why) > (:after, :why) ORDER BY id, why LIMIT :most"
_PAGE_PEOPLE = text(f"SELECT id, called, number, why FROM ({_PEOPLE}) t {_NEXT}")
_PAGE_FIELDS = text(f"SELECT id, called, number, why FROM ({KEPT_FIELDS}) t {_NEXT}")
_PAGE_NOES = text(f"SELECT id, called, number, why FROM ({_NOES}) t {_NEXT}")
_PAGE_BASKETS = text(f"SELECT id, called, number, why FROM ({KEPT_BASKETS}) t {_NEXT}")
_PAGE_PRODUCTS = text(f"SELECT id, called, number, why FROM ({KEPT_PRODUCTS}) t {_NEXT}")
_PAGED = {
    "customers": (_PAGE_PEOPLE, _PAGE_FIELDS, _PAGE_NOES),
    "purchases": (_PAGE_PEOPLE, _PAGE_BASKETS),
    "products": (_PAGE_PRODUCTS,),
}


@dataclass(frozen=True, slots=True)
class KeptRow:
    """Somebody, an order, a product or an address that stays. `why` is a code of `undo_words.KEPT`."""

    id: UUID
    name: str
    number: str
    why: str


@dataclass(frozen=True, slots=True)
class After:
    """Where a page of kept rows begins: within which of the statements, and after which row."""

    statement: int = 0
    id: UUID = FIRST
    why: str = ""


async def kept_names(session: AsyncSession, actor: Actor, import_id: UUID, most: int = SHOWN_OF_EACH) -> list[KeptRow]:
    """Return who and what undoing an import keeps (or kept): the first of each reason, the gravest reason first.

    Raises:
        Forbidden: the actor may not carry lists of customers away.
        NotFound: there is no such import.
    """
    require(actor, Permission.CUSTOMERS_PRIVATE)
    row = await get_import(session, actor, import_id)
    found = list[KeptRow]()
    if row.kind == "purchases":
        await find_made(session, import_id)
    bound = {"import": import_id, "most": most, "gone": await vouch_no_more(session)}
    bound |= looked_at(*await looked_at_fields(session, import_id)) if row.kind == "customers" else {}
    for statement in _FIRST[row.kind]:
        rows = await session.execute(statement, bound)
        found += [_kept(*one) for one in rows]
    ranks = list(KEPT)
    return sorted(found, key=lambda one: ranks.index(one.why))


def _kept(row_id: UUID, called: str | None, number: str | None, why: str) -> KeptRow:
    return KeptRow(row_id, called or "", number or "", why)


async def kept_page(
    session: AsyncSession, actor: Actor, import_id: UUID, after: After | None = None
) -> tuple[list[str], After | None]:
    """Return a page of the CSV file of all that is kept, and where the next one starts (None at the end). Who carries
    it away is in the audit log.

    Args:
        after: None for the start, which brings the heading along.

    Raises:
        Forbidden: as `kept_names`.
        NotFound: there is no such import, or nothing of it is kept.
    """
    require(actor, Permission.CUSTOMERS_PRIVATE)
    row = await get_import(session, actor, import_id)
    begins, after = after is None, after or After()
    lines, statements = [_line(HEADING)] if begins else [], _PAGED[row.kind]
    bound: dict[str, Any] = {}
    if row.kind == "customers":
        bound = looked_at(*await looked_at_fields(session, import_id))
    elif row.kind == "purchases":
        await find_made(session, import_id)
    following: After | None = after
    while following is not None and len(lines) <= 1:
        told, following = await _page(session, statements, {**bound, "import": import_id}, following)
        lines += [_line((export_text(one.name), export_text(one.number), KEPT[one.why])) for one in told]
    if begins and len(lines) == 1:
        raise NotFound("Nothing stays of this import that others built on.")
    if begins:
        await audit(session, actor, "import.kept_exported", "import", import_id, file=row.file_name)
    return lines, following


async def _page(
    session: AsyncSession, statements: Sequence[TextClause], bound: Mapping[str, Any], after: After
) -> tuple[list[KeptRow], After | None]:
    page = {"after": after.id, "why": after.why, "most": PAGE_ROWS, "gone": await vouch_no_more(session)}
    rows = [_kept(*one) for one in await session.execute(statements[after.statement], {**bound, **page})]
    if len(rows) == PAGE_ROWS:
        return rows, After(after.statement, rows[-1].id, rows[-1].why)
    return rows, After(after.statement + 1) if after.statement + 1 < len(statements) else None


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()

"""The list of imports."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.import_rows import ImportRow, import_row
from liquor_app.imports.models import ImportStatus
from liquor_app.ui.status_looks import STATUS_WORDS

IMPORTS = ListSpec(
    name="imports",
    row=ImportRow,
    source="imports t",
    build=import_row,
    order="-id",
    permission=Permission.IMPORTS_READ,
    export_permission=Permission.IMPORTS_READ,
    sorts=(Sort("id", first="-"),),
    filters=(
        Filter("kind", "t.kind", options=tuple(KINDS), label="Kind"),
        Filter("status", "t.status", options=tuple(ImportStatus), label="Status", spoken=STATUS_WORDS),
    ),
    export={
        "id": "id", "kind": "kind", "file_name": "file", "status": "status", "rows": "rows", "created": "new",
        "updated": "changed", "unchanged": "unchanged", "rejected": "rejected", "created_at": "uploaded",
    },
)  # fmt: skip


async def list_imports(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[ImportRow]:
    """Return a page of imports, newest first.

    Raises:
        Forbidden: the actor is not a manager.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, IMPORTS, query)

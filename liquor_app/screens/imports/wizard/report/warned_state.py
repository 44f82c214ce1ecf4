"""Rows of an import that were taken with a warning, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.imports.import_rows import ImportRow
from liquor_app.imports.models import WARNED
from liquor_app.imports.warned.warned_rows import KEPT, MOST_KEPT, SHOWN_ROWS, warned_page
from liquor_app.screens.imports.wizard.columns_view import on_screen
from liquor_app.screens.imports.wizard.state import ImportState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.words import figure


@dataclass(frozen=True, slots=True)
class WarnedLine:
    """A warning, as the page shows it."""

    number: str
    field: str
    read: str
    done: str


class WarnedState(rx.State):
    """The warned rows of the report in hand."""

    rows: list[WarnedLine] = []
    at_page: int = 0
    pages: int = 0
    file: str = ""
    """Where the list of all is fetched."""
    note: str = ""

    async def _show(self, row: ImportRow) -> None:
        """Show the first page of an import's warnings; nothing where there is none."""
        self.at_page, self.pages, self.rows, self.file, self.note = 0, 0, [], "", ""
        if not row.position.get(KEPT):
            return
        await self._read(row)
        if self.rows:
            self.file = f"/api/v1/imports/{row.id}/warnings"
        if int(row.position[KEPT]) >= MOST_KEPT:
            warned = figure(int(row.position.get(WARNED, 0)))
            self.note = f"The first {figure(MOST_KEPT)} are listed, of {warned} rows with a warning."

    async def _read(self, row: ImportRow) -> None:
        async with transaction() as session:
            told = await warned_page(session, await signed_in(self), row.id, self.at_page)
        self.pages = -(-told.total // SHOWN_ROWS)
        self.rows = [WarnedLine(figure(one.number), one.field, one.read, on_screen(one.done)) for one in told.rows]

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_READ)
    async def turn(self, pages: int) -> None:
        """Show the page so many pages on."""
        self.at_page = min(max(self.at_page + (1 if pages > 0 else -1), 0), max(self.pages - 1, 0))
        await self._read(await (await self.get_state(ImportState))._row())

"""What a trial would make of a file's first rows, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import require
from liquor_app.screens.imports.wizard.trial_view import PAGE_ROWS, TrialLine
from liquor_app.screens.session.state import guarded, signed_in


class TrialPages(rx.State, mixin=True):  # type: ignore[call-arg]
    """Turns the pages of a trial."""

    rows: list[TrialLine] = []
    """A page of what becomes of the rows that were tried."""
    at_page: int = 0
    pages: int = 0
    _lines: list[TrialLine] = []

    def _show_lines(self, lines: Sequence[TrialLine] = ()) -> None:
        """Show the first page of what was tried; nothing, while it is tried anew."""
        self._lines, self.pages = list(lines), -(-len(lines) // PAGE_ROWS)
        self._turn_to(0)

    def _turn_to(self, page: int) -> None:
        self.at_page = min(max(page, 0), max(self.pages - 1, 0))
        self.rows = self._lines[self.at_page * PAGE_ROWS :][:PAGE_ROWS]

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def turn(self, pages: int) -> None:
        """Show the page of the trial so many pages on."""
        require(await signed_in(self), Permission.IMPORTS_WRITE)
        self._turn_to(self.at_page + (1 if pages > 0 else -1))

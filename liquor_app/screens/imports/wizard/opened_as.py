"""What of a file is read, and in which letters, as the page holds it: where the guess is wrong, somebody says so."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import require
from liquor_app.imports.dry_run import FilePreview
from liquor_app.imports.readers.encoding import ENCODINGS, Letters
from liquor_app.screens.imports.wizard.columns_view import ColumnLine, mapping_of
from liquor_app.screens.session.state import guarded, signed_in

LETTERS = list(ENCODINGS.items())


def letters_words(letters: Letters) -> str:
    """Tell why a file is read in its letters, and what to do where names look odd."""
    if letters.is_chosen:
        odd = "Words look odd in them: another choice may be right."
        return odd if letters.is_odd else "Chosen by hand."
    why = "Words look odd in them." if letters.is_odd else "As the file itself seems to be written."
    return f"{why} If names look wrong, choose others: the file is read anew."


class OpenedAs(rx.State, mixin=True):  # type: ignore[call-arg]
    """Chooses the sheet of a workbook, and the letters of a text."""

    sheet: str = ""
    """The sheet of a workbook that is read; `_said_sheet` where somebody chose it."""
    sheets: list[tuple[str, str]] = []
    """Those to choose from; empty where there is one alone."""
    _said_sheet: str = ""
    encoding: str = ""
    """What a text is read as (`ENCODINGS`), empty for a workbook; `_said_encoding` where somebody chose it."""
    letters_note: str = ""
    _said_encoding: str = ""
    columns: list[ColumnLine] = []
    _saved: dict[str, str] = {}

    @property
    def _opened_as(self) -> dict[str, str]:
        return {"sheet": self._said_sheet, "encoding": self._said_encoding}

    def _take_opened(self, options: dict[str, Any]) -> None:
        """Take up what was chosen before the page was left."""
        self._said_sheet = str(options.get("sheet", ""))
        self._said_encoding = str(options.get("encoding", ""))

    def _show_opened(self, seen: FilePreview) -> None:
        self.sheet, names = seen.book.read, seen.book.held
        self.sheets = [(one, one) for one in names if len(names) > 1]
        self.encoding, self.letters_note = seen.letters.encoding, letters_words(seen.letters)

    async def _anew(self) -> Any:
        """Have the file opened anew: its columns may be others."""
        raise NotImplementedError

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def choose_sheet(self, sheet: str) -> Any:
        """Read another sheet of the workbook: its columns are its own."""
        require(await signed_in(self), Permission.IMPORTS_WRITE)
        if not sheet or sheet == self.sheet or sheet not in dict(self.sheets):
            return None
        self._said_sheet, self._saved = str(sheet), {}
        return await self._anew()

    @rx.event
    @guarded
    @needs(Permission.IMPORTS_WRITE)
    async def choose_encoding(self, encoding: str) -> Any:
        """Read the file in other letters: its columns may be called otherwise."""
        require(await signed_in(self), Permission.IMPORTS_WRITE)
        if encoding == self.encoding or encoding not in ENCODINGS:
            return None
        self._said_encoding = self.encoding = str(encoding)
        # names in plain letters are the same in any: what was matched stays
        is_plain = all(line.name.isascii() for line in self.columns)
        self._saved = mapping_of(self.columns) if is_plain else {}
        return await self._anew()

"""Rows of an Excel workbook (.xlsx): one sheet of it, read in the sandbox row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liquor_app.core.errors import Invalid
from liquor_app.core.sandbox import Broken, Overrun, RowStream
from liquor_app.imports.cleaning.cell_kinds import names_no_columns
from liquor_app.imports.readers.row_reader import Record, Table, numbered, unique_names

SHEET_ROWS = 1_048_576
LINE_SECONDS = 30.0
"""For the next rows to come: the longest is the table of shared texts, before the first."""
_DAMAGED = "This Excel workbook is damaged. Save it anew, or as CSV."
_TOO_LARGE = "This workbook is too large to be read safely. Save it as CSV, then import that."


class WorkbookFile(Table):
    """An open workbook: a sheet of it. Empty rows above the header, and what a report says of itself, are passed over.

    Args:
        sheet: the name of the one to read; if empty the first that holds anything but words about the others.

    Raises:
        Invalid: not a workbook, no such sheet, damaged, unreasonably large, or without a row.
        TooMany: too many files are being read.
    """

    def __init__(self, path: Path, sheet: str = "") -> None:
        self.taken = 0
        self._row = 0
        with path.open("rb") as file:
            self._stream = RowStream("liquor_app.core.sandbox.workbook_rows", "rows", file, sheet, seconds=LINE_SECONDS)
        head = self._next() or {}
        try:
            if "names" not in head:
                raise Invalid(str(head.get("invalid") or _DAMAGED), field="file")
            names = head["names"]
            self._first = Record(head["row"], names) if names_no_columns(names) else None
            self.columns: list[str] = numbered(len(names)) if self._first else unique_names(names)
        except Invalid:
            self.close()
            raise
        self._total: int = head["total"]
        self.sheet, self.sheets = head["sheet"], tuple(head["sheets"])

    def _next(self) -> Any:
        """Tell what comes next; None after the end."""
        try:
            return next(self._stream, None)
        except Overrun as error:
            raise Invalid(_TOO_LARGE, field="file") from error
        except Broken as error:
            raise Invalid(f"The workbook is damaged after row {self._row}." if self._row else _DAMAGED) from error

    def close(self) -> None:
        self._stream.close()

    @property
    def read_share(self) -> float:
        return min(1.0, self._row / (self._total or SHEET_ROWS))

    def _records(self) -> Iterator[Record]:
        if self._first:
            yield self._first
        while (rows := self._next()) is not None:
            if isinstance(rows, dict):
                raise Invalid(str(rows["invalid"]), field="file")
            for number, cells, problem in rows:
                self._row = number
                self.taken += sum(map(len, cells))
                yield Record(number, cells, problem)
        self._row = self._total = self._total or 1

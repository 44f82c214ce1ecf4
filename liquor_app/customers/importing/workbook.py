"""Rows of an Excel workbook (.xlsx): its first sheet that holds anything, read row by row."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from liquor_app.core.errors import Invalid
from liquor_app.customers.importing.reading import MAX_COLUMNS, Record, Table, unique_names

MAX_UNPACKED = 4 * 1024**3
MAX_STRINGS = 256 * 1024**2
"""Bytes of the table of shared texts: the one part of a workbook that has to be held in memory."""
MAX_RATIO = 300
"""A sheet packs some ten times; what packs far better was made to burst (a zip bomb)."""
SHEET_ROWS = 1_048_576
_BROKEN = (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError, EOFError, OSError)


def _check(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise Invalid("This file looks like an Excel workbook but cannot be opened.", field="file") from error
    unpacked = sum(part.file_size for part in parts)
    packed = max(sum(part.compress_size for part in parts), 1)
    strings = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    if unpacked > MAX_UNPACKED or strings > MAX_STRINGS or (unpacked > 50 * 1024**2 and unpacked / packed > MAX_RATIO):
        raise Invalid("This workbook is too large to be read safely. Save it as CSV, then import that.", field="file")


class WorkbookFile(Table):
    """An open workbook. Empty rows above the header are passed over.

    Raises:
        Invalid: not a workbook, damaged, unreasonably large, or without a row.
    """

    def __init__(self, path: Path) -> None:
        _check(path)
        self.taken = 0
        self._row = 0
        self._file = path.open("rb")  # given a path, the library goes by the name's ending
        try:
            self._book = load_workbook(self._file, read_only=True, data_only=True, keep_links=False)
        except _BROKEN as error:
            self._file.close()
            raise Invalid("This Excel workbook is damaged. Save it anew, or as CSV.", field="file") from error
        try:
            self._rows = self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        for sheet in self._book.worksheets:
            self._total = sheet.max_row or 0
            sheet.reset_dimensions()  # what a program wrote there is often wrong
            rows = enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1), 1)
            try:
                for number, cells in rows:
                    names = [_text(cell) for cell in cells]
                    if any(name.strip() for name in names):
                        self.columns = unique_names(names)
                        return chain([(number, cells)], rows)
            except _BROKEN as error:
                raise Invalid("This Excel workbook is damaged. Save it anew, or as CSV.", field="file") from error
        raise Invalid("The workbook is empty: its first row must name the columns.", field="file")

    def close(self) -> None:
        self._book.close()
        self._file.close()

    @property
    def read_share(self) -> float:
        return min(1.0, self._row / (self._total or SHEET_ROWS))

    def __iter__(self) -> Iterator[Record]:
        next(self._rows)
        width = len(self.columns)
        while True:
            try:
                number, row = next(self._rows)
            except StopIteration:
                self._row = self._total = self._total or 1
                return
            except _BROKEN as error:
                raise Invalid(f"The workbook is damaged after row {self._row}.", field="file") from error
            self._row = number
            cells = [_text(cell) for cell in row[:width]]
            if not any(cell.strip() for cell in cells):
                continue
            self.taken += sum(map(len, cells))
            cells += [""] * (width - len(cells))
            beyond = any(_text(cell).strip() for cell in row[width:])
            yield Record(number, cells, "The row has cells to the right of the last column." if beyond else "")


def _text(value: Any) -> str:
    """A cell as its owner sees it: a whole number without a point, a bare day without a clock."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(round(value, 6))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)

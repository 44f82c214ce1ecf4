"""A list as an Excel file, written row by row: as large as the disk, never as the memory. Pure but for the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import xlsxwriter

from liquor_app.core.csv_cells import is_formula

MOST_LETTERS = 32_767
"""Of a cell; Excel refuses the whole file for one more."""
NAME_LETTERS = 31
WIDTH = 18


class XlsxFile:
    """A workbook, with a sheet of `heads` to begin with; closing it makes it whole. Its heads say by whose clock times
    are.

    No text is ever a formula, a link or a number: it is written as a string, and what looks like a formula carries
    Excel's own mark for text, so that it stays one also when somebody edits the cell. `formats` say how the numbers of
    a column are shown ("0.0%").
    """

    def __init__(
        self, path: Path, name: str, heads: Sequence[str], formats: Mapping[int, str] | None = None
    ) -> None:  # fmt: skip
        quiet = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent), **quiet})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self._text = self._book.add_format({"quote_prefix": True})
        self._bold = self._book.add_format({"bold": True})
        self.begin(name, heads, formats)

    def begin(self, name: str, heads: Sequence[str], formats: Mapping[int, str] | None = None) -> None:
        """Begin a sheet behind those there are, which get no more rows."""
        self._sheet = self._book.add_worksheet(name[:NAME_LETTERS])
        self._numbers = {at: self._book.add_format({"num_format": one}) for at, one in (formats or {}).items()}
        self._totals = {
            at: self._book.add_format({"num_format": one, "bold": True}) for at, one in (formats or {}).items()
        }
        self._sheet.set_column(0, max(len(heads) - 1, 0), WIDTH)
        self._sheet.freeze_panes(1, 0)
        for column, head in enumerate(heads):
            self._sheet.write_string(0, column, head, self._bold)
        self._row = 0

    def add(self, rows: Iterable[Sequence[Any]], *, is_total: bool = False) -> None:
        """Write rows below the last; totals in bold."""
        for row in rows:
            self._row += 1
            for column, value in enumerate(row):
                self._write(column, value, is_total=is_total)

    def close(self) -> None:
        """Finish the file."""
        self._book.close()

    def _write(self, column: int, value: Any, *, is_total: bool) -> None:
        if value is None or value == "":
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._row, column, value)
        elif isinstance(value, int | float | Decimal):
            looks = (self._totals if is_total else self._numbers).get(column)
            self._sheet.write_number(self._row, column, float(value), looks)
        elif isinstance(value, datetime):
            self._sheet.write_datetime(self._row, column, value, self._moment)
        elif isinstance(value, date):
            self._sheet.write_datetime(self._row, column, datetime.combine(value, time.min), self._day)
        else:
            words = _words(value)[:MOST_LETTERS]
            shown = self._text if is_formula(words) else self._bold if is_total else None
            self._sheet.write_string(self._row, column, words, shown)


def _words(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)

"""Rows of a delimited file, whatever its dialect: never lost to one bad quote."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from liquor_app.core.errors import Invalid
from liquor_app.imports.readers.encoding import bytes_read, open_text
from liquor_app.imports.readers.row_reader import MAX_CELL, SHOWN, Record, Table, unique_names
from liquor_app.ui.words import figure

DELIMITERS = ",;\t|"
MAX_RECORD_LINES = 64
"""Lines one record may span; a quote that is still open then was never meant to open."""


class _Malformed(Exception):
    pass


class _Lines(Iterator[str]):
    """Lines for the CSV parser; `held` are those of the record in hand, `again` those to be read once more."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self.held: list[str] = []
        self.again: deque[str] = deque()
        self.taken = 0

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else self._text.readline(MAX_CELL)
        if not line:
            raise StopIteration
        self.held.append(line)
        self.taken += len(line)
        if len(line) >= MAX_CELL and not line.endswith(("\n", "\r")):
            self._skip_rest()
            raise _Malformed(f"The row is longer than {figure(MAX_CELL)} characters.")
        if len(self.held) > MAX_RECORD_LINES:
            raise _Malformed("A quotation mark is opened and never closed.")
        return line

    def _skip_rest(self) -> None:
        while (more := self._text.readline(MAX_CELL)) and not more.endswith(("\n", "\r")):
            pass


class DelimitedFile(Table):
    """An open CSV file: `columns` from its first row, then its records.

    The delimiter is the one of comma, semicolon, tab and bar that divides the header most.

    Raises:
        Invalid: empty, or a header too wide.
    """

    def __init__(self, path: Path) -> None:
        self._size = path.stat().st_size
        self._text = open_text(path)
        try:
            self._lines = _Lines(self._text)
            self.columns, self._delimiter = self._header()
        except BaseException:
            self._text.close()
            raise

    def close(self) -> None:
        self._text.close()

    @property
    def read_share(self) -> float:
        return bytes_read(self._text) / self._size if self._size else 1.0

    @property
    def taken(self) -> int:  # type: ignore[override]
        return self._lines.taken

    def _header(self) -> tuple[list[str], str]:
        try:
            line = next(self._lines, "").lstrip("\ufeff")
            if not line.strip():
                raise Invalid("The file is empty: its first row must name the columns.", field="file")
            widths = {mark: len(next(csv.reader([line], delimiter=mark))) for mark in DELIMITERS}
            delimiter = max(DELIMITERS, key=lambda mark: widths[mark])
            names = next(csv.reader([line], delimiter=delimiter))
        except (csv.Error, _Malformed) as error:
            raise Invalid(
                "The first row cannot be read. It must name the columns, each in a few words.", field="file"
            ) from error
        return unique_names(names), delimiter

    def __iter__(self) -> Iterator[Record]:
        """Every row that holds something. One that cannot be parsed costs itself alone: the lines after it are
        read again."""
        reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        width, number = len(self.columns), 1
        while True:
            self._lines.held.clear()
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _Malformed) as error:
                held = self._lines.held
                self._lines.again.extendleft(reversed(held[1:]))
                problem = str(error) if isinstance(error, _Malformed) else f"The row cannot be read: {error}."
                yield Record(number, [held[0].rstrip("\r\n")[:SHOWN]], problem)
                continue
            if not any(cells) or not any(cell.strip() for cell in cells):
                continue
            if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
                del cells[width:]
            if len(cells) == width:
                yield Record(number, cells)
            else:
                problem = f"The row has {len(cells)} cells, the header {width}."
                yield Record(number, [cell[:SHOWN] for cell in cells[:width]], problem)

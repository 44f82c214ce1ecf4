"""Rows of a delimited file, whatever its dialect: streamed, bounded, and never lost to one bad quote."""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType

from liquor_app.core.errors import Invalid

DELIMITERS = ",;\t|"
MAX_LINE = 1_000_000
"""Characters of one line; the rest of a longer one is thrown away unread."""
MAX_RECORD_LINES = 64
"""Lines one record may span; a quote that is still open then was never meant to open."""
MAX_COLUMNS = 500
SHOWN = 500
"""Characters kept of a line that could not be read."""


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    # spreadsheets write Windows-1252 without saying so, sometimes into the middle of a UTF-8 file
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("liquor.windows", _as_windows)


@dataclass(frozen=True, slots=True)
class Record:
    """One row. `number` is what a spreadsheet shows (the header is 1); `problem` says why `cells` cannot be used."""

    number: int
    cells: list[str]
    problem: str = ""


class _Malformed(Exception):
    pass


class _Lines(Iterator[str]):
    """Lines for the CSV parser; `held` are those of the record in hand, `again` those to be read once more."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self.held: list[str] = []
        self.again: deque[str] = deque()

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else self._text.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.held.append(line)
        if len(line) >= MAX_LINE and not line.endswith(("\n", "\r")):
            self._skip_rest()
            raise _Malformed(f"The row is longer than {MAX_LINE:,} characters.")
        if len(self.held) > MAX_RECORD_LINES:
            raise _Malformed("A quotation mark is opened and never closed.")
        return line

    def _skip_rest(self) -> None:
        while (more := self._text.readline(MAX_LINE)) and not more.endswith(("\n", "\r")):
            pass


class DelimitedFile:
    """An open CSV file: `columns` from its first row, then its records.

    UTF-8 (with or without a byte order mark), UTF-16 with one, and stray Windows-1252 bytes are understood; the
    delimiter is the one of comma, semicolon, tab and bar that divides the header most.

    Raises:
        Invalid: empty, an Excel workbook, or a header too wide.
    """

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self._raw = path.open("rb")
        try:
            start = self._raw.read(4)
            self._raw.seek(0)
            if start.startswith(b"PK"):
                raise Invalid("This is an Excel workbook. Save it as CSV, then import that.", field="file")
            encoding = "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
            self._text = TextIOWrapper(self._raw, encoding, errors="liquor.windows", newline="")
            self._lines = _Lines(self._text)
            self.columns, self._delimiter = self._header()
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> DelimitedFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._raw.close()

    @property
    def read_share(self) -> float:
        """How much of the file has been read, 0 to 1; a buffer ahead of the records."""
        return self._raw.tell() / self.size if self.size else 1.0

    def _header(self) -> tuple[list[str], str]:
        line = next(self._lines, "").lstrip("\ufeff")
        if not line.strip():
            raise Invalid("The file is empty: its first row must name the columns.", field="file")
        widths = {mark: len(next(csv.reader([line], delimiter=mark))) for mark in DELIMITERS}
        delimiter = max(DELIMITERS, key=lambda mark: widths[mark])
        names = [cell.strip()[:100] for cell in next(csv.reader([line], delimiter=delimiter))]
        while names and not names[-1]:
            names.pop()
        if len(names) > MAX_COLUMNS:
            raise Invalid(f"The file has {len(names)} columns; {MAX_COLUMNS} are allowed.", field="file")
        unique: list[str] = []
        for position, name in enumerate(names, 1):
            base = name or f"column {position}"
            unique.append(base if base not in unique else f"{base} ({position})")
        return unique, delimiter

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

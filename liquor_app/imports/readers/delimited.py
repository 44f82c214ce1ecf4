"""Rows of a delimited file, whatever its dialect: never lost to one bad quote."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from itertools import pairwise
from math import ceil
from pathlib import Path

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.cell_kinds import CellKind, kind_of, names_no_columns
from liquor_app.imports.readers.encoding import bytes_read, open_text
from liquor_app.imports.readers.ragged_rows import fit_rows
from liquor_app.imports.readers.row_reader import MAX_CELL, SHOWN, Record, Table, numbered, unique_names
from liquor_app.ui.words import figure

DELIMITERS = ",;\t|"
MAX_RECORD_LINES = 64
"""Lines one record may span; a quote that is still open then was never meant to open."""


MOST_UNREADABLE, MOST_AT_START = 5_000, 1_000
"""Rows that cannot be read, one after the other, before the file is given up: later, and where none could be before."""
_OPEN = "A quotation mark is opened and never closed."

_AT_END = "unexpected end of data"
"""What the parser says of a quotation mark in a file's last line."""

MOST_OF_NAMES = 10
"""Lines a header may span."""
LINES_BEFORE = 25
"""Lines looked at for the header: reports say what they are, when and of which days, before they name columns."""
_END = "\x1a"
"""What DOS ends a file with."""
_SEP = re.compile(r"^\s*\"?sep=(.)\"?\s*$", re.IGNORECASE)


class _Malformed(Exception):
    pass


_SAYS = re.compile(r":\s*\S|:\s*$")
"""A cell of a report's title: "From: 01/01/2026"."""


def find_header(lines: Sequence[str], said: str = "") -> tuple[int, str]:
    """Return where in the first lines of a file the columns are named, and what divides them.

    The mark is the one that divides most lines alike; one within quotes divides nothing. The header is the first line
    that fills about as many cells as the lines below it: titles of reports fill one or two, and hold dates or say
    `From: …`, where columns have names.

    Args:
        said: the mark the file names itself (`sep=;`), else "".

    Raises:
        csv.Error: the line cannot be read.
    """
    mark = said or max(DELIMITERS, key=lambda one: _agreement(lines, one))
    divided = list(_divided(lines, mark))
    filled = [sum(bool(cell.strip()) for cell in cells) for cells in divided]
    usual = max(filled[1:] or filled, key=lambda many: (filled.count(many), many))
    enough = max(2, ceil(0.75 * usual))
    wide = [place for place, many in enumerate(filled) if many >= enough]
    below = {place: divided[after] for place, after in pairwise(wide)}
    titles = {place for place in wide if _is_title(divided[place], below.get(place, []))}
    names = [place for place in wide if _is_header(divided[place], below.get(place, []))]
    titles |= {place for place in wide if _is_pairs(divided[place]) and any(one > place for one in names)}
    return next((place for place in wide if place not in titles), wide[0] if wide else 0), mark


def _is_title(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Tell whether a line says what a report is about. Somebody's row, of a file that names no columns, does not; nor
    do names of columns such as "Consent: SMS", which have somebody's row below them.

    Args:
        below: the next line that fills as many cells.
    """
    if names_no_columns(cells):
        return False
    if any(CellKind.MOMENT in (kind_of([cell]), kind_of([_said(cell)])) for cell in cells):
        return True
    return any(_SAYS.search(cell) for cell in cells) and not _is_somebodys(below)


def _is_pairs(cells: Sequence[str]) -> bool:
    """Tell whether a line says things of a report, each with its name before it: "Store, Main, Phone, 512-347-0000"."""
    names, values = cells[0::2], cells[1::2]
    if len(cells) < 4 or len(cells) % 2 or any(kind_of([one]) is not None or not one.strip() for one in names):
        return False
    return not any(any(letter.isdigit() for letter in one) for one in names) and _is_somebodys(values)


def _is_header(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Tell whether a line names columns and nothing else, and has somebody's row below it."""
    is_one = all(one.strip() and not any(map(str.isdigit, one)) and kind_of([one]) is None for one in cells)
    return is_one and _is_somebodys(below)


def _said(cell: str) -> str:
    """Return what stands behind a colon."""
    return cell.partition(":")[2].strip()


def _is_somebodys(cells: Sequence[str]) -> bool:
    """Tell whether a line is a row and no header: columns are called by no address, day, sum or number."""
    kinds = {CellKind.EMAIL, CellKind.PHONE, CellKind.MOMENT, CellKind.MONEY}
    return any(cell.strip().isdigit() or kind_of([cell]) in kinds for cell in cells)


def _whole_lines(lines: Sequence[str]) -> list[list[str]]:
    """Return lines, those of one header together: the name of a column may hold line breaks, in quotes."""
    found: list[list[str]] = []
    place = 0
    while place < len(lines):
        upto = next(
            (
                end
                for end in range(place + 1, min(place + MOST_OF_NAMES, len(lines)) + 1)
                if "".join(lines[place:end]).count('"') % 2 == 0
            ),
            place + 1,
        )
        found.append(list(lines[place:upto]))
        place = upto
    return found


def _divided(lines: Sequence[str], mark: str) -> Iterator[list[str]]:
    for line in lines:
        try:
            yield next(csv.reader([line], delimiter=mark), [])
        except csv.Error:
            yield []


def _agreement(lines: Sequence[str], mark: str) -> tuple[int, int]:
    """Return how many lines a mark divides alike into several cells, and into how many."""
    widths = [len(cells) for cells in _divided(lines, mark)]
    wide = [width for width in widths if width > 1]
    common = max(wide, key=lambda width: (wide.count(width), width), default=0)
    return (wide.count(common), common)


def _is_blank(cells: Sequence[str]) -> bool:
    """Tell whether a row holds nothing, or DOS's end of a file: that mark alone. Beside others somebody wrote it."""
    return not any(cell.strip() for cell in cells) or (len(cells) == 1 and not cells[0].strip(_END + " "))


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
            raise _Malformed(_OPEN)
        return line

    def _skip_rest(self) -> None:
        while (more := self._text.readline(MAX_CELL)) and not more.endswith(("\n", "\r")):
            pass


class DelimitedFile(Table):
    """An open CSV file: `columns` from its first row, then its records. A first row that is somebody's names none.

    The delimiter is the one of comma, semicolon, tab and bar that divides the first lines alike.

    Args:
        encoding: what it is written in, where somebody said so (`encoding.ENCODINGS`).

    Raises:
        Invalid: empty, or a header too wide.
    """

    def __init__(self, path: Path, encoding: str = "") -> None:
        self._size = path.stat().st_size
        self._text, self.letters = open_text(path, encoding)
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
        """Find the row that names the columns: behind blank lines, Excel's `sep=`, and what a report says of itself."""
        first: list[str] = []
        said, before = "", 0
        while len(first) < LINES_BEFORE and (line := self._look(is_first=not first)):
            line = line.lstrip("\ufeff") if not first else line
            if not first and (told := _SEP.match(line)):
                said = told[1]
            elif line.strip() or first:
                first.append(line)
            else:
                before += 1
        if not first:
            raise Invalid("The file is empty: its first row must name the columns.", field="file")
        try:
            whole = _whole_lines(first)
            at, delimiter = find_header(["".join(lines) for lines in whole], said)
            names: list[str] = []
            for lines in whole[: at + 1]:
                *_, names = csv.reader(lines, delimiter=delimiter)
        except (csv.Error, ValueError) as error:
            raise Invalid(
                "The first row cannot be read. It must name the columns, each in a few words.", field="file"
            ) from error
        self._names = names
        self._before = before + at  # rows of a spreadsheet: `sep=` is none
        # a file without a header: its first row is somebody's and stays one
        self._starts_at = 1 if names_no_columns(names) else 2
        for lines in whole[at + self._starts_at - 1 :]:
            self._lines.again.extend(lines)
        return (unique_names(names) if self._starts_at > 1 else numbered(len(names))), delimiter

    def _look(self, *, is_first: bool) -> str:
        """Return the next line, "" at the end. One too long ends the file's hopes only where the header should be."""
        self._lines.held.clear()
        try:
            return next(self._lines, "")
        except _Malformed as error:
            if is_first:
                raise Invalid(
                    "The first row cannot be read. It must name the columns, each in a few words.", field="file"
                ) from error
            return self._lines.held[-1] + "\n"

    def _records(self) -> Iterator[Record]:
        """Yield every row that holds something, as wide as the header."""
        return fit_rows(self._rows(), len(self.columns))

    def _rows(self) -> Iterator[Record]:
        """Yield rows of any width. One that cannot be parsed costs itself alone: the lines after it are read again.

        Raises:
            Invalid: so many after one another cannot be read that none of the rest will be.
        """
        reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        width, number = len(self.columns), self._before + self._starts_at - 1
        in_a_row, most, first = 0, MOST_AT_START, (0, "")
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
                problem = _problem(error, held)
                first = first if in_a_row else (number, problem)
                in_a_row += 1
                if in_a_row >= most:
                    raise _given_up(*first, number) from error
                yield Record(number, [held[0].rstrip("\r\n")[:SHOWN]], problem)
                continue
            in_a_row, most = 0, MOST_UNREADABLE
            if (len(cells) < 2 or not cells[0].strip()) and _is_blank(cells):
                continue
            if cells[0] == self._names[0] and self._starts_at > 1 and cells[: len(self._names)] == self._names:
                continue  # a report's next page
            if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
                del cells[width:]
            yield Record(number, cells)


def _problem(error: Exception, held: Sequence[str]) -> str:
    """Return why a row cannot be parsed. One that goes on in the next line has a quote open, wherever it was closed."""
    if isinstance(error, _Malformed):
        return str(error)
    is_open = len(held) > 1 or _AT_END in str(error)
    return _OPEN if is_open else f"The row cannot be read: {error}."


def _given_up(first: int, problem: str, last: int) -> Invalid:
    rows = f"Rows {figure(first)} to {figure(last)} cannot be read, one after the other, and the rest was left."
    return Invalid(f"{rows} Row {figure(first)}: {problem} Mend the file there, then import it again.", field="file")

"""Reads a workbook inside the sandbox. Imported there and nowhere else; its file is descriptor 2.

Lines go out: first `{"names", "total", "row"}` (the header, how many rows, the header's number), then lists of
`[number, cells, problem]`; `{"invalid": words}` ends them. It imports next to nothing, because a worker is started for
each file: numpy, which the library would use if it were there, takes longer to import than a small workbook to read.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import chain, islice, pairwise
from math import ceil
from typing import Any
from xml.etree.ElementTree import ParseError

from liquor_app.core.errors import Invalid

sys.modules["numpy"] = None  # type: ignore[assignment]

from openpyxl import Workbook  # noqa: E402
from openpyxl.reader.excel import ExcelReader  # noqa: E402
from openpyxl.styles.numbers import BUILTIN_FORMATS  # noqa: E402
from openpyxl.utils.exceptions import InvalidFileException  # noqa: E402

MAX_COLUMNS = 500
MAX_ROW = 1_000_000
"""Characters of a row; a longer one costs itself alone."""
SHOWN = 500
"""Characters kept of a cell of such a row."""
MAX_UNPACKED = 4 * 1024**3
MAX_STRINGS = 256 * 1024**2
"""Bytes of the table of shared texts: the one part of a workbook that has to be held in memory."""
MAX_RATIO = 300
"""A sheet packs some ten times; what packs far better was made to burst (a zip bomb)."""
SHEET_ROWS = 1_048_576
"""More no sheet has: a row numbered higher was made to be counted up to."""
ROWS_BEFORE = 25
"""Filled rows looked at for the header: reports say first what they are."""
ROWS_LOOKED = 100
"""Rows below the first filled one that are gone through for them: a sheet may be formatted to its very end."""
MOST_SHEETS = 40
"""Sheets that are looked at and named."""
LINE_ROWS, LINE_CHARACTERS = 250, 200_000
_BROKEN = (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, ParseError, EOFError, OSError)
_DAMAGED = "This Excel workbook is damaged. Save it anew, or as CSV."
_TOO_LARGE = "This workbook is too large to be read safely. Save it as CSV, then import that."

Row = tuple[int, tuple[Any, ...]]


def _rows(wanted: str | None) -> Iterator[Any]:
    row = 0
    try:
        with open(2, "rb", closefd=False) as file:
            _check(file)
            book = _opened(file)
            head, cells = _start(book, wanted or "")
            names = head["names"]
            yield head
            for line in _lines(cells, len(names)):
                row = line[-1][0]
                yield line
    except Invalid as error:
        yield {"invalid": error.message}
    except _BROKEN:
        yield {"invalid": f"The workbook is damaged after row {row}." if row else _DAMAGED}


class _Reader(ExcelReader):  # type: ignore[misc]
    """Passes over sheets of a chart alone: read row by row, the library fails at them, and the workbook with it."""

    def read_chartsheet(self, sheet: Any, rel: Any) -> None:
        pass


def _opened(file: Any) -> Any:
    reader = _Reader(file, read_only=True, data_only=True, keep_links=False)
    reader.read()
    return reader.wb


def _check(file: io.BufferedReader) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise Invalid("This file looks like an Excel workbook but cannot be opened.", field="file") from error
    unpacked = sum(part.file_size for part in parts)
    packed = max(sum(part.compress_size for part in parts), 1)
    strings = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    if unpacked > MAX_UNPACKED or strings > MAX_STRINGS or (unpacked > 50 * 1024**2 and unpacked / packed > MAX_RATIO):
        raise Invalid(_TOO_LARGE, field="file")


def _start(book: Any, wanted: str) -> tuple[dict[str, Any], Iterator[Row]]:
    """Return what the first line says, and the rows below the header.

    Args:
        wanted: the name of the sheet to read; if empty the first that holds anything but words about the others.
    """
    titles = [sheet.title for sheet in book.worksheets]
    if wanted and wanted not in titles:
        named = ", ".join(f"“{one[:40]}”" for one in titles[:MOST_SHEETS])
        raise Invalid(f"The workbook has no sheet “{wanted[:40]}”; it has {named}.", field="sheet")
    for sheet in book.worksheets:
        if wanted and sheet.title != wanted:
            continue
        total = min(sheet.max_row or 0, SHEET_ROWS)
        sheet.reset_dimensions()  # what a program wrote there is often wrong
        rows = _counted(_seen(book, sheet))
        top = next((row for row in rows if any(map(_filled, row[1]))), None)
        if top is not None:
            first = [top, *(row for row in islice(rows, ROWS_LOOKED) if any(map(_filled, row[1])))]
            if not wanted and _only_tells(first) and any(map(_holds_rows, _behind(book, sheet))):
                continue
            at = _header([cells for _, cells in first[:ROWS_BEFORE]])
            number, cells = first[at]
            names = [_text(cell)[:SHOWN] for cell in cells]
            while names and not names[-1].strip():
                names.pop()
            sheets = [one.title for one in book.worksheets[:MOST_SHEETS] if one is sheet or _holds_rows(one)]
            head = {"names": names, "total": total, "row": number, "sheet": sheet.title, "sheets": sheets}
            return head, chain(first[at + 1 :], rows)
    raise Invalid("The workbook is empty: its first row must name the columns.", field="file")


def _only_tells(rows: list[Row]) -> bool:
    """Tell whether a sheet says something in words and no more ("Read me"): no row of two cells, nobody's address or
    number."""
    every = [cells for _, cells in rows]
    return all(sum(map(_filled, cells)) < 2 for cells in every) and not any(map(_is_somebodys, chain(*every)))


def _behind(book: Any, sheet: Any) -> list[Any]:
    at = book.worksheets.index(sheet)
    return list(book.worksheets[at + 1 : at + 1 + MOST_SHEETS])


def _holds_rows(sheet: Any) -> bool:
    """Tell whether a sheet beside the one that is read begins as a table does: two rows of two cells."""
    try:
        sheet.reset_dimensions()
        rows = islice(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1), ROWS_LOOKED)
        wide = (row for row in rows if sum(map(_filled, row)) > 1)
        return len(list(islice(wide, 2))) > 1
    except (*_BROKEN, AttributeError):
        return False  # a sheet of a chart alone, or one that is damaged


def _header(rows: list[tuple[Any, ...]]) -> int:
    """Return which of the first rows names the columns: the first that fills about as many cells as those below it and
    does not say what the report is about, as `readers.delimited.find_header` has it."""
    filled = [sum(map(_filled, cells)) for cells in rows]
    usual = max(filled[1:] or filled, key=lambda many: (filled.count(many), many))
    wide = [place for place, many in enumerate(filled) if many >= max(2, ceil(0.75 * usual))]
    below = {place: rows[after] for place, after in pairwise(wide)}
    titles = {place for place in wide if _is_title(rows[place], below.get(place, ()))}
    return next((place for place in wide if place not in titles), wide[0] if wide else 0)


def _is_title(cells: tuple[Any, ...], below: tuple[Any, ...]) -> bool:
    """Somebody's row, of a sheet that names no columns, is none; nor are names of columns such as "Consent: SMS", which
    have somebody's row below them."""
    if any(isinstance(cell, str) and "@" in cell for cell in cells):
        return False
    if any(isinstance(cell, date) for cell in cells):
        return True
    says = any(isinstance(cell, str) and ": " in f"{cell.strip()} " for cell in cells)
    return says and not any(map(_is_somebodys, below))


def _is_somebodys(cell: Any) -> bool:
    """Tell whether a cell is none of a header: no column is called by a number, a day or an address."""
    if isinstance(cell, str):
        return "@" in cell or cell.strip().lstrip("$").replace(".", "", 1).isdigit()
    return isinstance(cell, int | float | date) and not isinstance(cell, bool)


def _counted(rows: Iterator[tuple[Any, ...]]) -> Iterator[Row]:
    for number, cells in enumerate(rows, 1):
        if number > SHEET_ROWS:
            raise Invalid(f"The workbook has a row beyond {SHEET_ROWS:,}, which no sheet has.", field="file")
        yield number, cells


_OWN_FORMATS = 164
"""Formats below it are every workbook's."""
_PERCENT = "%"
_QUOTED = re.compile(r'"[^"]*"|\\.|[_*].')
_CURRENCY = re.compile(r"\[\$(?P<named>[^\]-]+)|(?P<sign>[€£¥₹₩₽₪])")
_OWN = frozenset({"$", "US$", "USD"})
"""Signs that say no more than the shop's settings do."""


def _seen(book: Any, sheet: Any) -> Iterator[tuple[Any, ...]]:
    """Return a sheet's rows as their owner sees them: of numbers that are shown as a percentage, or with a currency,
    these stand in the number's format alone (ECMA-376, 18.8.30)."""
    formats = book._number_formats
    units = [
        _unit(formats[kind - _OWN_FORMATS] if kind >= _OWN_FORMATS else BUILTIN_FORMATS.get(kind, "General"))
        for kind in (style.numFmtId for style in book._cell_styles)
    ]
    if not any(units):
        return iter(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1))

    def told(cell: Any) -> Any:
        value = cell.value
        if value.__class__ is not float and value.__class__ is not int:
            return value
        unit = units[cell._style_id]
        if not unit:
            return value
        return f"{_text(round(value * 100.0, 6))}%" if unit == _PERCENT else f"{_text(value)} {unit}"

    return (tuple(map(told, row)) for row in sheet.iter_rows(max_col=MAX_COLUMNS + 1))


def _unit(shown_as: str) -> str:
    """Return what a format of numbers shows beside them: a percent sign, a currency that is not dollars, or nothing."""
    shown_as = shown_as.partition(";")[0]
    found = _CURRENCY.search(shown_as)
    sign = (found["named"] or found["sign"]).strip() if found else ""
    if sign:
        return "" if sign in _OWN else sign
    return _PERCENT if _PERCENT in _QUOTED.sub("", shown_as) else ""


def _lines(rows: Iterator[Row], width: int) -> Iterator[list[tuple[int, list[str], str]]]:
    """Yield rows that hold anything, some at a time."""
    line: list[tuple[int, list[str], str]] = []
    characters = 0
    for number, row in rows:
        cells = [_text(cell) for cell in row[:width]]
        if not any(cell.strip() for cell in cells):
            continue
        problem = "The row has cells to the right of the last column." if any(map(_filled, row[width:])) else ""
        if (length := sum(map(len, cells))) > MAX_ROW:
            problem = f"The row has more than {MAX_ROW:,} characters."
            cells, length = [cell[:SHOWN] for cell in cells], SHOWN * width
        line.append((number, cells + [""] * (width - len(cells)), problem))
        characters += length
        if len(line) >= LINE_ROWS or characters > LINE_CHARACTERS:
            yield line
            line, characters = [], 0
    if line:
        yield line


def _filled(cell: Any) -> bool:
    return bool(_text(cell).strip())


def _text(value: Any) -> str:
    """Return a cell as its owner sees it: a whole number without a point, a bare day without a clock."""
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


OPERATIONS = {"rows": _rows}


def warm() -> None:
    """Write and read a small workbook, so that everything needed for it is imported."""
    book = Workbook()
    book.active.append(["a", 1.5, datetime(2026, 1, 2, 3, 4), date(2026, 1, 2), True, None])  # noqa: DTZ001
    packed = io.BytesIO()
    book.save(packed)
    book = _opened(packed)
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        list(_seen(book, sheet))

"""Rows of a file, whatever its format: one interface, streamed and bounded."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from liquor_app.core.errors import Invalid
from liquor_app.core.thread_lanes import Lane

MAX_COLUMNS = 500
MAX_CELL = 1_000_000
"""Characters of one line or cell; a longer one costs its row alone."""
READING = Lane("files", threads=4, waiting=64)
"""Where files are read and rows compared."""
SHOWN = 500
"""Characters kept of a cell that could not be read."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row. `number` is what a spreadsheet shows (the header is 1; a JSON object counts from 1 for the first);
    `problem` says why `cells` cannot be used."""

    number: int
    cells: list[str]
    problem: str = ""


class Table:
    """An open file of rows: `columns`, then its records in order, the same each time it is read.

    Attributes:
        columns: unique names, at most `MAX_COLUMNS`.
        taken: characters handed out so far, so that a chunk can be bounded by more than its rows.
    """

    columns: list[str]
    taken: int = 0

    def __iter__(self) -> Iterator[Record]:
        raise NotImplementedError

    @property
    def read_share(self) -> float:
        """How much of the file has been read, 0 to 1; a buffer ahead of the records."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def unique_names(names: Sequence[str]) -> list[str]:
    """Column names as they stand, trimmed, the nameless numbered, the repeated told apart.

    Raises:
        Invalid: too many.
    """
    trimmed = [" ".join(name.split())[:100] for name in names]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    if len(trimmed) > MAX_COLUMNS:
        raise Invalid(f"The file has {len(trimmed)} columns; {MAX_COLUMNS} are allowed.", field="file")
    unique: list[str] = []
    seen: set[str] = set()
    for position, name in enumerate(trimmed, 1):
        base = name or f"column {position}"
        chosen = base if base not in seen else f"{base} ({position})"
        seen.add(chosen)
        unique.append(chosen)
    return unique


def _looks_like(start: bytes) -> str:
    if start.startswith(b"PK\x03\x04"):
        return "workbook"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid("This is an old Excel file (.xls). Save it as .xlsx or CSV, then import that.", field="file")
    text = start.replace(b"\x00", b"")
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        text = text.removeprefix(mark)
    return {b"[": "json", b"{": "lines"}.get(text.lstrip()[:1], "delimited")


def open_table(path: Path) -> Table:
    """A file as a table; the format is told by its content, never by its name.

    Raises:
        Invalid: no such file, an empty one, or none of CSV, JSON, JSON Lines and Excel (.xlsx).
    """
    if not path.is_file():
        raise Invalid(f"There is no file {path.name}.", field="file")
    with path.open("rb") as file:
        form = _looks_like(file.read(512))
    if form == "workbook":
        from liquor_app.customers.importing.readers.workbook import WorkbookFile

        return WorkbookFile(path)
    if form == "delimited":
        from liquor_app.customers.importing.readers.delimited import DelimitedFile

        return DelimitedFile(path)
    from liquor_app.customers.importing.readers.json_files import JsonFile

    return JsonFile(path)

"""What a file of rows is, whatever its format: one interface, streamed and bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from liquor_app.core.errors import Invalid
from liquor_app.customers.visible_text import narrow
from liquor_app.imports.cleaning.cells import MAX_TEXT, squeezed
from liquor_app.imports.readers.encoding import NO_LETTERS, Letters

MAX_COLUMNS = 500
MAX_CELL = 1_000_000
"""Characters of one line or cell; a longer one costs its row alone."""
SHOWN = 500
"""Characters kept of a cell that could not be read."""


class Record(NamedTuple):
    """One row. `number` is what a spreadsheet shows (the header is 1; a JSON object counts from 1 for the first);
    `problem` says why `cells` cannot be used, `order` which order it is a line of, where the rows around it tell. Of
    purchases `left_out` says why the row is no line of one, `doubt` why nobody can tell (`orders.status_rows`), with
    its code, `voids` that it takes a sale back, `note` what is told of it though it is taken (`row_notes`),
    `in_part` that only a part came back of its order, which is called refunded; `own` are its cells as they stand in
    the file, where the rows around it told more, and `shared` that its amount is a part of what the whole order came
    to (`orders.order_totals`)."""

    number: int
    cells: list[str]
    problem: str = ""
    order: str = ""
    left_out: str = ""
    doubt: str = ""
    voids: bool = False
    own: list[str] | None = None
    shared: bool = False
    doubt_code: str = "unknown_status"
    note: str = ""
    in_part: bool = False

    @property
    def told(self) -> list[str]:
        """Its cells as they stand in the file: what is shown of it, and kept of one refused."""
        return self.cells if self.own is None else self.own


class Table:
    """An open file of rows: `columns`, then its records in order, the same each time it is read.

    Attributes:
        columns: unique names, at most `MAX_COLUMNS`.
        sheet, sheets: of a workbook which is read, and all that hold rows; empty for any other file.
        taken: characters handed out so far, so that a chunk can be bounded by more than its rows.
    """

    columns: list[str]
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    taken: int = 0
    letters: Letters = NO_LETTERS
    """The letters a text is read as; empty for a workbook."""

    def __iter__(self) -> Iterator[Record]:
        """Yield the records. A cell longer than a text may be comes without its runs of white space: whatever reads it
        after this is never held up by a megabyte of spaces. Wide letters and digits come as everybody else's."""
        return map(_plain, self._records())

    def _records(self) -> Iterator[Record]:
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


def _plain(record: Record) -> Record:
    whole = "".join(record.cells)
    if whole.isascii():
        if len(whole) <= MAX_TEXT:  # as almost every row is
            return record
    else:
        record = record._replace(cells=list(map(narrow, record.cells)))
    if max(map(len, record.cells), default=0) <= MAX_TEXT:
        return record
    return record._replace(cells=[squeezed(cell) if len(cell) > MAX_TEXT else cell for cell in record.cells])


def numbered(width: int) -> list[str]:
    """Return names for the columns of a file that names none.

    Raises:
        Invalid: too many.
    """
    return unique_names([f"column {position}" for position in range(1, width + 1)])


def storable_name(name: str) -> str:
    """Return a column's name without NUL, which the database keeps in no text: it would cost the whole file."""
    return name.replace("\x00", "")


def unique_names(names: Sequence[str]) -> list[str]:
    """Column names as they stand, trimmed, the nameless numbered, the repeated told apart.

    Raises:
        Invalid: too many.
    """
    trimmed = [" ".join(narrow(storable_name(name)).split())[:100] for name in names]
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

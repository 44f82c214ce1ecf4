"""Rows that are not as wide as the header: cut short behind their last filled cell, broken by a raw newline, or moved.
Pure."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence

from liquor_app.imports.readers.row_reader import MAX_COLUMNS, SHOWN, Record

MOST_PIECES = 16
"""Lines a row may have been broken into that are put together again."""
LEARNED = 50
"""Rows, the file's first, that say what its columns usually hold."""

_DAY = re.compile(r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b")
_NUMBER = re.compile(r"^[^a-zA-Z\d]*+\d[^a-zA-Z]*+$")


def fit_rows(records: Iterable[Record], width: int) -> Iterator[Record]:
    """Yield rows of exactly `width` cells, or with a problem.

    Tills and spreadsheets leave out what is empty at a row's end: it is put back. A row that was broken within a cell
    (both parts are short, and together as wide as the header) is put together where its cells then stand below cells
    of their kind, left as two where they do so as they are, and refused where that does not tell. Cells that are too
    many, or are not what their columns usually hold, have moved: the row is refused.
    """
    usual = _Usual(width)
    source, ahead = iter(records), deque[Record]()
    while (record := ahead.popleft() if ahead else next(source, None)) is not None:
        many = len(record.cells)
        if record.problem:
            yield record
        elif many == width:
            usual.learn(record.cells)
            yield record
        elif many > width:
            yield _refused(record, f"The row has {many} cells, the header {width}.")
        else:
            pieces, better = _pieces(record, source, ahead, usual)
            if len(pieces) == 1:
                yield usual.fill(record)
            elif better > 0:
                yield Record(record.number, _joined([piece.cells for piece in pieces]))
            else:
                for piece in pieces:
                    problem = (
                        f"The row has {len(piece.cells)} cells, the header {width}; with the row next to it it has as"
                        " many: a line break stands within a cell, or both are cut short. Put it in quotes."
                    )
                    yield _refused(piece, problem)


def _pieces(record: Record, source: Iterator[Record], ahead: deque[Record], usual: _Usual) -> tuple[list[Record], int]:
    """Return a short row with those behind it that make up its width (alone if none do), and by how many cells they
    are likelier its parts than rows. What was read and is not among them waits in `ahead`."""
    kinds = usual.kinds(record.cells)
    pieces, total, better = [record], len(record.cells), 0
    while total < len(kinds) and len(pieces) < MOST_PIECES:
        following = ahead.popleft() if ahead else next(source, None)
        if following is None:
            break
        cells = following.cells
        # the first cell goes on with the last of the piece before
        gain = _score(cells[1:], kinds[total:]) - _score(cells, kinds)
        if following.problem or total + len(cells) - 1 > len(kinds) or len(cells) == len(kinds) or gain < 0:
            ahead.appendleft(following)
            break
        pieces.append(following)
        total, better = total + len(cells) - 1, better + gain
    if total == len(kinds):
        return pieces, better
    ahead.extendleft(reversed(pieces[1:]))
    return [record], 0


def _joined(pieces: Sequence[Sequence[str]]) -> list[str]:
    cells = list(pieces[0])
    for piece in pieces[1:]:
        cells[-1] += "\n" + piece[0]
        cells += piece[1:]
    return cells


def _refused(record: Record, problem: str) -> Record:
    return Record(record.number, [cell[:SHOWN] for cell in record.cells[:MAX_COLUMNS]], problem)


class _Usual:
    """What the columns of a file usually hold."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._rows: list[list[str]] = []
        self._kinds: list[str] | None = None

    def learn(self, cells: list[str]) -> None:
        if len(self._rows) < LEARNED:
            self._rows.append(cells)
            self._kinds = None

    def kinds(self, cells: Sequence[str]) -> list[str]:
        """Return the usual kind of each column, "" for none; where nothing is known yet, that of these cells."""
        if self._kinds is None:
            self._kinds = [_most(row[place] for row in self._rows) for place in range(self._width)]
        here = [*map(_kind, cells), *[""] * self._width] if "" in self._kinds[: len(cells)] else self._kinds
        return [known or kind for known, kind in zip(self._kinds, here, strict=False)]

    def fill(self, record: Record) -> Record:
        """Put back what was left out at a row's end; refuse cells that are not what their columns hold."""
        if _score(record.cells, self.kinds([])) < 0:
            problem = (
                f"The row has {len(record.cells)} of {self._width} cells, and they are not what these columns hold"
                " elsewhere."
            )
            return _refused(record, problem)
        cells = record.cells + [""] * (self._width - len(record.cells))
        self.learn(cells)
        return Record(record.number, cells)


def _score(cells: Sequence[str], kinds: Sequence[str]) -> int:
    """Return how many cells are of their column's kind, less those of another."""
    told = 0
    for cell, usual in zip(cells, kinds, strict=False):
        if usual and (kind := _kind(cell)):
            told += 1 if kind == usual else -1
    return told


def _most(cells: Iterable[str]) -> str:
    kinds = Counter(kind for cell in cells if (kind := _kind(cell)))
    return max(kinds, key=kinds.__getitem__, default="")


def _kind(cell: str) -> str:
    cell = cell.strip()
    if not cell or cell.isalpha():
        return "words" if cell else ""
    if "@" in cell and " " not in cell:
        return "address"
    if _DAY.match(cell):
        return "day"
    if _NUMBER.match(cell):
        return "number"
    return "code" if " " not in cell and any(letter.isdigit() for letter in cell) else "words"

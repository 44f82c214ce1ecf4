"""Kinds of rows of purchases ("Sale", "Return", "Void"), and what was given back where only they tell. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liquor_app.imports.cleaning.orders.row_worth import RowWorth
from liquor_app.imports.cleaning.orders.status_words import Says, is_yes, said_by
from liquor_app.imports.profiles.tool_profile import plain
from liquor_app.imports.readers.row_reader import Record

_OF_KINDS = (Says.COUNTS, Says.VOIDED, Says.RETURN)
_LETTERS = {"S": Says.COUNTS, "R": Says.RETURN, "V": Says.VOIDED}

_BACK: set[Says | None] = {Says.RETURN, Says.VOIDED}


def tells_kinds(column: str, cells: Sequence[str]) -> bool:
    """Tell whether a column holds kinds of rows, all of them known ("Sale", "Return"): it is no category."""
    return bool(cells) and all(kind_of_row(column, one) in _OF_KINDS for one in cells)


def kind_of_row(column: str, cell: str) -> Says | None:
    """Return what a kind of row says: by its word, or by its letter where the column is not just called a type, which
    may hold an R for red wine."""
    letter = None if plain(column) in ("type", "kind", "typ") else _LETTERS.get(cell.strip().upper())
    return letter or said_by(cell)


class KindSigns:
    """`KindSigns(…)(rows)` are an order's rows, those with their sum below zero whose kind alone says that they were
    given back: in a file none of whose first returns and voids has one. A void is so beside its sale alone; by itself
    it says that its order, wherever that stands, is none. False where no kind of the file is such a sign.

    Args:
        at: field → position of its column.
        kinds: positions of the columns that hold kinds of rows; and whether one asks if a row is a return.
        sample: the first rows.
    """

    def __init__(
        self, columns: Sequence[str], at: Mapping[str, int], kinds: Mapping[int, bool], worth: RowWorth,
        sample: Sequence[Record],
    ) -> None:  # fmt: skip
        self._columns, self._worth = columns, worth
        self._sums = [at[one] for one in ("amount", "quantity") if one in at] or [at.get("unit_price", 0)]
        self._kinds, self._asks = ([at for at, one in kinds.items() if one is asks] for asks in (False, True))
        if any(not one.problem and worth(one.cells) < 0 and self._says(one.cells) & _BACK for one in sample):
            self._kinds, self._asks = [], []

    def __bool__(self) -> bool:
        return bool(self._kinds or self._asks)

    def __call__(self, rows: Sequence[Record]) -> list[Record]:
        said = [set() if one.problem or self._worth(one.cells) <= 0 else self._says(one.cells) for one in rows]
        sold = any(Says.COUNTS in one and not one & _BACK for one in said)
        # by itself "Is Return: Yes" may be said of the sale that came back
        back = _BACK if sold else {Says.RETURN} if self._kinds else set[Says | None]()
        return [self._signed(one) if told & back else one for one, told in zip(rows, said, strict=True)]

    def _signed(self, record: Record) -> Record:
        cells = list(record.cells)
        for place in self._sums:
            cells[place] = f"-{cells[place].strip()}" if cells[place].strip() else ""
        return record._replace(cells=cells, own=record.told)

    def _says(self, cells: Sequence[str]) -> set[Says | None]:
        asked = {Says.RETURN if is_yes(cells[place]) else Says.COUNTS for place in self._asks}
        return asked | {kind_of_row(self._columns[place], cells[place]) for place in self._kinds}

"""What is told of rows that are taken: their notes in the file's own words, and which name again what stood above."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.refusal_words import FileWords
from liquor_app.imports.readers.row_reader import Record
from liquor_app.imports.trial.repeated_rows import MOST_TOLD, Keys, RepeatedRows
from liquor_app.imports.warned.warned_rows import KEPT, MOST_KEPT, Warned, write_warned


class Noted(Protocol):
    """A row, understood."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is told of it, by `row_notes.NOTES`."""
        raise NotImplementedError


class RowWarnings:
    """Says and keeps what is told of a file's rows.

    Args:
        repeated: what the rows before named.
    """

    def __init__(self, words: FileWords, repeated: RepeatedRows) -> None:
        self._words, self._repeated = words, repeated
        self._kept: list[Warned] = []
        self._room = MOST_KEPT

    def refusal(self, why: Rejected) -> Rejected:
        """Return why a row is refused, in the file's own words."""
        return Rejected(why.code, why.field, self._words.refusal(why.reason))

    def told(self, notes: Iterable[str], record: Record, again: str | None = None) -> str:
        """Return the notes of a row as a text."""
        return " ".join([*(self._words.note(note, record.cells) for note in notes), *([again] if again else [])])

    def keep(self, rows: Sequence[Noted], records: Sequence[Record], again: Mapping[int, str]) -> None:
        """Keep the notes of rows for the import's report, while there is room.

        Args:
            again: the words for rows that name again what stood above, by their place.
        """
        for at, (row, record) in enumerate(zip(rows, records, strict=True)):
            if (row.notes or at in again) and len(self._kept) < self._room:
                self._kept += [
                    Warned(record.number, *self._words.where(note, record.cells), self._words.note(note, record.cells))
                    for note in dict.fromkeys(row.notes)
                ]
                self._kept += [Warned(record.number, "", "", again[at])] if at in again else []

    def twice(
        self, named: Mapping[int, tuple[Keys, int]], position: dict[str, Any], notes: Counter[str]
    ) -> dict[int, str]:
        """Note rows that name again what stood further up in the file; returns the words for each, by its place."""
        told = {at: said for at, (keys, number) in named.items() if (said := self._repeated.see(keys, number))}
        if told:
            notes[self._repeated.code] += len(told)
            position["twice"] = [*position.get("twice", []), *told.values()][:MOST_TOLD]
        return {at: self._repeated.reason(said) for at, said in told.items()}

    def begin(self, position: Mapping[str, Any]) -> None:
        """Begin a step: what one that was rolled back had kept is kept by nobody."""
        self._kept, self._room = [], MOST_KEPT - int(position.get(KEPT, 0))

    async def write(self, session: AsyncSession, import_id: UUID, position: dict[str, Any]) -> None:
        """Store what was kept since `begin`, as much as there is room for."""
        if self._kept:
            kept = await write_warned(session, import_id, self._kept[: self._room])
            position[KEPT] = MOST_KEPT - self._room + kept

"""Rows that were not taken: counted by reason, kept in a file that can be mended and imported again."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from liquor_app.customers.importing.cells import Rejected, escape_formula
from liquor_app.customers.importing.reading import Record

SHOWN = 5000
OWN_COLUMNS = ("import_row", "import_field", "import_reason", "import_line")


class Rejects:
    """Writes the file beside its final name and moves it there at the end, so that a file found is a whole one.

    Cells that a spreadsheet would run are escaped; reading the file again takes the escape off. A row whose cells
    could not be told apart stands whole in `import_line`, so that nothing is imported from it unmended.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.reasons: Counter[str] = Counter()
        self._columns = columns
        self._file: TextIO | None = None

    @property
    def count(self) -> int:
        return self.reasons.total()

    def add(self, record: Record, why: Rejected) -> None:
        self.reasons[why.code] += 1
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w", newline="", encoding="utf-8")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*map(escape_formula, self._columns), *OWN_COLUMNS])
        cells = [escape_formula(cell[:SHOWN].replace("\x00", "")) for cell in record.cells]
        line = ""
        if record.problem:
            cells, line = [""] * len(self._columns), escape_formula(",".join(cells)[:SHOWN])
        self._writer.writerow([*cells, record.number, why.field, why.reason, line])

    @property
    def _part(self) -> Path:
        return self.path.with_suffix(f".{os.getpid()}.part")

    def close(self, *, keep: bool) -> str | None:
        """The finished file's path; None if there is none."""
        if self._file is None:
            return None
        self._file.close()
        if not keep:
            self._part.unlink(missing_ok=True)
            return None
        self._part.replace(self.path)
        return str(self.path)

"""Documents as PDF, set by Typst from one template: letters, tables and drawn charts, numbered pages, tags for readers
of screens. Pure but for the template it reads.

Whatever a document says is handed over as data and set as text: no name of a campaign can be a command.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import typst

from liquor_app.core.platform.private_files import create_bytes

_TEMPLATE = Path(__file__).with_name("document.typ")
MOST_CELLS = 20_000
"""Of all tables together; what is longer is for a spreadsheet."""
LONGEST = 300
"""Letters of a cell."""
_UNBROKEN = re.compile(r"(\S{24})(?=\S)")
STANDARD = "PDF/UA-1"
"""What readers of screens can rely on. A document with letters that our fonts lack, such as a drawn glass, cannot have
it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A course: a value a day, None where there is none."""

    label: str
    values: Sequence[float | None]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """Lines over days, from `first` to `last`; `most` says what the upper edge stands for."""

    title: str
    lines: Sequence[Line]
    first: str
    last: str
    most: str
    kind: Literal["course"] = "course"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, and what stands behind it."""

    label: str
    value: float
    told: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars from zero; one below it has no length."""

    title: str
    rows: Sequence[Bar]
    kind: Literal["bars"] = "bars"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table in words. `numeric` columns stand to the right, and their cells are never broken, as those of the first
    column where `is_whole`; `total` is the last line, empty for none."""

    title: str
    heads: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()
    words: str = ""
    empty: str = "Nothing in this period."
    is_whole: bool = False

    @property
    def widths(self) -> list[str]:
        """The first column takes what room is left."""
        return ["whole" if self.is_whole else "wide", *["auto"] * (len(self.heads) - 1)]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in large, and what it is compared with."""

    label: str
    value: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What a figure means."""

    term: str
    words: str


@dataclass(frozen=True, slots=True)
class Document:
    """What is set.

    Attributes:
        shop, color: whose it is, and its brand's colour (`#rrggbb`).
        under: the line below the title.
        made: the footer: when it was made, and by what clock.
        wide: landscape.
    """

    title: str
    shop: str
    under: str
    made: str
    color: str = "#995a07"
    summary: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    charts: Sequence[Course | Bars] = ()
    tables: Sequence[Sheet] = ()
    notes: Sequence[Note] = field(default_factory=tuple)
    wide: bool = False


def _breakable(told: Any) -> Any:
    """Return data with places to break in words that are longer than a line of a narrow column: a name without a space
    ran off the paper."""
    if isinstance(told, str):
        return _UNBROKEN.sub("\\1\u200b", told)
    if isinstance(told, dict):
        return {name: _breakable(one) for name, one in told.items()}
    return [_breakable(one) for one in told] if isinstance(told, list | tuple) else told


class TooLong(ValueError):
    """More cells than a PDF is made of."""


def pdf_of(document: Document, at: datetime) -> bytes:
    """Return a document as PDF (letter paper, tagged, fonts within).

    Args:
        at: when it is made; the file says so.

    Raises:
        TooLong: its tables have more than `MOST_CELLS` cells.
    """
    if sum(len(one.heads) * len(one.rows) for one in document.tables) > MOST_CELLS:
        raise TooLong
    told = asdict(document)
    for sheet, given in zip(document.tables, told["tables"], strict=True):
        given["widths"] = sheet.widths
        given["rows"] = [[cell[:LONGEST] for cell in row] for row in sheet.rows]
    data = json.dumps(_breakable(told))
    with tempfile.TemporaryDirectory(prefix="document-") as name:  # it sees no file but its template
        root = Path(name)
        template = root / _TEMPLATE.name
        with create_bytes(template) as file:
            file.write(_TEMPLATE.read_bytes())

        def compiled(standard: Literal["ua-1"] | None) -> bytes:
            return typst.compile(
                template, root=root, format="pdf", ignore_system_fonts=True, sys_inputs={"told": data},
                package_path=root, package_cache_path=root, timestamp=at.replace(microsecond=0),
                pdf_standards=standard,
            )  # fmt: skip

        try:
            return compiled("ua-1")
        except typst.TypstError as failed:
            if STANDARD not in str(failed):
                raise
            return compiled(None)  # letters that no font of ours has: boxes on paper, and still their text within

"""From a cell's text to a value of ours: understood, or refused with a reason."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Self

from liquor_app.core.csv_cells import unescape_formula
from liquor_app.customers.visible_text import visible

MAX_TEXT = 255
REMEMBERED = 4096
"""Cells whose meaning is remembered where a column holds few different ones."""
MOST_REMEMBERED = 500
"""Letters of several cells whose meaning is remembered together: a stranger's long ones would fill the memory."""
_ERRORS = ("#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!", "#spill!", "#calc!", "#error!")
"""What spreadsheets leave where a formula came to nothing."""
BLANKS = frozenset({"", "null", "none", "n/a", "na", "nan", "nil", "-", "\\n", '""', "''", *_ERRORS})
_LONGEST_BLANK = max(map(len, BLANKS))
_PLAIN = re.compile(r"[!#-&(-<>-~][!-~]*(?: [!-~]+)*")
"""Most cells: printable ASCII, single spaces within, and nothing a spreadsheet or a program puts before a text. They
stand as they are."""


_RUN = re.compile(r"\s{2,}")


def squeezed(cell: str) -> str:
    """Return a cell whose runs of white space are one each: a line break where they hold one, else a space."""
    return _RUN.sub(lambda run: "\n" if "\n" in run[0] else " ", cell)


class Rejected(Exception):
    """A row that cannot be taken: `code` for counting, `field` to blame, `reason` for whoever mends it."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.field = field
        self.reason = reason

    def bare(self) -> Self:
        """Return it without the frames it came through: they hold it, and with it a row's cells, in a circle."""
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self


_QUOTED = re.compile(r'"([^"]+)"|“([^“”"]+)”|„([^„“"]+)“|«([^«»]+)»')
"""A whole text in quotation marks, which are none of it."""


LAYERS = 3
"""Of clothes a text may wear, one over the other: '="02118"."""


def _undressed(text: str) -> str:
    """Return a text without what a spreadsheet or a program put around it."""
    if text[:1] == "'" and text[1:2].isdigit():
        # what keeps a spreadsheet from reading a text of digits as a number, or both halves of a pair of marks
        return text[1:-1] if text[-1] == "'" and len(text) > 2 else text[1:]
    text = unescape_formula(text)
    if text[:2] == '="' and len(text) > 2 and text[-1] == '"' and '"' not in text[2:-1]:
        return text[2:-1]  # … and what keeps it from that as a formula: ="02118"
    if quoted := _QUOTED.fullmatch(text.removeprefix("'")):
        return str(quoted[quoted.lastindex or 0]).strip()
    return text


def clean_text(cell: str, field: str) -> str | None:
    """Return one line of text, None if blank."""
    if not cell:
        return None
    if len(cell) <= MAX_TEXT and _PLAIN.fullmatch(cell):
        return cell
    if "\x00" in cell:
        raise Rejected("nul_character", field, f"{field} holds a NUL character.")
    cell = visible(cell)
    if len(cell) > MAX_TEXT and len(cell.strip()) > MAX_TEXT:
        raise Rejected("too_long", field, f"{field} is longer than {MAX_TEXT} characters.")
    text = cell.strip()
    for _ in range(LAYERS):
        if (bare := _undressed(text)) == text:
            break
        text = bare
    return " ".join(text.split()) or None


@lru_cache(maxsize=REMEMBERED)
def clean_label(cell: str, field: str) -> str | None:
    """As `clean_word`, for columns that repeat themselves: cities, shops, categories."""
    return clean_word(cell, field)


def clean_word(cell: str, field: str) -> str | None:
    """Text, None if blank or one of the words programs write for nothing."""
    if not cell:
        return None
    text = clean_text(cell, field)
    return None if text is None or (len(text) <= _LONGEST_BLANK and text.lower() in BLANKS) else text

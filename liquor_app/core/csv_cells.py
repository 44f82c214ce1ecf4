"""Cells of a file that a spreadsheet will show and never run (OWASP, CSV injection). Pure."""

from __future__ import annotations

import re

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""How what a spreadsheet reckons begins; full-width ones too, which Excel reads as their narrow selves."""
_STARTS = re.compile(rf"[\t\r]|[\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff,;|]*[{re.escape(''.join(FORMULA))}]")
"""What nothing is seen of, and what another country's spreadsheet takes for the end of a cell, may stand before it."""
_NUMBER = re.compile(r"[+-]?\d[\d.]*")
"""A telephone number or a sum stays what it is, so that the file can be brought in again."""


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet might reckon with a cell."""
    return _STARTS.match(cell) is not None


def escape_formula(cell: str) -> str:
    """Return a cell nothing in it is run of."""
    return f"'{cell}" if is_formula(cell) else cell


def unescape_formula(cell: str) -> str:
    """Tell what a cell said before `escape_formula`."""
    return cell[1:] if cell[:1] == "'" and is_formula(cell[1:]) else cell


def export_text(cell: str) -> str:
    """Return a text in an export: numbers as they are, all else escaped."""
    return cell if _NUMBER.fullmatch(cell) else escape_formula(cell)

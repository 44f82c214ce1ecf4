"""Cells of a file that a spreadsheet will show and never run (OWASP, CSV injection). Pure."""

from __future__ import annotations

import re

FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d[\d.]*")
"""A telephone number or a sum stays what it is, so that the file can be brought in again."""


def escape_formula(cell: str) -> str:
    """Return a cell nothing in it is run of."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def unescape_formula(cell: str) -> str:
    """Tell what a cell said before `escape_formula`."""
    return cell[1:] if cell[:1] == "'" and cell[1:].lstrip(" ").startswith(FORMULA) else cell


def export_text(cell: str) -> str:
    """Return a text in an export: numbers as they are, all else escaped."""
    return cell if _NUMBER.fullmatch(cell) else escape_formula(cell)

"""Text the database can keep, and text that says something. Pure."""

from __future__ import annotations

import unicodedata
from typing import Any

MAX_DEPTH = 100
UNSTORABLE = "holds a character that cannot be stored (NUL, or half of a pair); remove it"


class TooDeep(ValueError):
    """Lists in lists in lists, further than anything of ours goes."""


def unstorable(value: Any, path: str = "", depth: int = 0) -> str | None:
    """Tell where in a value, as a client sent it, the first text stands that PostgreSQL refuses: NUL is none of its
    characters, half a surrogate pair no character at all. "name", "rules.0.value", "" for the value itself; None if
    all is well. Printable ASCII, whatever it names.

    Raises:
        TooDeep: it holds more than `MAX_DEPTH` layers.
    """
    if isinstance(value, str):
        return path if _is_bad(value) else None
    if depth > MAX_DEPTH:
        raise TooDeep
    items: Any = ()
    if isinstance(value, dict):
        bad = next((key for key in value if isinstance(key, str) and _is_bad(key)), None)
        if bad is not None:
            return _joined(path, bad.encode("ascii", "backslashreplace").decode().replace("\x00", "\\x00"))
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    for key, item in items:
        if (found := unstorable(item, _joined(path, key), depth + 1)) is not None:
            return found
    return None


def _is_bad(text: str) -> bool:
    return "\x00" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text))


def _joined(path: str, key: Any) -> str:
    name = str(key)[:80].encode("ascii", "backslashreplace").decode()
    return f"{path}.{name}" if path else name


_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters by their category that nobody sees: fillers of Hangul, and Braille's empty cell."""


def _is_seen(letter: str) -> bool:
    return letter not in _BLANK and unicodedata.category(letter)[0] not in "CZM"


_CONTROLS = dict.fromkeys([*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0)])
"""What drives terminals and says nothing. Tab and new line stay, and NUL, which is refused by name."""


def without_controls(text: str) -> str:
    """Return a text without characters that control a terminal, and print nothing."""
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """Return a name as it is kept: without controls, on one line, a single space where there were several.

    >>> one_line(" till\\x1b[2J\\n  export.csv ")
    'till[2J export.csv'
    """
    return " ".join(without_controls(text).split())


def said(text: str) -> str:
    """Return a text without the spaces around it and without controls; "" if nobody would see anything of it.

    Spaces, controls, marks without a letter, and characters of no width say nothing: a reason made of them is none.

    >>> said("  sold out "), said("\\u200b\\u2060\\u3164 ")
    ('sold out', '')
    """
    trimmed = without_controls(text).strip()
    return trimmed if any(map(_is_seen, trimmed)) else ""

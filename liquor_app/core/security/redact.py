"""What may be written down of a text or an error: no person, no secret, no second line.

Logs, job rows and answers outlive the request and are read by other people than the database is. An error of the
database quotes the very row that failed (`Key (email)=(ann@…) already exists`, `Failing row contains (…)`), so of
errors that are not ours only what cannot hold data is told: the type, the SQL state, the constraint's name.
"""

from __future__ import annotations

import re
import unicodedata

from liquor_app.core.errors import AppError

VALUE_CHARS = 300
"""Longest a single value gets in a log line."""

_UUID = re.compile(r"(?<![0-9a-f])([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-f])")
_HIDDEN = (
    (re.compile(r"\$argon2\S+"), "[hash]"),
    (re.compile(r"://[^\s/@:]*:[^\s/@]*@"), "://[secret]@"),
    (re.compile(r"[^\s@<>\"'(),;=/\[\]]{1,64}@[^\s@<>\"'(),;=/\[\]]{1,255}"), "[e-mail]"),
    (re.compile(r"\beyJ[\w-]+(?:\.[\w-]+){1,2}"), "[token]"),
    (re.compile(r"\blk_[\w-]+"), "[token]"),
    (re.compile(r"\b[0-9a-fA-F]{32,}\b"), "[token]"),
    (re.compile(r"\+\d[\d ().-]{7,}\d|\b\d{10,}\b"), "[number]"),
)
_LONG = re.compile(r"[A-Za-z0-9_+/-]{20,}={0,2}")
_TELLS_OF_CODE = (AttributeError, NameError, ImportError, NotImplementedError, TypeError)
"""Errors whose text speaks of names in the code."""


def _token(found: re.Match[str]) -> str:
    """Random text mixes capitals, small letters and digits; a name or a path of ours does not."""
    run = found[0]
    mixed = any(c.isupper() for c in run) and any(c.islower() for c in run) and any(c.isdigit() for c in run)
    return "[token]" if mixed else run


def one_line(text: str) -> str:
    """`text` with everything escaped that could begin a new line, move a terminal's cursor or turn the reading
    direction."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c
        for c in text
    )


def redact(text: str, limit: int = VALUE_CHARS) -> str:
    """`text` on one line, cut to `limit` characters, with addresses, numbers of phones, tokens and hashes hidden. Ids
    (UUIDs) stay: they lead to a row for those who may read it."""
    cut = one_line(text[: limit * 2])
    pieces = _UUID.split(cut)
    for index in range(0, len(pieces), 2):
        for pattern, shown in _HIDDEN:
            pieces[index] = pattern.sub(shown, pieces[index])
        pieces[index] = _LONG.sub(_token, pieces[index])
    told = "".join(pieces)
    return told if len(told) <= limit and len(text) <= limit * 2 else told[:limit] + "…"


def constraint_of(error: BaseException) -> str | None:
    """Return the constraint an error of the database names, if it does: a name of our schema's, never a value."""
    origin = getattr(error, "orig", None) or error
    name = getattr(getattr(origin, "diag", None), "constraint_name", None)
    return None if name is None else str(name)


def describe(error: BaseException) -> str:
    """Return an error in words that hold no data: our own message, or the type and what is known to be harmless."""
    name = type(error).__name__
    if isinstance(error, AppError):
        return redact(error.message)
    origin = getattr(error, "orig", None) or error
    if (state := getattr(origin, "sqlstate", None)) is not None:
        constraint = constraint_of(error)
        return f"{name} (SQL state {state}{f', {constraint}' if constraint else ''})"
    if isinstance(error, OSError):
        return f"{name}: {error.strerror}" if error.strerror else name
    if isinstance(error, _TELLS_OF_CODE):
        return f"{name}: {redact(str(error))}"
    return name

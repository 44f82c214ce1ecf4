"""What bytes a text file is written in."""

from __future__ import annotations

import codecs
from io import BufferedReader, TextIOWrapper
from pathlib import Path

HEAD = 4096
AS_WINDOWS = "liquor.windows"
"""How what is no UTF-8 is read; see `guess_encoding`."""


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    # spreadsheets write Windows-1252 without saying so, sometimes into the middle of a UTF-8 file
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(AS_WINDOWS, _as_windows)


def guess_encoding(head: bytes) -> str:
    """UTF-16 by its mark, or by the NULs that fill every other byte of Western text; else UTF-8.

    What is no UTF-8 is read as Windows-1252, character by character, by the error handler `liquor.windows`.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = max(len(head) // 2, 1)
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    return "utf-8-sig"


def open_text(path: Path) -> TextIOWrapper:
    """Return the file as text, line ends as they are."""
    raw = path.open("rb")
    try:
        encoding = guess_encoding(raw.read(HEAD))
        raw.seek(0)
        return TextIOWrapper(raw, encoding, errors=AS_WINDOWS, newline="")
    except BaseException:
        raw.close()
        raise


def bytes_read(text: TextIOWrapper) -> int:
    """Tell how far into its file a text has read, a buffer ahead of its characters."""
    raw = text.buffer
    assert isinstance(raw, BufferedReader)
    return raw.tell()

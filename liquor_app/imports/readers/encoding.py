"""What bytes a text file is written in."""

from __future__ import annotations

import codecs
from io import BufferedReader, TextIOWrapper
from pathlib import Path

from liquor_app.imports.readers.letters import WINDOWS, letters_of

HEAD = 4096
MOST_LOOKED_AT = 2_000
LOOKED_AT = 256 * 1024
"""Bytes that tell which letters a file is written in: of a list of names few hold one above 127."""
AS_WINDOWS = "liquor.windows"
"""How what is no UTF-8 is read; see `guess_encoding`."""


MOSTLY, FEW = 0.9, 0.1


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    # spreadsheets write Windows-1252 without saying so, sometimes into the middle of a UTF-8 file
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(AS_WINDOWS, _as_windows)


def guess_encoding(head: bytes) -> str:
    """UTF-32 and UTF-16 by their mark, or by the NULs that fill Western text; else UTF-8.

    What is no UTF-8 is read as Windows-1252, character by character, by the error handler `liquor.windows`; where all
    of a file is in other letters, `guess_letters` tells.
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    quarter = max(len(head) // 4, 1)
    empty = [head[place::4].count(0) / quarter for place in range(4)]
    if min(empty[1:]) > MOSTLY and empty[0] < FEW:
        return "utf-32-le"
    if min(empty[:3]) > MOSTLY and empty[3] < FEW:
        return "utf-32-be"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = max(len(head) // 2, 1)
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    if odd > 0.4 and even < FEW:
        return "utf-16-le"
    if even > 0.4 and odd < FEW:
        return "utf-16-be"
    return "utf-8-sig"


def guess_letters(start: bytes) -> tuple[str, bool]:
    """Return which letters a text file is written in, where it holds nothing that is UTF-8 and something that is not;
    and whether words look odd in them. "" for UTF-8."""
    bad = good = 0
    left = start
    while left:
        try:
            good += not left.decode("utf-8").isascii()
            break
        except UnicodeDecodeError as error:
            good += not left[: error.start].isascii()
            if error.end >= len(left) and error.reason == "unexpected end of data":
                break
            bad += 1
            left = left[error.end :]
        if good or bad > MOST_LOOKED_AT:
            break
    if good or not bad:
        return "", False
    return letters_of(start)


def open_text(path: Path) -> TextIOWrapper:
    """Return the file as text, line ends as they are."""
    raw = path.open("rb")
    try:
        start = raw.read(LOOKED_AT)
        encoding = guess_encoding(start[:HEAD])
        raw.seek(0)
        letters = guess_letters(start)[0] if encoding == "utf-8-sig" else ""
        if letters and letters != WINDOWS:
            return TextIOWrapper(raw, letters, errors="replace", newline="")
        return TextIOWrapper(raw, encoding, errors=AS_WINDOWS, newline="")
    except BaseException:
        raw.close()
        raise


def letters_in(path: Path) -> tuple[str, bool]:
    """As `guess_letters`, of a file."""
    with path.open("rb") as raw:
        start = raw.read(LOOKED_AT)
    return guess_letters(start) if guess_encoding(start[:HEAD]) == "utf-8-sig" else ("", False)


def bytes_read(text: TextIOWrapper) -> int:
    """Tell how far into its file a text has read, a buffer ahead of its characters."""
    raw = text.buffer
    assert isinstance(raw, BufferedReader)
    return raw.tell()

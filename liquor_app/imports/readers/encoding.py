"""What bytes a text file is written in."""

from __future__ import annotations

import codecs
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from liquor_app.imports.readers.letters import CALLED, WINDOWS, is_odd_in, letters_of

HEAD = 4096
MOST_LOOKED_AT = 2_000
LOOKED_AT = 256 * 1024
"""Bytes that tell which letters a file is written in: of a list of names few hold one above 127."""
AS_WINDOWS = "liquor.windows"
"""How what is no UTF-8 is read; see `guess_encoding`."""
UTF_8, UTF_16, UTF_32 = "utf-8", "utf-16", "utf-32"
ENCODINGS = {UTF_8: "UTF-8", **CALLED, UTF_16: "UTF-16", UTF_32: "UTF-32"}
"""What a file may be said to be written in, with what each is called."""


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


class Letters(NamedTuple):
    """What a file is read as, one of `ENCODINGS`; whether somebody said so; and whether words look odd in it."""

    encoding: str = ""
    is_chosen: bool = False
    is_odd: bool = False


NO_LETTERS = Letters()
"""Of a workbook."""


def open_text(path: Path, encoding: str = "") -> tuple[TextIOWrapper, Letters]:
    """Return the file as text, line ends as they are, and what it is read as.

    Args:
        encoding: one of `ENCODINGS`, where somebody said so; guessed if empty.
    """
    raw = path.open("rb")
    try:
        start = raw.read(LOOKED_AT)
        raw.seek(0)
        codec, letters = _chosen(start, encoding) if encoding else _guessed(start)
        return TextIOWrapper(raw, codec, errors="replace" if codec in CALLED else AS_WINDOWS, newline=""), letters
    except BaseException:
        raw.close()
        raise


def _guessed(start: bytes) -> tuple[str, Letters]:
    codec = guess_encoding(start[:HEAD])
    if codec != "utf-8-sig":
        return codec, Letters(codec[:6])
    letters, is_odd = guess_letters(start)
    # a spreadsheet's Windows-1252 is read a letter at a time, for UTF-8 may follow further down
    return (codec if letters in ("", WINDOWS) else letters), Letters(letters or UTF_8, is_odd=is_odd)


def _chosen(start: bytes, encoding: str) -> tuple[str, Letters]:
    """Return the codec of what somebody said, with the order of bytes the file itself shows."""
    if encoding in CALLED:
        return encoding, Letters(encoding, is_chosen=True, is_odd=is_odd_in(start, encoding))
    if encoding == UTF_8:
        letters, _ = guess_letters(start)
        return "utf-8-sig", Letters(encoding, is_chosen=True, is_odd=bool(letters))
    guessed = guess_encoding(start[:HEAD])
    codec = guessed if guessed.startswith(encoding) else f"{encoding}-le"
    lost = start[: len(start) - len(start) % 4].decode(codec, "replace").rstrip("\ufffd").count("\ufffd")
    return codec, Letters(encoding, is_chosen=True, is_odd=lost > 0)


def bytes_read(text: TextIOWrapper) -> int:
    """Tell how far into its file a text has read, a buffer ahead of its characters."""
    raw = text.buffer
    assert isinstance(raw, BufferedReader)
    return raw.tell()

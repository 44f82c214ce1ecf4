"""Stored files that name somebody: found, and taken away whole. A file is never rewritten. Corridors: no actor is
asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from liquor_app.core.files.folders import EXPORT_FILES, IMPORT_FILES, REJECT_FILES
from liquor_app.core.files.store import file_store

OVERLAP = 1024
"""Bytes of a piece that are looked at once more with the next: a name may stand across both."""
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"%PDF")
"""How workbooks and archives begin: what stands in them is not seen from outside."""
_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


async def names_somebody(pieces: AsyncIterator[bytes], words: re.Pattern[str]) -> bool:
    """Tell whether a file names somebody, in whatever letters; of one that is packed nobody can tell, and it does."""
    left, wide = b"", ""
    async for piece in pieces:
        if not left and piece.startswith(_PACKED):
            return True
        if not left:
            wide = _WIDE.get(piece[:2], "")
        block, left = left + piece, piece[-OVERLAP:]
        if await asyncio.to_thread(_is_named, block, words, wide):
            return True
    return False


def _is_named(block: bytes, words: re.Pattern[str], wide: str) -> bool:
    encodings = (wide,) if wide else ("utf-8", "latin-1")
    return any(words.search(block.decode(encoding, "replace")) for encoding in encodings)


async def forget_exports() -> int:
    """Take away every file somebody asked to carry away; returns how many. They are kept for two days and made again at
    a click: looking into each would take longer."""
    gone = [one.key async for one in file_store().list(EXPORT_FILES)]
    for key in gone:
        await file_store().delete(key)
    return len(gone)


async def named_files(words: re.Pattern[str]) -> list[str]:
    """Return the keys of files brought in, and of refused rows, that name somebody."""
    store = file_store()
    found = []
    for folder in (IMPORT_FILES, REJECT_FILES):
        for one in [one async for one in store.list(folder)]:
            if await names_somebody(store.read(one.key), words):
                found.append(one.key)
    return found

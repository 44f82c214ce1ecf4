"""Bar codes as they are written, and as they are known. Pure."""

from __future__ import annotations

import re

_BEHIND = re.compile(r"\.0+$")


def read_upc(text: str) -> str | None:
    """Return a UPC, EAN or GTIN as it is kept: digits alone, one that a spreadsheet cut its zeros off of twelve again.
    None for zeros, which tills write where there is none.

    >>> read_upc("0-83664-86873-5"), read_upc("83664868735.0"), read_upc("0083664868735")
    ('083664868735', '083664868735', '083664868735')

    Raises:
        ValueError: it is none; the message says what one looks like.
    """
    digits = re.sub(r"[\s\-'’]", "", _BEHIND.sub("", text.strip()))
    if not digits.isascii() or not digits.isdigit() or len(digits) > 14:
        raise ValueError(f"upc must be the digits of a bar code, not {text[:40]!r}.")
    bare = digits.lstrip("0")
    if not bare:
        return None
    if len(bare) < 4:
        raise ValueError(f"upc must be the digits of a bar code, not {text[:40]!r}.")
    return digits if len(digits) == 8 else bare.zfill(12)  # an EAN-8; an EAN-13 or a case's GTIN are longer

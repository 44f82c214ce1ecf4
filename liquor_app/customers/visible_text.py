"""Text without what nobody sees: marks that copying leaves behind, and that make two of one address. Pure."""

from __future__ import annotations

_UNSEEN = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF,
     *range(0xFFF9, 0xFFFC)]
)  # fmt: skip
"""Soft hyphens, joiners, zero-width spaces, marks of direction, byte order marks."""


def visible(text: str) -> str:
    """Return a text without characters that have no width and no meaning in a name or an address."""
    return text if text.isascii() else text.translate(_UNSEEN)

"""Text without what makes two of one address: marks nobody sees, and the wide letters of East Asian keyboards. Pure."""

from __future__ import annotations

_UNSEEN: dict[int, int | None] = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF,
     *range(0xFFF9, 0xFFFC)]
)  # fmt: skip
"""Soft hyphens, joiners, zero-width spaces, marks of direction, byte order marks."""

_WIDE: dict[int, int | None] = {
    **{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}, 0x3000: 0x20, 0xFFE0: 0xA2, 0xFFE1: 0xA3, 0xFFE5: 0xA5,
    0xFFE6: 0x20A9,
}  # fmt: skip
"""Letters, digits, marks, the space and signs of money of full width: Ａ is A, ＠ is @, ￥ is ¥."""
_VISIBLE = _WIDE | _UNSEEN


def visible(text: str) -> str:
    """Return a text without characters that have no width and no meaning in a name or an address, and with wide letters
    and digits as everybody else's."""
    return text if text.isascii() else text.translate(_VISIBLE)


def narrow(text: str) -> str:
    """Return a text with letters and digits of full width as everybody else's; all else stays.

    >>> narrow("Ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ"), narrow("山崎１２年")
    ('Jane@example.com', '山崎12年')
    """
    return text if text.isascii() else text.translate(_WIDE)

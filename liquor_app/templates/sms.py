"""What a text costs: its alphabet and the segments it takes (3GPP TS 23.038). Pure."""

from __future__ import annotations

from dataclasses import dataclass

MAX_CHARACTERS = 1600

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")

_PLAIN = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "…": "...",
        "\u00a0": " ", "\u2009": " ", "\u202f": " ", "•": "-", "\t": " ",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SmsSize:
    """`units` are septets in GSM-7, UTF-16 code units in UCS-2; `limit` is what the segments hold together."""

    encoding: str
    units: int
    segments: int
    limit: int


def plain_text(text: str) -> str:
    """Typographic quotes, dashes and spaces as their GSM-7 neighbours: one curly quote would more than halve what
    fits into a segment."""
    return text.translate(_PLAIN)


def sms_size(text: str) -> SmsSize:
    """Alphabet and segments of a text. An extended character takes two septets and is never split over segments."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        widths = [2 if letter in _EXTENDED else 1 for letter in text]
        return _size("GSM-7", widths, single=160, part=153)
    widths = [2 if ord(letter) > 0xFFFF else 1 for letter in text]
    return _size("UCS-2", widths, single=70, part=67)


def _size(encoding: str, widths: list[int], *, single: int, part: int) -> SmsSize:
    units = sum(widths)
    if units <= single:
        return SmsSize(encoding, units, 1, single)
    segments, room = 1, part
    for width in widths:
        if width > room:
            segments, room = segments + 1, part
        room -= width
    return SmsSize(encoding, units, segments, segments * part)

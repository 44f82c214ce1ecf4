"""What a text costs: its alphabet and the segments it takes (3GPP TS 23.038), its links shortened. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MAX_CHARACTERS = 1600

SHORT_PATH = "/l"
CODE_LETTERS = "23456789bcdfghjkmnpqrstvwxyzBCDFGHJKLMNPQRSTVWXYZ"
"""No vowels, so that a code spells no word, and nothing a phone might take for the end of an address."""
CODE_LENGTH = 12
"""49¹² codes: after a billion texts a guess still hits one time in 10¹¹."""

_LINK = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_LONGEST_LINK = 2000

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


def text_links(text: str) -> list[tuple[int, int]]:
    """Tell where web addresses stand in a plain text, without the full stop or the bracket that ends a sentence."""
    found = []
    for match in _LINK.finditer(text):
        address = match[0]
        if len(address) > _LONGEST_LINK:
            continue
        while address[-1] in ".,;:!?" or (address[-1] == ")" and address.count(")") > address.count("(")):
            address = address[:-1]
        if not address.endswith("//"):
            found.append((match.start(), match.start() + len(address)))
    return found


def with_short_links(text: str, base: str, code_of: Callable[[int, str], str]) -> str:
    """Return the text with its links short, or as it is if that made it too long to send.

    Args:
        base: our own public address; links to it are ours already.
        code_of: the code for the link at that place (the first is 1) to that address.
    """
    made, place = [text], 0
    for start, end in text_links(text):
        address = text[start:end]
        if address.startswith(f"{base}/"):
            continue
        place += 1
        done = len(text) - len(made[-1])
        made[-1:] = [text[done:start], f"{base}{SHORT_PATH}/{code_of(place, address)}", text[end:]]
    shortened = "".join(made)
    return shortened if len(shortened) <= MAX_CHARACTERS else text


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

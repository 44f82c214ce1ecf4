"""What a text costs: its alphabet and the segments it takes (3GPP TS 23.038), its links shortened. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from liquor_app.core.errors import Invalid
from liquor_app.ui.words import figure

MAX_CHARACTERS = 1600

SHORT_PATH, GATE_PATH = "/l", "/g"
"""A link of a text, and one of a test message; both ask for the age before they lead on (CTIA, carriers)."""
CODE_LETTERS = "23456789bcdfghjkmnpqrstvwxyzBCDFGHJKLMNPQRSTVWXYZ"
"""No vowels, so that a code spells no word, and nothing a phone might take for the end of an address."""
CODE_LENGTH = 12
"""49¹² codes: after a billion texts a guess still hits one time in 10¹¹."""

_LINK = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_LONGEST_LINK = 2000
_ENDS = r"(?:com|net|org|edu|gov|info|biz|shop|store|online|site|app|dev|xyz)"
_WORDS = r"(?-i:wine|wines|vin|beer|bar|pub|club|deals|sale|link|page|live|life|today|world|email|restaurant|delivery)"
_BARE = re.compile(
    rf"(?<![@\w.:/-])(?:www\.(?:[\w-]{{1,63}}\.)+[a-z]{{2,20}}|(?:[\w-]{{1,63}}\.)+(?:{_ENDS}|{_WORDS}|[a-z]{{2}}(?=/)))"
    r"(?![\w@-]|\.\w)(?::\d{2,5})?(?:[/?#][^\s<>\"'`]*)?",
    re.IGNORECASE,
)
"""An address without https://, as phones make links of them. Ends that are words count in small letters only, and two
letters only before a path: "Great.Wine" and "Call.me" are somebody's full stops."""

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
    return [span for match in _LINK.finditer(text) if (span := _without_end(match)) is not None]


def sms_links(text: str) -> list[tuple[int, int]]:
    """Tell the same of a text message: whatever a phone would make a link of, with https:// before it or without."""
    found = text_links(text)
    bare = [span for match in _BARE.finditer(text) if (span := _without_end(match)) is not None]
    return sorted([*found, *(one for one in bare if not any(a < one[1] and one[0] < b for a, b in found))])


def _without_end(match: re.Match[str]) -> tuple[int, int] | None:
    address = match[0]
    if len(address) > _LONGEST_LINK:
        return None
    while address[-1] in ".,;:!?" or (address[-1] == ")" and address.count(")") > address.count("(")):
        address = address[:-1]
    return None if address.endswith("//") else (match.start(), match.start() + len(address))


def with_short_links(text: str, base: str, code_of: Callable[[int, str], str]) -> str:
    """Return the text with its links short: each leads over our question for the age.

    Args:
        base: our own public address; links to it are ours already.
        code_of: the code for the link at that place (the first is 1) to that address.

    Raises:
        Invalid: that makes it too long to send.
    """
    return replace_links(text, base, lambda place, address: f"{base}{SHORT_PATH}/{code_of(place, address)}")


def replace_links(text: str, base: str, link_of: Callable[[int, str], str]) -> str:
    """Return the text with other links; those to our own pages stay.

    Raises:
        Invalid: that makes it too long to send.
    """
    made, at, place = [], 0, 0
    for start, end in sms_links(text):
        address = text[start:end]
        if address.startswith(f"{base}/"):
            continue
        place += 1
        whole = address if address.lower().startswith(("http://", "https://")) else f"https://{address}"
        made += [text[at:start], link_of(place, whole)]
        at = end
    changed = "".join([*made, text[at:]])
    if place and len(changed) > MAX_CHARACTERS:
        raise Invalid(
            f"With its links the text has {figure(len(changed))} characters; {figure(MAX_CHARACTERS)} is the most."
        )
    return changed


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

"""Which of several sets of letters a file that is no UTF-8 is written in: the one that makes words of its bytes. Pure.

Bytes above 127 are other letters in each: é of a Mac is Ž of Windows. Nothing in a file says which it is, but in a word
no capital follows a small letter, and no mark but an apostrophe or a dash stands between two.
"""

from __future__ import annotations

import re
from contextlib import suppress

WINDOWS, MAC, CENTRAL, JAPANESE = "cp1252", "mac_roman", "cp1250", "cp932"
CALLED = {
    WINDOWS: "Windows, Western", MAC: "Mac OS Roman", CENTRAL: "Windows, Central European", JAPANESE: "Shift-JIS",
    "cp437": "DOS, United States", "cp850": "DOS, Western European",
}  # fmt: skip
_KANA = re.compile(r"[\u3041-\u30ff]")
_NO_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_WORD = re.compile(rb"[A-Za-z'-]*[\x80-\xff][A-Za-z\x80-\xff'-]*")
MOST_WORDS, MOST_LETTERS = 2_000, 40


def letters_of(raw: bytes) -> tuple[str, bool]:
    """Return the encoding of bytes that are no UTF-8, and whether it is in doubt: words look odd in it all the same."""
    if _is_japanese(raw):
        return JAPANESE, False
    words = [one[:MOST_LETTERS] for one in _WORD.findall(raw)[:MOST_WORDS]]
    odd = {one: sum(_is_odd(word, one) for word in words) for one in (WINDOWS, MAC, CENTRAL)}
    best = min(odd, key=lambda one: odd[one])
    if odd[best] == odd[WINDOWS]:
        return WINDOWS, odd[WINDOWS] > 0
    return best, odd[best] > 0


def is_odd_in(raw: bytes, encoding: str) -> bool:
    """Tell whether bytes make odd words of letters somebody chose, or no letters at all."""
    if encoding == JAPANESE:
        return "\ufffd" in raw.decode(JAPANESE, "replace").rstrip("\ufffd")
    return any(_is_odd(word[:MOST_LETTERS], encoding) for word in _WORD.findall(raw)[:MOST_WORDS])


def _is_japanese(raw: bytes) -> bool:
    for cut in range(2):  # the last letter may be cut in two
        with suppress(UnicodeDecodeError):
            text = raw[: len(raw) - cut].decode(JAPANESE)
            kana = len(_KANA.findall(text))
            return kana >= 2 or bool(kana and _NO_CP1252.search(raw))
    return False


def _is_odd(word: bytes, encoding: str) -> bool:
    """Tell whether bytes make no word of a set of letters."""
    text = word.decode(encoding, "replace")
    for place, letter in enumerate(text):
        if ord(letter) < 128:
            continue
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if letter == "\ufffd":
            return True
        if letter in "’‘–—" and not (before.isalpha() and after.isalpha() and letter in "–—"):
            continue  # an apostrophe, or a dash that ends or begins
        if not letter.isalpha() or letter in "ªºƒ":
            if before.isalpha() and (after.isalpha() or letter in "³¹¿¼¾½"):
                return True
        elif letter.isupper() and before.islower():
            return True
    return False

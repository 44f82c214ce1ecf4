"""Where a text holds Liquid, or anything else between two marks, found in one pass: as a pattern (`{{.*?}}`) each mark
that is never closed would read on to the end, and a text of nothing but such marks would stand a process still."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_OPENS = re.compile(r"\{(?=[%{])")
_NAME = re.compile(r"\{%-?\s*(\w+)")
_CLOSES = {"{": "}}", "%": "%}"}
_STYLE_OPENS = re.compile(r"<(style|mj-style|script)\b", re.IGNORECASE)

_STYLE_CLOSES = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in ("style", "mj-style", "script")}
"""Searched for in the text itself: in lower case İ is two letters, and all that follows stands elsewhere."""


class Token(NamedTuple):
    """A tag or an output as it is written; `tag` is the tag's name, "" for an output."""

    start: int
    text: str
    tag: str = ""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def liquid_tokens(text: str) -> Iterator[Token]:
    """Yield every `{% … %}` and `{{ … }}`, in order; what is never closed is none."""
    at, never = 0, set[str]()
    for opening in _OPENS.finditer(text):
        start = opening.start()
        closing = _CLOSES[text[start + 1]]
        if start < at or closing in never:
            continue
        end = text.find(closing, start + 2)
        if end < 0:
            never.add(closing)
            continue
        at = end + 2
        name = _NAME.match(text, start, at)
        yield Token(start, text[start:at], name[1] if name else "")


def style_sheets(text: str) -> Iterator[Token]:
    """Yield style sheets and scripts, with the elements they stand in."""
    at, never = 0, set[str]()
    for opening in _STYLE_OPENS.finditer(text):
        name = opening[1].lower()
        if opening.start() < at or name in never:
            continue
        closing = _STYLE_CLOSES[name].search(text, opening.end())
        if closing is None:
            never.add(name)
            continue
        at = closing.end()
        yield Token(opening.start(), text[opening.start() : at])


def blanked(text: str, tokens: Iterable[Token]) -> str:
    """Return the text with blanks where the tokens stand; lines and places stay what they are."""
    parts, at = [], 0
    for token in tokens:
        parts += [text[at : token.start], re.sub(r"[^\n]", " ", token.text)]
        at = token.end
    return "".join([*parts, text[at:]])


def without_liquid(text: str) -> str:
    """Return the text with one blank for each token."""
    parts, at = [], 0
    for token in liquid_tokens(text):
        parts += [text[at : token.start], " "]
        at = token.end
    return "".join([*parts, text[at:]])

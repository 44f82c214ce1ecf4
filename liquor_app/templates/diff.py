"""What changed between two texts, line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

AROUND = 2
"""Unchanged lines shown before and after a change."""
MOST = 400
LONGEST = 4_000
"""Lines compared one by one; comparing takes time with the square of them."""

Kind = Literal["same", "gone", "new", "gap"]


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a comparison; a gap stands for unchanged lines left out."""

    kind: Kind
    text: str


def changes_between(old: str, new: str) -> list[Change]:
    """Return lines that went and came, with a little around them; empty if nothing changed."""
    if old == new:
        return []
    before, after = old.splitlines()[:LONGEST], new.splitlines()[:LONGEST]
    made: list[Change] = []
    for change in _lines(before, after):
        if len(made) == MOST:
            made.append(Change("gap", "… and more"))
            break
        made.append(change)
    return made


def _lines(before: list[str], after: list[str]) -> Iterator[Change]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(AROUND)):
        if number:
            yield Change("gap", "…")
        for tag, first, last, start, end in group:
            if tag == "equal":
                yield from (Change("same", line) for line in before[first:last])
            else:
                yield from (Change("gone", line) for line in before[first:last])
                yield from (Change("new", line) for line in after[start:end])

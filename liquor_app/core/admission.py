"""How many of a kind are let in at once: so many of one source, so many in all. Per process.

A full crowd does not close the door: whoever has the least claim makes room, so that nobody can take every seat and
keep it.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar


class Member(Protocol):
    """Something that takes a seat."""

    @property
    def source(self) -> str:
        """What is counted as one."""

    def claim(self) -> float:
        """Tell how much it deserves its seat; the least makes room first."""

    def make_room(self) -> None:
        """End: the seat is somebody else's."""


M = TypeVar("M", bound=Member)


class Crowd(Generic[M]):
    """What is open at the moment, by where it comes from."""

    def __init__(self, *, of_one: int, in_all: int) -> None:
        self.of_one, self.in_all = of_one, in_all
        self._inside: dict[str, dict[M, None]] = {}
        self._total = 0

    def has_all_of(self, source: str) -> bool:
        """Tell whether `source` has as many as it may have."""
        return len(self._inside.get(source, ())) >= self.of_one

    def enter(self, member: M) -> None:
        """Let one more in. In place of another of its own source, if that has as many as it may have; if all together
        have, in place of one of the source that has the most."""
        if member in self._inside.get(member.source, {}):
            return
        if self.has_all_of(member.source):
            self._make_room(member.source)
        elif self._total >= self.in_all:
            self._make_room(max(self._inside, key=lambda source: len(self._inside[source])))
        self._inside.setdefault(member.source, {})[member] = None
        self._total += 1

    def _make_room(self, source: str) -> None:
        least = min(self._inside[source], key=lambda member: member.claim())
        self.leave(least)
        least.make_room()

    def leave(self, member: M) -> None:
        """It has gone; nothing happens if it had before."""
        inside = self._inside.get(member.source, {})
        if member in inside:
            del inside[member]
            self._total -= 1
            if not inside:
                del self._inside[member.source]

    @property
    def fullness(self) -> float:
        """From 0, empty, to 1."""
        return self._total / self.in_all

    def __len__(self) -> int:
        return self._total

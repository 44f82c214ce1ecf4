"""How many of a kind are let in at once: so many of one source, so many in all. Per process."""

from __future__ import annotations

from collections import Counter


class Crowd:
    """What is open at the moment, by where it comes from."""

    def __init__(self, *, of_one: int, in_all: int) -> None:
        self.of_one, self.in_all = of_one, in_all
        self._inside: Counter[str] = Counter()

    def enter(self, source: str) -> bool:
        """Let one more of `source` in; False if it has as many as it may have, or all together have."""
        if self._inside[source] >= self.of_one or self._inside.total() >= self.in_all:
            return False
        self._inside[source] += 1
        return True

    def leave(self, source: str) -> None:
        """One of `source` has gone."""
        self._inside[source] -= 1
        if self._inside[source] <= 0:
            del self._inside[source]

    def __len__(self) -> int:
        return self._inside.total()

"""State machines: one table of legal changes per entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from liquor_app.core.errors import Conflict

S = TypeVar("S", bound=StrEnum)


class Transitions(Generic[S]):
    """Which status may follow which.

    >>> CAMPAIGN = Transitions("campaign", {Status.DRAFT: [Status.SCHEDULED], ...})
    >>> CAMPAIGN.check(old, new)   # raises Conflict with both names
    """

    def __init__(self, entity: str, table: Mapping[S, Iterable[S]]) -> None:
        self.entity = entity
        self.table: dict[S, frozenset[S]] = {source: frozenset(targets) for source, targets in table.items()}

    def allows(self, old: S, new: S) -> bool:
        return new in self.table.get(old, frozenset())

    def check(self, old: S, new: S) -> S:
        """Return `new` if it may follow `old`.

        Raises:
            Conflict: it may not.
        """
        if not self.allows(old, new):
            allowed = ", ".join(sorted(self.table.get(old, frozenset()))) or "nothing"
            raise Conflict(f"A {self.entity} that is {old} cannot become {new}; from {old} it can become {allowed}.")
        return new

    def sources(self, new: S) -> list[str]:
        """Every status from which `new` may be reached, for `WHERE status = ANY(…)`."""
        return sorted(source.value for source, targets in self.table.items() if new in targets)

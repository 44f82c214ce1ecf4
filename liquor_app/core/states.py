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
            article = "An" if self.entity[0] in "aeiou" else "A"
            words = f"{article} {self.entity} that is {old} cannot become {new}; from {old} it can become {allowed}."
            raise Conflict(words.replace("_", " "))
        return new

    def sources(self, new: S) -> list[str]:
        """Return every status from which `new` may be reached, for `WHERE status = ANY(…)`."""
        return sorted(source.value for source, targets in self.table.items() if new in targets)

    def sources_sql(self, new: S, *only: S) -> str:
        """Return the same as a list for a constant: `f"… AND status IN {ACTION.sources_sql(ActionStatus.SENT)}"`.

        Args:
            only: those a statement takes, if it does not take them all.

        Raises:
            Conflict: from one of them `new` may not be reached.
        """
        for old in only:
            self.check(old, new)
        return sql_list(*(sorted(only) or self.sources(new)))

    def allows_sql(self, old: str, new: str) -> str:
        """Return a condition on two SQL expressions: the second is the first, or may follow it."""
        pairs = sorted((one.value, next_.value) for one, targets in self.table.items() for next_ in targets)
        listed = ", ".join(f"('{one}', '{next_}')" for one, next_ in pairs)
        return f"({old} = {new} OR ({old}, {new}) IN ({listed}))"


def sql_list(*statuses: str) -> str:
    """`('draft', 'scheduled')`, for SQL constants: a status is spelled in its enum and nowhere else.

    >>> f"SELECT id FROM campaigns WHERE status IN {sql_list(*LIVE)}"
    """
    return "(" + ", ".join(f"'{status}'" for status in statuses) + ")"

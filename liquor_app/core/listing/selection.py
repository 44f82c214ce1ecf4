"""Rows of a list that somebody chose: by name, or all that match a question but a few. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from liquor_app.core.errors import Invalid, Malformed
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.compile import compile_list
from liquor_app.core.listing.spec import ListQuery, ListSpec

MOST_NAMED = 500
"""Rows chosen, or left out, one by one."""
MOST_SELECTED = 100_000
"""Rows a selection may hold: what a worker does to them takes minutes, not hours."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen.

    Attributes:
        ids: the rows, where they were chosen one by one; then the rest is empty.
        filters, search: else all that match these,
        but: without these,
        at_most: and never more than were seen when it was chosen: what has come to match since was chosen by nobody.
    """

    ids: tuple[UUID, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    search: str = ""
    but: tuple[UUID, ...] = ()
    at_most: int = 0

    @property
    def query(self) -> ListQuery:
        return ListQuery(filters=self.filters, search=self.search)

    def as_args(self) -> dict[str, Any]:
        """As a job's arguments, from which `selection_of` makes it again."""
        return {
            "ids": [str(one) for one in self.ids],
            "filters": dict(self.filters),
            "search": self.search,
            "but": [str(one) for one in self.but],
            "at_most": self.at_most,
        }


def selection_of(spec: ListSpec[Any], given: Mapping[str, Any]) -> Selection:
    """Return a selection as a stranger gives it.

    Raises:
        Invalid: nothing chosen, or both ways; too many named; no bound, or one out of range; what the list refuses.
    """
    ids, but = _ids(given.get("ids"), "ids"), _ids(given.get("but"), "but")
    filters, search = given.get("filters") or {}, str(given.get("search") or "")
    if not isinstance(filters, Mapping) or not all(isinstance(one, str) for pair in filters.items() for one in pair):
        raise Malformed("filters must name each filter with its value as text", field="filters")
    at_most = given.get("at_most") or 0
    if ids and (filters or search or but):
        raise Invalid("Give either ids, or filters and search with what to leave out.", field="ids")
    if not ids and (not isinstance(at_most, int) or not 1 <= at_most <= MOST_SELECTED):
        raise Invalid(
            f"Name the rows in ids, or say in at_most how many may match: 1 to {MOST_SELECTED:,}.", field="at_most"
        )
    found = Selection(ids, {name: value for name, value in filters.items() if value.strip()}, search, but, int(at_most))
    compile_list(spec, found.query)
    return found


def _ids(given: Any, name: str) -> tuple[UUID, ...]:
    if given is None:
        return ()
    if not isinstance(given, list | tuple) or len(given) > MOST_NAMED:
        raise Malformed(f"{name} may name at most {MOST_NAMED} rows", field=name)
    return tuple(dict.fromkeys(parse_id(str(one), name) for one in given))

"""Many rows of one call: what became of each, and if it was not taken which field is to blame and why. Pure."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

MOST_ROWS = 10_000
"""Rows of one call."""


class RowOutcome(StrEnum):
    """What became of a row. Superseded: a later row of the same call tells the same thing anew."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    RECORDED = "recorded"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """Why a row is not taken: a stable code, the field to blame ("" for the whole row), and words to mend it by."""

    code: str
    field: str
    reason: str


@dataclass(frozen=True)
class RowFields:
    """What became of a row: its place among the rows, from 1; the id of what it made or changed; the code, field and
    reason of one that is refused; what else should be looked at, in words."""

    row: int
    outcome: RowOutcome
    id: UUID | None = None
    code: str | None = None
    field: str | None = None
    reason: str | None = None
    notes: list[str] = dataclasses.field(default_factory=list)


def refused(row: int, why: RefusedRow) -> RowFields:
    """Return what is told of a row that is not taken."""
    reason = why.reason if why.reason.endswith(".") else f"{why.reason}."
    return RowFields(row, RowOutcome.REFUSED, code=why.code, field=why.field or None, reason=reason)


def counted(rows: Iterable[RowFields]) -> Counter[str]:
    """Return how many rows there are by what became of them."""
    return Counter(one.outcome.value for one in rows)

"""Rows of a trial, and which are worth showing: every one with a warning, and the first that go in smoothly. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liquor_app.imports.readers.row_reader import Record
from liquor_app.imports.trial.becoming import Becoming

SMOOTH_ROWS = 20
MOST_WARNED = 200
TRIED_ROWS = 1_000
"""Rows that are tried to be shown one by one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of a trial: what would become of it, and why not, or what of it is left out; of a line its `order`."""

    record: Record
    outcome: str
    field: str = ""
    reason: str = ""
    becomes: Becoming | None = None
    order: str = ""


def worth_showing(shown: Sequence[Shown]) -> list[Shown]:
    """Return every refused or warned row (at most `MOST_WARNED`) and the first `SMOOTH_ROWS` others; an order stands
    once. What fits on one page keeps the file's order; of more the warned ones come first."""
    warned = [one for one in shown if one.outcome == "rejected" or one.reason][:MOST_WARNED]
    smooth: dict[str | int, Shown] = {}
    for one in shown:
        if len(smooth) < SMOOTH_ROWS and one.outcome != "rejected" and not one.reason:
            smooth.setdefault(one.order or one.record.number, one)
    chosen = [*warned, *smooth.values()]
    return chosen if len(chosen) > SMOOTH_ROWS else sorted(chosen, key=lambda one: one.record.number)

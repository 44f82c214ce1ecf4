"""When a customer is due by their own rhythm, and which days of a plan suit that. Pure.

Due is the day of the last order plus the usual gap, as the last scoring found both. Overdue is who has been silent for
longer than nine of ten of their gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np

from liquor_app.actions.priority import Floats
from liquor_app.ui.words import plural, show_long_day

EARLY = 0.9
"""What a message before the day somebody is due is worth beside one on it: many would have come anyway. Assumed."""
DAILY = 0.02
"""What each day's wait costs with somebody overdue. Assumed."""


class DueState(StrEnum):
    NOT_YET = "not_yet_due"
    DUE = "due"
    OVERDUE = "overdue"


NO_RHYTHM = "no_rhythm"
"""Of whom too little is known to be due: no two gaps, or no scoring has seen them."""
STATE_WORDS = {
    DueState.NOT_YET.value: "not due yet", DueState.DUE.value: "due", DueState.OVERDUE.value: "overdue",
    NO_RHYTHM: "no rhythm known yet",
}  # fmt: skip
"""Each state in words, as it was when planned; the same wherever it is told: with an action, a rule, a plan."""


@dataclass(frozen=True, slots=True)
class Due:
    on: date
    state: DueState

    @classmethod
    def of(cls, row: Any, today: date) -> Due | None:
        """Return it of a row of `audience.People`; None without two gaps, or of whom no scoring has seen."""
        if row.due_on is None or row.days_since_last is None:
            return None
        if row.due_on > today:
            return cls(row.due_on, DueState.NOT_YET)
        late = row.gap_high is not None and row.days_since_last > row.gap_high
        return cls(row.due_on, DueState.OVERDUE if late else DueState.DUE)

    @property
    def terms(self) -> dict[str, str]:
        """What an action keeps of it."""
        return {"on": self.on.isoformat(), "state": self.state.value}


def due_words(due: Due | None, days: Sequence[date], today: date) -> str:
    """Tell somebody's state in the words it has everywhere, and what it means for the day of a message in a plan of
    these days."""
    state = STATE_WORDS[NO_RHYTHM if due is None else due.state.value]
    said = f"{state[:1].upper()}{state[1:]}"
    if due is None:
        return f"{said}: any day suits."
    if due.state is DueState.OVERDUE:
        return f"{said} by {plural(max((today - due.on).days, 1), 'day')}: an early day is better."
    if due.state is DueState.DUE:
        return f"{said} now: any day suits."
    when = show_long_day(due.on)
    if due.on > days[-1]:
        return f"{said} but on {when}, after this plan: no day is better for it."
    if due.on <= days[0]:
        return f"{said} but when the plan begins: any day suits."
    return f"{said} but on {when}: that day or a later one is better."


def fit_of(terms: dict[str, Any] | None, days: Sequence[date]) -> Floats:
    """Return what each day of a plan is worth for somebody beside the best, by the `Due.terms` an action keeps; shape
    (days,), at most 1."""
    fit = np.ones(len(days))
    if not terms:
        return fit
    if terms["state"] == DueState.OVERDUE:
        return np.asarray(np.maximum(1.0 - DAILY * np.arange(len(days)), EARLY), dtype=np.float64)
    due = date.fromisoformat(terms["on"])
    if days[0] < due <= days[-1]:
        fit[[day < due for day in days]] = EARLY
    return fit

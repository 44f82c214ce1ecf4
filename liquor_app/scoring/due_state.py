"""When somebody is due by their own rhythm, in one set of words, wherever it is told. Pure.

Due is the day of the last order plus the usual gap, as the last scoring found both. Overdue is who has been silent for
longer than nine of ten of their own gaps. When a model expects the next purchase is another thing: of it nothing is
said to be due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from liquor_app.ui.words import plural


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


def due_day(today: date, days_since_last: int | None, gap_median: float | None) -> date | None:
    """Return the day of the last order plus the usual gap; None without two gaps, or without an order."""
    if days_since_last is None or gap_median is None:
        return None
    return today + timedelta(days=round(gap_median - days_since_last))


@dataclass(frozen=True, slots=True)
class Due:
    on: date
    state: DueState

    @classmethod
    def by(cls, on: date | None, days_since_last: int | None, gap_high: float | None, today: date) -> Due | None:
        """Return somebody's state; None without two gaps, or of whom no scoring has seen.

        Args:
            on: `due_day`.
            gap_high: what nine of ten of their gaps were not longer than, days.
        """
        if on is None or days_since_last is None:
            return None
        if on > today:
            return cls(on, DueState.NOT_YET)
        late = gap_high is not None and days_since_last > gap_high
        return cls(on, DueState.OVERDUE if late else DueState.DUE)

    @classmethod
    def of(cls, row: Any, today: date) -> Due | None:
        """Return it of a row of `audience.People`."""
        return cls.by(row.due_on, row.days_since_last, row.gap_high, today)

    @property
    def terms(self) -> dict[str, str]:
        """What an action keeps of it."""
        return {"on": self.on.isoformat(), "state": self.state.value}


def state_words(due: Due | None, today: date) -> str:
    """ "Overdue by 151 days", "Due now", "Not due yet", "No rhythm known yet"."""
    state = STATE_WORDS[NO_RHYTHM if due is None else due.state.value]
    said = f"{state[:1].upper()}{state[1:]}"
    if due is None or due.state is DueState.NOT_YET:
        return said
    return f"{said} now" if due.state is DueState.DUE else f"{said} by {plural(max((today - due.on).days, 1), 'day')}"

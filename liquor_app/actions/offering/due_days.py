"""Which days of a plan suit when somebody is due (`scoring.due_state`). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from liquor_app.actions.priority import Floats
from liquor_app.scoring.due_state import Due, DueState, state_words
from liquor_app.ui.words import show_long_day

EARLY = 0.9
"""What a message before the day somebody is due is worth beside one on it: many would have come anyway. Assumed."""
DAILY = 0.02
"""What each day's wait costs with somebody overdue. Assumed."""


def due_words(due: Due | None, days: Sequence[date], today: date) -> str:
    """Tell somebody's state in the words it has everywhere, and what it means for the day of a message in a plan of
    these days."""
    said = state_words(due, today)
    if due is None or due.state is DueState.DUE:
        return f"{said}: any day suits."
    if due.state is DueState.OVERDUE:
        return f"{said}: an early day is better."
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

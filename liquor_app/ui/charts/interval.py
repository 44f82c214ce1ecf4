"""An estimate on its interval, with zero marked: never a bare number."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.ui.var_types import Text


@dataclass(frozen=True, slots=True)
class Marks:
    """Where things stand on the axis, in percent of its width, as CSS lengths."""

    low: str
    width: str
    estimate: str
    high: str
    zero: str
    has_room: bool = True
    """Whether zero's word fits beside those of the ends; its line is drawn in any case."""


ROOM_PCT = 16.0
"""Of the axis' width: what two words under it need, in the narrowest card they stand in."""


def interval_marks(low: float, estimate: float, high: float) -> Marks:
    """Lay an interval and zero on one axis with a twelfth of air at each end.

    Raises:
        ValueError: not low ≤ estimate ≤ high.
    """
    if not low <= estimate <= high:
        raise ValueError(f"interval: {low} ≤ {estimate} ≤ {high} does not hold")
    left, right = min(low, 0.0), max(high, 0.0)
    air = (right - left or 1.0) / 12
    start, length = left - air, right - left + 2 * air

    def place(value: float) -> float:
        return round((value - start) / length * 100, 2)

    return Marks(
        low=f"{place(low)}%",
        width=f"{round(place(high) - place(low), 2)}%",
        estimate=f"{place(estimate)}%",
        high=f"{place(high)}%",
        zero=f"{place(0.0)}%",
        has_room=min(abs(place(0.0) - place(end)) for end in (low, high)) >= ROOM_PCT,
    )


def interval(marks: Marks | rx.Var[Marks], low: Text, high: Text, zero: Text, label: Text) -> rx.Component:
    """Draw the drawing. `low`, `high`, `zero` are the words under the axis; `label` the sentence for screen readers,
    "Expected $118, 80% interval $31 to $212"."""
    return rx.el.div(
        rx.el.i(class_name="axis"),
        rx.el.i(class_name="soft", left=marks.low, width=marks.width),
        rx.el.i(class_name="zero", left=marks.zero),
        rx.el.i(class_name="mark2", left=marks.estimate),
        rx.cond(marks.has_room, rx.el.span(zero, class_name="at", left=marks.zero), rx.fragment()),
        rx.el.span(low, class_name="at", left=marks.low),
        rx.el.span(high, class_name="at", left=marks.high),
        class_name="interval",
        role="img",
        aria_label=label,
    )

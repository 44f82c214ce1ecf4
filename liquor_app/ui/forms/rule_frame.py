"""The frame of a rule builder: lines, those of a nested group in a tray of their own."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from liquor_app.ui.var_types import Child, Number, Text


def rule_line(
    *controls: Child,
    level: Number,
    place: Literal["start", "inside", "end"] = "inside",
    below: tuple[Child, ...] = (),
    error: Text = "",
) -> rx.Component:
    """Draw one line.

    Args:
        level: 0 for what stands in the outermost group, 1 for a group within it, and so on.
        place: "start" for a group's head, "end" for its last line.
        below: what narrows the line further, set in under it.
        error: what is wrong with it, in words, below the controls.
    """
    depth: Any = rx.Var.create(level)
    tray = rx.match(depth, (0, "rl"), (1, f"rl l1 {place}"), (2, f"rl l2 {place}"), f"rl l3 {place}")
    mistake = rx.cond(error, rx.el.p(error, class_name="err-t", role="alert"), rx.fragment())
    further = rx.el.div(*below, class_name="row sub") if below else rx.fragment()
    return rx.el.div(rx.el.div(*controls, class_name="row"), further, mistake, class_name=tray)

"""Steps of a builder or wizard."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from liquor_app.ui.icon import icon
from liquor_app.ui.var_types import Number


def stepper(steps: Sequence[str], current: Number) -> rx.Component:
    """Numbered steps; those before `current` (counted from 0) are ticked."""
    now = rx.Var.create(current)

    def step(index: int, name: str) -> rx.Component:
        return rx.el.li(
            rx.el.span(rx.cond(now > index, icon("check", 12), str(index + 1)), class_name="nr"),
            name,
            class_name=rx.cond(now > index, "done", rx.cond(now == index, "cur", "")),
            custom_attrs={"aria-current": rx.cond(now == index, "step", "false")},
        )

    return rx.el.ol(*(step(index, name) for index, name in enumerate(steps)), class_name="stepper")

"""An action's priority and the four parts it is made of."""

from __future__ import annotations

import reflex as rx

from liquor_app.ui.charts.progress import percent
from liquor_app.ui.var_types import Number, Text

PARTS = (("Value at risk", "c1"), ("Response", "c3"), ("Margin", "c4"), ("Fatigue", "hatch"))


def priority(total: Number, value_at_risk: Number, response: Number, margin: Number, fatigue: Number) -> rx.Component:
    """Draw the total, the four numbers and a bar stacked of them, all in points of 100; `fatigue` is what was taken
    off, a positive number."""
    parts = (value_at_risk, response, margin, fatigue)
    numbers: list[Text] = [rx.Var.create(part).to_string() for part in parts]
    split = numbers[0] + " " + numbers[1] + " " + numbers[2] + " −" + numbers[3]
    return rx.el.div(
        rx.el.div(
            rx.el.b(total, class_name="num"), rx.el.span(split, class_name="t11 muted num nowrap"), class_name="row"
        ),
        rx.el.div(
            *(rx.el.i(class_name=tone, width=percent(part)) for part, (_, tone) in zip(parts, PARTS, strict=True)),
            class_name="bar thin stack",
            aria_hidden="true",
        ),
        class_name="prio",
        title="Value at risk, response, margin, less fatigue",
    )


def priority_legend() -> rx.Component:
    """Tell what the colours of `priority` mean, for the head of its card."""
    return rx.el.div(
        *(
            rx.el.span(
                rx.el.i(
                    class_name="sw hatch" if tone == "hatch" else "sw",
                    background=f"var(--{tone})" if tone != "hatch" else None,
                ),
                name,
            )
            for name, tone in PARTS
        ),
        class_name="legend",
    )

"""A donut with its legend: shares of a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.ui.charts.points import with_points
from liquor_app.ui.var_types import Text
from liquor_app.ui.words import figure

POINT = {"data-point": ""}
"""What `points.js` reads of a line."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One share, ready to draw: `arc` and `offset` are percent of the round, `value` and `share` words."""

    name: str
    value: str
    share: str
    color: str
    arc: float
    offset: float


def slices(parts: Sequence[tuple[str, int]], colors: Sequence[str] = ()) -> list[Slice]:
    """Return shares of (name, count), largest order kept as given; colours are "c1" to "c6" in order unless given.

    Raises:
        ValueError: a count is negative.
    """
    if any(count < 0 for _, count in parts):
        raise ValueError("slices: counts must not be negative")
    total = sum(count for _, count in parts) or 1
    made, start = [], 0.0
    for index, (name, count) in enumerate(parts):
        length = count / total * 100
        color = colors[index] if colors else f"c{index % 6 + 1}"
        # 0.6 of air between neighbours; a share never vanishes.
        drawn = round(max(length - 0.6, 0.2 if count else 0.0), 3)
        made.append(Slice(name, figure(count), f"{length:.1f}%", color, drawn, round(-start, 3)))
        start += length
    return made


def donut(shares: rx.Var[list[Slice]], total: Text, unit: Text, label: Text) -> rx.Component:
    """Draw the round, `total` and `unit` in its middle, the legend beside it."""

    def arc(share: Any) -> rx.Component:
        return rx.el.circle(
            cx="21",
            cy="21",
            r="17.5",
            custom_attrs={
                "pathLength": "100",
                "strokeDasharray": share.arc.to_string() + " 100",
                "strokeDashoffset": share.offset.to_string(),
            },
            style={"stroke": "var(--" + share.color + ")"},
        )

    def line(share: Any) -> rx.Component:
        return rx.el.li(
            rx.el.i(class_name="sw", background="var(--" + share.color + ")"),
            rx.el.span(share.name, class_name="grow trunc", custom_attrs=POINT),
            rx.el.b(share.value, class_name="num med", custom_attrs=POINT),
            rx.el.span(
                share.share, class_name="num muted share", min_width="48px", text_align="right", custom_attrs=POINT
            ),
            class_name="row",
        )

    ring = rx.el.div(
        rx.el.svg(rx.foreach(shares, arc), view_box="0 0 42 42", custom_attrs={"aria-hidden": "true"}),
        rx.el.div(rx.el.b(total, class_name="t16 num"), rx.el.span(unit, class_name="t11 muted"), class_name="mid"),
        class_name="donut",
        role="img",
        aria_label=label,
    )
    lines = rx.el.ul(rx.foreach(shares, line), class_name="col g8 grow")
    return with_points(rx.el.div(rx.el.div(ring, lines, class_name="row g16"), class_name="donutbox"), label)

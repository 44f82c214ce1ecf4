"""Plain boxes that read as charts: lying bars, funnel, a strip of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.ui.button import rows_link
from liquor_app.ui.charts.progress import bar, percent
from liquor_app.ui.explained import explained
from liquor_app.ui.var_types import Child, Text


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of `bar_list`: `fill` is percent of the longest, `tone` a chart colour; `share`, `change` may be empty."""

    name: str
    value: str
    fill: float
    tone: str = "c1"
    share: str = ""
    change: str = ""
    trend: str = "gray"


def bar_list(rows: rx.Var[list[Bar]]) -> rx.Component:
    """Lying bars with name and numbers, for a flush card."""

    def line(row: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(row.name, class_name="trunc", width="34%"),
            rx.el.div(bar(row.fill, row.name, row.tone), class_name="grow"),
            rx.el.b(row.value, class_name="num med", min_width="64px", text_align="right"),
            rx.el.span(row.share, class_name="num muted hide-sm", min_width="48px", text_align="right"),
            rx.cond(
                row.change != "",
                rx.el.span(row.change, class_name="num hide-sm " + row.trend, min_width="44px", text_align="right"),
                rx.fragment(),
            ),
        )

    return rx.el.ul(rx.foreach(rows, line), class_name="list")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a funnel: `fill` is percent of the first step; `detail` the rate in words. One that is not measured is
    hatched, and says so."""

    name: str
    value: str
    detail: str
    fill: float
    is_measured: bool = True
    meaning: str = ""
    href: str = ""
    """The rows it counts; empty where no list has them."""


def funnel(steps: rx.Var[list[Step]], label: Text) -> rx.Component:
    """Upright bars from targeted to bought; lying ones on a phone."""

    def one(step: Any) -> rx.Component:
        return rx.el.li(
            explained(step.name, step.meaning, class_name="t12 muted"),
            rx.el.div(rows_link(step.value, step.href, step.name), class_name="t20 num"),
            rx.el.div(
                rx.el.i(style={"--fill": percent(step.fill)}, class_name=rx.cond(step.is_measured, "", "hatch")),
                class_name="fb",
            ),
            rx.el.div(step.detail, class_name="t12 muted num"),
            class_name="fn",
        )

    return rx.el.ol(rx.foreach(steps, one), class_name="funnel", aria_label=label)


def numbers(*entries: tuple[Text, Child, Text, Text]) -> rx.Component:
    """Draw a strip of scores inside one card: (label, value, detail, tone); tone is "", "green", "red" or "amber"."""
    return rx.el.dl(
        *(
            rx.el.div(
                rx.el.dt(name, class_name="t12 muted"),
                rx.el.dd(value, class_name=f"t20 num {tone}" if isinstance(tone, str) else "t20 num " + tone),
                rx.el.dd(detail, class_name="t12 muted num"),
            )
            for name, value, detail, tone in entries
        ),
        class_name="scores",
    )

"""Bars: progress, shares of a whole, the churn band."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from liquor_app.ui.var_types import Number, Text


def percent(value: Number) -> Text:
    """Return a CSS width of `value` percent."""
    return f"{value}%" if not isinstance(value, rx.Var) else value.to_string() + "%"


def bar(value: Number, label: Text, tone: Text = "", thin: bool = False) -> rx.Component:
    """Draw a bar filled to `value` (0 to 100).

    Args:
        label: what it measures, for screen readers.
        tone: "", "green", "amber", "red" or a chart colour "c1" to "c6".
    """
    return rx.el.div(
        rx.el.i(class_name=tone, width=percent(value)),
        class_name="bar thin" if thin else "bar",
        role="progressbar",
        aria_label=label,
        custom_attrs={"aria-valuenow": value, "aria-valuemin": 0, "aria-valuemax": 100},
    )


def progress(value: Number, done: Text, label: Text, detail: Text = "") -> rx.Component:
    """Draw a bar with its count at the right ("494 / 612") and a line below."""
    return rx.el.div(
        rx.el.div(
            rx.el.div(bar(value, label), class_name="grow"),
            rx.el.span(done, class_name="t12 muted num nowrap"),
            class_name="row g16",
        ),
        rx.el.span(detail, class_name="t12 muted"),
        class_name="col g4",
    )


def stacked(parts: Sequence[tuple[Number, Text]], label: Text) -> rx.Component:
    """Draw shares of a whole: (percent, tone) each; `label` is the sentence a screen reader says."""
    return rx.el.div(
        *(rx.el.i(class_name=tone, width=percent(value)) for value, tone in parts),
        class_name="bar stack",
        role="img",
        aria_label=label,
    )


def churn_band(value: Number, band: Text) -> rx.Component:
    """Churn risk: a short bar, the percent and the word. `band` is "low", "medium", "high" or "" (not enough data)."""
    tone = rx.match(band, ("low", "green"), ("medium", "amber"), ("high", "red"), "gray")
    word = rx.match(band, ("low", "Low"), ("medium", "Medium"), ("high", "High"), "")
    known = rx.el.span(
        bar(value, "Churn risk", tone, thin=True),
        rx.el.span(percent(value), class_name="num"),
        rx.el.span(word, class_name=f"{tone} hide-sm"),
        class_name="band",
    )
    return rx.cond(rx.Var.create(band) == "", rx.el.span("not enough data", class_name="muted"), known)

"""Filter chips and the bar they stand in."""

from __future__ import annotations

import reflex as rx

from liquor_app.ui.icon import icon
from liquor_app.ui.types import Child, Handler, Text


def filter_bar(*children: Child, end: tuple[Child, ...] = ()) -> rx.Component:
    """Search first, then chips; `end` stands at the right. On a phone it scrolls sideways."""
    tail = rx.el.div(*end, class_name="end") if end else rx.fragment()
    return rx.el.div(*children, tail, class_name="filters", role="search")


def chip(key: Text, value: Text, on_remove: Handler) -> rx.Component:
    """A filter that is on: "Segment **any of 5** ×"."""
    remove = rx.el.button(
        icon("x", 14), type="button", class_name="x", on_click=on_remove, aria_label=f"Remove filter {key}"
    )
    return rx.el.span(rx.el.span(key, class_name="k"), value, remove, class_name="chip on")


def add_chip(label: Text, on_click: Handler, icon_name: str = "plus") -> rx.Component:
    """A dashed chip that offers one more filter."""
    return rx.el.button(icon(icon_name, 14), label, type="button", class_name="chip dash", on_click=on_click)

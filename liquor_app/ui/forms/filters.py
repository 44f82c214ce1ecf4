"""Filter chips and the bar they stand in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.ui.icon import icon
from liquor_app.ui.var_types import Child, Handler, Text


def filter_bar(*children: Child, end: tuple[Child, ...] = ()) -> rx.Component:
    """Search first, then chips; `end` stands at the right. On a phone it scrolls sideways."""
    tail = rx.el.div(*end, class_name="end") if end else rx.fragment()
    return rx.el.div(*children, tail, class_name="filters", role="search")


def focus_filter(key: str) -> Any:
    """Return this from a handler: a filter that is chosen, or taken off, is drawn anew as another button, and the
    keyboard goes on from there. Whoever has gone elsewhere meanwhile is not called back."""
    return rx.call_script(
        "setTimeout(id => { if (document.activeElement === document.body) document.getElementById(id)?.focus() }, 60, "
        f"{json.dumps(f'filter-{key}')})"
    )


def chip(key: Text, value: Text, on_remove: Handler, *, name: Text = "") -> rx.Component:
    """Draw a filter that is on: "Segment **any of 5** ×"; `name` is what `focus_filter` finds it by."""
    remove = rx.el.button(
        icon("x", 14), type="button", class_name="x", on_click=on_remove, aria_label=f"Remove filter {key}",
        **_named(name),
    )  # fmt: skip
    return rx.el.span(rx.el.span(key, class_name="k"), value, remove, class_name="chip on")


def add_chip(label: Text, on_click: Handler, icon_name: str = "plus") -> rx.Component:
    """Draw a dashed chip that offers one more filter."""
    return rx.el.button(icon(icon_name, 14), label, type="button", class_name="chip dash", on_click=on_click)


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a `choice_chip`."""

    value: str
    words: str


def choice_chip(label: Text, options: Any, on_choose: Callable[[Any], Any], *, name: Text = "") -> rx.Component:
    """Draw a dashed chip that opens a menu of `Option`s; `on_choose(value)` takes one."""
    trigger = rx.el.button(icon("plus", 14), label, type="button", class_name="chip dash", **_named(name))
    lines = rx.foreach(options, lambda option: rx.menu.item(option.words, on_click=on_choose(option.value)))
    return rx.menu.root(rx.menu.trigger(trigger), rx.menu.content(lines, side_offset=4))


def _named(name: Text) -> dict[str, Any]:
    return {} if isinstance(name, str) and not name else {"id": "filter-" + name}

"""Choosing among views: tabs for a page's parts, segmented for two to four ways to look at one thing."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from liquor_app.ui.var_types import Child, Handler, Text


def tabs(panels: Sequence[tuple[str, str, Child]], *, value: Text, on_change: Handler, label: str) -> rx.Component:
    """Tabs; `panels` are (value, title, content). Only the chosen panel is mounted."""
    return rx.tabs.root(
        rx.tabs.list(
            *(rx.tabs.trigger(title, value=key) for key, title, _ in panels), custom_attrs={"aria-label": label}
        ),
        *(rx.tabs.content(content, value=key) for key, _, content in panels),
        value=value,
        on_change=on_change,
    )


MANY = 5
"""More options than these do not fit beside a menu on a tablet."""


def segmented(options: Sequence[tuple[str, str]], *, value: Text, on_change: Handler, label: str) -> rx.Component:
    """Draw a segmented control; `options` are (value, words). Where it is wider than a phone it scrolls by itself; of
    many options the control breaks into lines instead, so that the chosen one is seen."""
    control = rx.segmented_control.root(
        *(rx.segmented_control.item(words, value=key) for key, words in options),
        value=value,
        on_change=on_change,
        custom_attrs={"aria-label": label},
    )
    return rx.el.div(control, class_name="segs many" if len(options) > MANY else "segs")

"""A figure's name that says what the figure means: on a tap, a key or a pointer."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.ui.var_types import Text, given


def explained(label: Text, meaning: Text, **props: Any) -> rx.Component:
    """Draw a name as a button that opens what it means; without a meaning, the name alone. Screen readers hear the
    meaning with the name.

    Args:
        props: of the element the name stands in.
    """
    if not given(meaning):
        return rx.el.div(label, **props)
    press = rx.el.button(
        label, type="button", class_name="means", title=meaning, custom_attrs={"aria-description": meaning}
    )
    panel = rx.popover.content(
        rx.el.p(meaning, class_name="t13 pretty"), class_name="meaning", max_width="min(340px, 92vw)"
    )
    told = rx.popover.root(rx.popover.trigger(press), panel)
    if isinstance(meaning, rx.Var):
        told = rx.cond(meaning != "", told, rx.fragment(label))
    return rx.el.div(told, **props)

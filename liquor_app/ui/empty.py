"""Empty, nothing found, error: each says what to do next and offers it."""

from __future__ import annotations

import reflex as rx

from liquor_app.ui.icon import icon as draw
from liquor_app.ui.var_types import Child, Text, given


def empty(title: Text, words: Text, *actions: Child, icon: str = "inbox", whole_page: bool = False) -> rx.Component:
    """Nothing here yet, or nothing matches the filters (then `icon="search-x"`); `whole_page`: and nothing else."""
    return rx.el.div(
        rx.el.span(draw(icon, 20), class_name="ic"),
        rx.el.h1(title) if whole_page else rx.el.h2(title),
        rx.el.p(words),
        rx.el.div(*actions, class_name="row") if actions else rx.fragment(),
        class_name="empty",
    )


def failed(title: Text, words: Text, *actions: Child, reference: Text = "") -> rx.Component:
    """Something could not be loaded: what happened, what is safe, what to do."""
    return rx.el.div(
        rx.el.span(draw("triangle-alert", 20), class_name="ic red"),
        rx.el.h2(title),
        rx.el.p(words),
        rx.el.div(*actions, class_name="row") if actions else rx.fragment(),
        rx.el.span("Reference ", reference, class_name="t12 muted num", margin_top="8px")
        if given(reference)
        else rx.fragment(),
        class_name="empty",
        role="alert",
    )

"""The page before one is in: signing in, the second step, the first admin."""

from __future__ import annotations

import reflex as rx

from liquor_app.ui.frame.navigation import mark
from liquor_app.ui.var_types import Child, Text

_BOTTLES = (
    "M0 316h262",
    "M74 1h32v90c0 26 24 34 24 66v158H50V157c0-32 24-40 24-66z",
    "M158 118h28v58c0 20 12 26 12 50v90h-52v-90c0-24 12-30 12-50z",
    "M222 256h34v60h-34z",
)
_LABELS = ("M50 182h80v80H50z", "M146 234h52v40h-52z")
_LINES = ("M64 204h52M64 218h52M64 232h32", "M74 13h32M158 128h28M222 281h34")


def entry(title: Text, words: Text, *form: Child, foot: Child = "", picture: Child = "") -> rx.Component:
    """Draw the form at the left, bottles at the right (gone on a phone). Use it as a `bare` page."""
    line = {"stroke": "var(--accent-line)", "strokeWidth": "2", "strokeLinejoin": "round"}
    drawing = rx.el.svg(
        *(rx.el.path(d=path, custom_attrs=line | {"fill": "var(--accent-soft-2)"}) for path in _BOTTLES),
        *(rx.el.path(d=path, custom_attrs=line | {"fill": "var(--panel)"}) for path in _LABELS),
        *(rx.el.path(d=path, custom_attrs=line | {"fill": "none"}) for path in _LINES),
        view_box="0 0 264 318",
        custom_attrs={"aria-hidden": "true"},
    )
    left = rx.el.div(
        rx.el.div(mark(), rx.el.b("Liquor Marketing Agent"), class_name="row"),
        rx.el.main(
            rx.el.h1(title),
            rx.el.p(words, class_name="muted", margin="4px 0 20px"),
            *form,
            class_name="box",
            id="content",
        ),
        rx.el.div(foot, class_name="t12 muted"),
        class_name="left",
    )
    return rx.el.div(left, rx.el.div(picture, drawing, class_name="right"), class_name="entry")

"""Badges: a dot and a word; what a status looks like stands in `status_looks`."""

from __future__ import annotations

import reflex as rx

from liquor_app.ui.status_looks import LOOKS, Look
from liquor_app.ui.var_types import Text


def badge(word: Text, tone: Text = "gray", dot: bool = True) -> rx.Component:
    """Draw a badge with a free word."""
    mark = rx.el.i(class_name="dot", aria_hidden="true") if dot else rx.fragment()
    return rx.el.span(mark, word, class_name=f"badge {tone}")


def status_badge(status: Text) -> rx.Component:
    """Draw the badge of a status, by its stored value. A value outside `LOOKS` is shown as it is, in grey.

    Example:
        `status_badge(row.status)`
    """
    if isinstance(status, str):
        look = LOOKS.get(status, Look(status.replace("_", " ").capitalize(), "gray"))
        return badge(look.word, look.tone)
    return badge(
        rx.match(status, *((value, look.word) for value, look in LOOKS.items()), status),
        rx.match(status, *((value, str(look.tone)) for value, look in LOOKS.items()), "gray"),
    )


def live(words: Text = "Live") -> rx.Component:
    """Draw a beating dot: what is shown updates by itself."""
    dot = rx.el.i(class_name="dot live green", aria_hidden="true")
    return rx.el.span(dot, words, class_name="row g4 t12 muted nowrap", role="status")

"""Cards, the lists inside them, notes and the one call to action of a page."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from liquor_app.ui.icon import icon as draw
from liquor_app.ui.var_types import Child, Text, given

Tone = Literal["plain", "amber", "blue", "red", "green"]


def card(
    *body: Child, title: Text = "", aside: Child = "", foot: Child = "", flush: bool = False, **props: Any
) -> rx.Component:
    """Draw a card. `aside` is a quiet note, a legend or one link at the head's right; `flush` for lists and tables."""
    class_name = f"card{' flush' if flush else ''} {props.pop('class_name', '')}".strip()
    parts: list[rx.Component] = []
    if given(title):
        quiet = rx.el.span(aside, class_name="note-t") if isinstance(aside, str) and aside else aside
        parts.append(rx.el.div(rx.el.h2(title), quiet, class_name="h"))
    if body:
        parts.append(rx.el.div(*body, class_name="b"))
    if isinstance(foot, rx.Component) or given(foot):
        parts.append(rx.el.div(foot, class_name="f"))
    return rx.el.section(*parts, class_name=class_name, **props)


def call_to_action(title: Text, detail: Child, *actions: Child, icon: str = "calendar-check") -> rx.Component:
    """Draw the one thing to do on this page, on the accent colour."""
    words = rx.el.div(rx.el.h2(title), rx.el.p(detail, class_name="muted pretty", margin_top="4px", max_width="720px"))
    left = rx.el.div(
        rx.el.span(draw(icon), class_name="mark", width="32px", height="32px"),
        words,
        class_name="row ts g12 grow",
        min_width="260px",
    )
    return rx.el.section(
        rx.el.div(left, rx.el.div(*actions, class_name="row wrap"), class_name="row wrap apart g16"),
        class_name="card call c12",
    )


def note(
    *words: Child, tone: Tone = "plain", icon: str = "info", action: Child = "", alert: bool = False
) -> rx.Component:
    """Draw a boxed sentence; `alert` has it read out at once."""
    has_action = isinstance(action, rx.Component) or given(action)
    return rx.el.div(
        draw(icon),
        rx.el.span(*words, class_name="grow"),
        action,
        class_name=f"note {tone}{' act' if has_action else ''}",
        role="alert" if alert else "status",
    )


def key_values(*pairs: tuple[Text, Child]) -> rx.Component:
    """Labels at left, values right-aligned."""
    return rx.el.dl(*(part for key, value in pairs for part in (rx.el.dt(key), rx.el.dd(value))), class_name="kv")


def plain_list(*items: Child) -> rx.Component:
    """Draw rows with a hairline between, for a flush card; items are rows' contents or an `rx.foreach` of
    `list_item`."""
    return rx.el.ul(*items, class_name="list")


def list_item(*children: Child, **props: Any) -> rx.Component:
    return rx.el.li(*children, **props)


def quote(*children: Child) -> rx.Component:
    """Draw a rule or a reason as a sentence, set off by a line."""
    return rx.el.div(*children, class_name="quote pretty")

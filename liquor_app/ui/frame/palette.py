"""The command palette behind Ctrl K: people, campaigns, things to do, places to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.ui.forms.dialog import RETURN_FOCUS
from liquor_app.ui.forms.form import TYPING_MS
from liquor_app.ui.icon import icon
from liquor_app.ui.var_types import Flag, Handler, Text


@dataclass(frozen=True, slots=True)
class Hit:
    """One line. `kind` is "customer", "campaign", "segment", "action" or "page"; `heading` stands above the first
    hit of a group and is empty otherwise."""

    kind: str
    title: str
    detail: str
    href: str
    heading: str = ""


def palette(
    hits: rx.Var[list[Hit]],
    *,
    open: Flag,
    on_open_change: Handler,
    query: Text,
    on_query: Handler,
    nothing: Text = "Nothing found",
) -> rx.Component:
    """Arrow keys walk, Enter opens, Escape closes. Put it into `Slots.overlay`."""
    field = rx.debounce_input(
        rx.el.input(
            value=query,
            on_change=on_query,
            class_name="grow",
            placeholder="Search customers, campaigns, pages",
            custom_attrs={"aria-label": "Search", "data-bare": ""},
        ),
        debounce_timeout=TYPING_MS,
    )
    found = rx.cond(
        hits.length() > 0,
        rx.el.ul(rx.foreach(hits, _hit)),
        rx.el.p(nothing, class_name="muted t12", padding="12px 8px", role="status"),
    )
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title("Search", class_name="sr"),
            rx.el.div(icon("search"), field, rx.el.span("Esc", class_name="kbd"), class_name="row ask"),
            found,
            align="start",
            on_close_auto_focus=RETURN_FOCUS,
            class_name="palette",
            max_width="560px",
            custom_attrs={"data-palette": "", "aria-describedby": ""},
        ),
        open=open,
        on_open_change=on_open_change,
    )


def _hit(hit: Any) -> rx.Component:
    drawing = rx.match(
        hit.kind,
        ("customer", icon("user")),
        ("campaign", icon("send")),
        ("segment", icon("layers")),
        ("action", icon("zap")),
        icon("arrow-right"),
    )
    words = rx.el.span(hit.title, rx.el.span(" ", hit.detail, class_name="muted"), class_name="grow trunc")
    return rx.el.li(
        rx.cond(hit.heading != "", rx.el.div(hit.heading, class_name="t11 muted head"), rx.fragment()),
        rx.dialog.close(rx.el.a(drawing, words, href=hit.href, class_name="it")),
    )

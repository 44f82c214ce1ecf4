"""The frame around every page: navigation, top bar, content; a rail below 1024 px, a bottom bar below 720 px."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import reflex as rx
from reflex_components_core.el.elements.inline import A  # a plain link: the router would not move the focus

from liquor_app.ui.button import icon_button
from liquor_app.ui.charts.points import SCRIPT as POINTS
from liquor_app.ui.frame.closed_page import for_its_roles
from liquor_app.ui.frame.navigation import PRODUCT, bottom_bar, mark, side_navigation
from liquor_app.ui.frame.page_spec import Page
from liquor_app.ui.icon import icon
from liquor_app.ui.var_types import Child, Handler, Text

STYLESHEETS = ["css/tokens.css", "css/radix.css", "css/app.css"]
HEAD = [
    rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
    rx.el.link(rel="apple-touch-icon", href="/apple-touch-icon.png"),
    rx.el.link(
        rel="preload",
        href="/fonts/inter-latin-wght.woff2",
        cross_origin="anonymous",
        custom_attrs={"as": "font", "type": "font/woff2"},
    ),
    rx.el.script(src="/js/shell.js"),
    rx.el.script(src=POINTS, custom_attrs={"defer": "defer"}),
]
"""For `rx.App(stylesheets=…, head_components=…)`."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What the roof fills in; the shell itself knows no slice.

    Attributes:
        brand: the shop's name.
        role: the signed-in role; pages of other roles are left out of the navigation.
        search: `search_button(…)`.
        bell: notifications. user: the user menu. sheet_end: last lines of the phone's More sheet (sign out).
        banner: a strip above everything, for instance "This is sample data".
        counts: a number beside a route in the navigation.
        overlay: dialogs that live on every page, such as the command palette.
    """

    brand: Text = PRODUCT
    role: Text = ""
    search: Child = ""
    bell: Child = ""
    user: Child = ""
    sheet_end: Child = ""
    banner: Child = ""
    overlay: Child = ""
    counts: Mapping[str, rx.Var[str]] = field(default_factory=dict)


def search_button(on_click: Handler) -> rx.Component:
    """Draw the search field's look, as a button that opens the palette (also by Ctrl K); its glass alone on a phone."""
    look: dict[str, Any] = {"data-search": "", "aria-keyshortcuts": "Control+K"}
    full = rx.el.button(
        icon("search"),
        rx.el.span("Search customers, campaigns, pages"),
        rx.el.span("Ctrl K", class_name="kbd"),
        type="button",
        class_name="searchbox hide-sm",
        on_click=on_click,
        custom_attrs=look,
    )
    return rx.fragment(full, icon_button("search", "Search", class_name="only-sm", on_click=on_click))


def strip(*words: Child, action: Child = "", is_alarm: bool = False) -> rx.Component:
    """Draw the banner above the top bar: "Sample data. … Start with your own data"."""
    role, look = ("alert", "strip alarm") if is_alarm else ("status", "strip")
    return rx.el.div(rx.el.span(*words), action, class_name=look, role=role)


def shell(page: Page, pages: Sequence[Page], slots: Slots) -> rx.Component:
    """`page` inside the frame."""
    top = rx.el.header(
        rx.el.a(mark(), rx.el.b(slots.brand, class_name="t14 strong trunc"), href="/", class_name="row only-sm"),
        slots.search,
        rx.el.span(class_name="grow"),
        slots.bell,
        slots.user,
        class_name="top",
    )
    content = rx.el.main(
        for_its_roles(page, pages, slots.role),
        class_name="page",
        id="content",
        tab_index=-1,
        # until its address has been read presses wait (`shell.js`)
        aria_busy=rx.cond(rx.State.is_hydrated, "false", "true"),
    )
    return rx.fragment(
        A.create("Skip to content", href="#content", class_name="skip"),
        rx.el.div(
            side_navigation(page, pages, slots.brand, slots.role, slots.counts),
            rx.el.div(slots.banner, top, content, min_width="0"),
            class_name="app",
        ),
        bottom_bar(page, pages, slots.role, slots.counts, slots.sheet_end),
        slots.overlay,
    )

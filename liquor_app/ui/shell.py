"""The frame around every page: navigation, top bar, content; a rail below 1024 px, a bottom bar below 720 px."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import reflex as rx
from reflex_components_core.el.elements.inline import A  # a plain link: the router would not move the focus

from liquor_app.ui.button import icon_button
from liquor_app.ui.icon import icon
from liquor_app.ui.page import Page
from liquor_app.ui.types import Child, Handler, Text

PRODUCT = "Liquor Marketing"
GROUPS: Mapping[str, str] = {"main": "", "admin": "Admin"}
# Set before the first paint, so that a collapsed navigation does not jump.
RAIL_SCRIPT = "document.documentElement.dataset.nav=localStorage.getItem('nav')||''"
TOGGLE_RAIL = (
    "const r=document.documentElement.dataset;r.nav=r.nav==='rail'?'':'rail';localStorage.setItem('nav',r.nav)"
)
# Ctrl K or Cmd K opens whatever the search slot put behind the search button.
KEYS_SCRIPT = (
    "addEventListener('keydown',e=>{if((e.ctrlKey||e.metaKey)&&e.key.toLowerCase()==='k')"
    "{const b=document.querySelector('[data-search]');if(b){e.preventDefault();b.click()}}})"
)

STYLESHEETS = ["css/tokens.css", "css/radix.css", "css/app.css"]
HEAD = [
    rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
    rx.el.link(
        rel="preload",
        href="/fonts/inter-latin-wght.woff2",
        custom_attrs={"as": "font", "type": "font/woff2"},
        cross_origin="anonymous",
    ),
    rx.el.script(RAIL_SCRIPT + ";" + KEYS_SCRIPT),
]
"""For `rx.App(head_components=…)`."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What the roof fills in; the shell itself knows no slice.

    Attributes:
        brand: the shop's name.
        role: the signed-in role; pages of other roles are left out of the navigation.
        search: opened by the search button; `search_button()` is its trigger.
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


def search_button(on_click: Handler = None) -> rx.Component:
    """The search field's look, as a button that opens the palette; its glass alone on a phone."""
    press: dict[str, Any] = {} if on_click is None else {"on_click": on_click}
    full = rx.el.button(
        icon("search"),
        rx.el.span("Search customers, campaigns, actions"),
        rx.el.span("Ctrl K", class_name="kbd"),
        type="button",
        class_name="searchbox hide-sm",
        custom_attrs={"data-search": "", "aria-keyshortcuts": "Control+K"},
        **press,
    )
    return rx.fragment(full, icon_button("search", "Search", class_name="only-sm", **press))


def strip(*words: Child, action: Child = "") -> rx.Component:
    """The banner above the top bar: "Sample data. … Start with your own data"."""
    return rx.el.div(rx.el.span(*words), action, class_name="strip", role="status")


def shell(page: Page, pages: Sequence[Page], slots: Slots) -> rx.Component:
    """`page` inside the frame."""
    top = rx.el.header(
        _mark(slots.brand, "only-sm"),
        slots.search,
        rx.el.span(class_name="grow"),
        slots.bell,
        slots.user,
        class_name="top",
    )
    content = rx.el.main(page.component(), class_name="page", id="content", tab_index=-1)
    return rx.fragment(
        A.create("Skip to content", href="#content", class_name="skip"),
        rx.el.div(
            _navigation(page, pages, slots),
            rx.el.div(slots.banner, top, content, min_width="0"),
            class_name="app",
        ),
        _bottom_bar(page, pages, slots),
        slots.overlay,
    )


def _mark(brand: Text, class_name: str) -> rx.Component:
    square = rx.el.span(icon("wine", 17), class_name="mark")
    return rx.el.a(square, rx.el.b(brand, class_name="t14 strong trunc"), href="/", class_name=f"row {class_name}")


def _entry(target: Page, page: Page, slots: Slots) -> rx.Component:
    current = {"aria-current": "page"} if target.route in (page.route, page.parent) else {}
    count = slots.counts.get(target.route)
    entry = rx.el.a(
        icon(target.icon),
        rx.el.span(target.title),
        rx.el.span(count, class_name="ct") if count is not None else rx.fragment(),
        href=target.route,
        class_name="n",
        title=target.title,
        custom_attrs=current,
    )
    return _for_role(target, slots, entry)


def _for_role(target: Page, slots: Slots, entry: rx.Component) -> rx.Component:
    if not target.roles:
        return entry
    return rx.cond(rx.Var.create(sorted(target.roles)).contains(slots.role), entry, rx.fragment())


def _navigation(page: Page, pages: Sequence[Page], slots: Slots) -> rx.Component:
    words = rx.el.div(rx.el.b(PRODUCT), rx.el.small(slots.brand))
    parts: list[rx.Component] = [
        rx.el.a(rx.el.span(icon("wine", 17), class_name="mark"), words, href="/", class_name="brand")
    ]
    for group, label in GROUPS.items():
        members = [target for target in pages if target.nav_group == group]
        if not members:
            continue
        if label:
            roles = frozenset[str]().union(*(target.roles for target in members))
            open_to_all = any(not target.roles for target in members)
            heading = rx.el.div(label, class_name="lbl")
            parts.append(heading if open_to_all else _for_role(Page("", "", rx.fragment, roles=roles), slots, heading))
        parts += [_entry(target, page, slots) for target in members]
    collapse = rx.el.button(
        icon("panel-left"),
        rx.el.span("Collapse"),
        type="button",
        class_name="n collapse",
        title="Collapse or widen the navigation",
        on_click=rx.call_script(TOGGLE_RAIL),
    )
    parts.append(rx.el.div(_theme_toggle(), collapse, class_name="foot"))
    return rx.el.nav(*parts, class_name="nav", aria_label="Main")


def _theme_toggle() -> rx.Component:
    return rx.el.button(
        icon("sun-moon"),
        rx.el.span("Theme"),
        rx.el.span(
            rx.el.span("Light", class_name="in-light"), rx.el.span("Dark", class_name="in-dark"), class_name="end ct"
        ),
        type="button",
        class_name="n",
        title="Light or dark",
        on_click=rx.toggle_color_mode,
    )


def _bottom_bar(page: Page, pages: Sequence[Page], slots: Slots) -> rx.Component:
    def tab(target: Page) -> rx.Component:
        current = {"aria-current": "page"} if target.route in (page.route, page.parent) else {}
        return rx.el.a(icon(target.icon, 20), target.title, href=target.route, custom_attrs=current)

    rest = [target for target in pages if target.nav_group and not target.phone]
    sheet = rx.dialog.content(
        rx.el.i(class_name="grab"),
        rx.dialog.title("More", class_name="sr"),
        *(rx.dialog.close(_entry(target, page, slots)) for target in rest),
        _theme_toggle(),
        slots.sheet_end,
        class_name="sheet",
        custom_attrs={"aria-describedby": ""},
    )
    more = rx.dialog.root(rx.dialog.trigger(rx.el.button(icon("menu", 20), "More", type="button")), sheet)
    return rx.el.nav(
        *(tab(target) for target in pages if target.phone), more, class_name="tabbar", aria_label="Main, phone"
    )

"""Navigation from the list of pages: at the side, as a rail, and at the bottom of a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import reflex as rx

from liquor_app.ui.frame.page_spec import Page
from liquor_app.ui.icon import icon
from liquor_app.ui.var_types import Child, Text

PRODUCT = "Liquor Marketing"
GROUPS: Mapping[str, str] = {"main": "", "admin": "Admin"}
Counts = Mapping[str, Any]


def mark() -> rx.Component:
    """Draw the product's sign."""
    return rx.el.span(icon("wine", 17), class_name="mark")


def side_navigation(page: Page, pages: Sequence[Page], brand: Text, role: Text, counts: Counts) -> rx.Component:
    """Draw the groups of pages, the theme and the width below them."""
    words = rx.el.div(rx.el.b(PRODUCT), rx.el.small(brand))
    parts: list[rx.Component] = [rx.el.a(mark(), words, href="/", class_name="brand", title=PRODUCT)]
    for group, label in GROUPS.items():
        members = [target for target in pages if target.nav_group == group]
        if label and members:
            roles = frozenset[str]().union(*(target.roles for target in members))  # not of what everybody sees
            parts.append(_if_role(roles, role, rx.el.div(label, class_name="lbl")))
        parts += [_entry(target, page, role, counts) for target in members]
    collapse = rx.el.button(
        icon("panel-left"),
        rx.el.span("Collapse"),
        type="button",
        class_name="n collapse",
        title="Collapse or widen the navigation",
        on_click=rx.call_script("toggleNavigation()"),
    )
    parts.append(rx.el.div(_theme_toggle(), collapse, class_name="foot"))
    return rx.el.nav(*parts, class_name="nav", aria_label="Main")


def bottom_bar(page: Page, pages: Sequence[Page], role: Text, counts: Counts, sheet_end: Child) -> rx.Component:
    """Draw the phone's bar: the pages marked `phone`, the rest in a sheet behind More."""

    def tab(target: Page) -> rx.Component:
        entry = rx.el.a(icon(target.icon, 20), target.title, href=target.route, custom_attrs=_current(target, page))
        return _if_role(target.roles, role, entry)

    rest = [target for target in pages if target.nav_group and not target.phone]
    sheet = rx.dialog.content(
        rx.el.i(class_name="grab"),
        rx.dialog.title("More", class_name="sr"),
        *(_if_role(target.roles, role, rx.dialog.close(_link(target, page, counts))) for target in rest),
        _theme_toggle(),
        sheet_end,
        class_name="sheet",
        custom_attrs={"aria-describedby": ""},
    )
    more = rx.dialog.root(rx.dialog.trigger(rx.el.button(icon("menu", 20), "More", type="button")), sheet)
    tabs = (tab(target) for target in pages if target.phone)
    return rx.el.nav(*tabs, more, class_name="tabbar", aria_label="Main, phone")


def _entry(target: Page, page: Page, role: Text, counts: Counts) -> rx.Component:
    return _if_role(target.roles, role, _link(target, page, counts))


def _link(target: Page, page: Page, counts: Counts) -> rx.Component:
    count = counts.get(target.route)
    return rx.el.a(
        icon(target.icon),
        rx.el.span(target.title),
        rx.el.span(count, class_name="ct") if count is not None else rx.fragment(),
        href=target.route,
        class_name="n",
        title=target.title,
        custom_attrs=_current(target, page),
    )


def _current(target: Page, page: Page) -> dict[str, str]:
    return {"aria-current": "page"} if target.route in (page.route, page.parent) else {}


def _if_role(roles: frozenset[str], role: Text, entry: rx.Component) -> rx.Component:
    if not roles:
        return entry
    return rx.cond(rx.Var.create(sorted(roles)).contains(role), entry, rx.fragment())


def _theme_toggle() -> rx.Component:
    return rx.el.button(
        icon("sun-moon"),
        rx.el.span("Theme"),
        type="button",
        class_name="n",
        title="Light or dark",
        on_click=rx.toggle_color_mode,
    )

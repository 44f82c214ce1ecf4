"""A page: what the roof needs to know of it, and the head it starts with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import reflex as rx

from liquor_app.ui.icon import icon
from liquor_app.ui.var_types import Child, Handler, Text, given


@dataclass(frozen=True, slots=True)
class Page:
    """One line in `PAGES`.

    Attributes:
        route: "/customers" or "/customers/[customer_id]".
        title: the browser's tab and the navigation's word.
        component: draws the content inside the shell.
        icon: lucide's name, for the navigation.
        on_load: runs when the page opens; it authorises and loads.
        nav_group: "main" or "admin"; empty keeps the page out of the navigation.
        roles: whom it is for, empty for everyone: it is offered to nobody else, and who opens it all the same is told
            whose it is and loads nothing; the page's handlers authorise themselves.
        parent: the route to mark in the navigation while this page is open, for pages below another.
        phone: stands in the phone's bottom bar (four at most; the rest is under More).
        bare: drawn without the shell, as signing in is.
    """

    route: str
    title: str
    component: Callable[[], rx.Component]
    icon: str = ""
    on_load: Handler = None
    nav_group: str = ""
    roles: frozenset[str] = frozenset()
    parent: str = ""
    phone: bool = False
    bare: bool = False


def page_head(
    title: Text,
    words: Child = "",
    *actions: Child,
    crumbs: Sequence[tuple[str, str] | tuple[str, str, rx.Var[bool]]] = (),
    badge: Child = "",
    lead: Child = "",
) -> rx.Component:
    """Tell where you are, what this is in one line, what you can do.

    Args:
        crumbs: (words, address) of the pages above; with a third, it leads there where that holds.
        badge: stands after the title; `lead` before it (an avatar).
    """
    path: rx.Component = rx.fragment()
    if crumbs:
        steps: list[Child] = []
        for name, address, *theirs in crumbs:
            step: Child = rx.el.a(name, href=address)
            steps += [rx.cond(theirs[0], step, rx.el.span(name)) if theirs else step, icon("chevron-right", 12)]
        path = rx.el.nav(*steps, rx.el.span(title), class_name="crumb", aria_label="Breadcrumb")
    line = rx.el.div(rx.el.h1(title), badge, class_name="row wrap")
    below = rx.el.div(words, class_name="sub") if isinstance(words, rx.Component) or given(words) else rx.fragment()
    names = rx.el.div(lead, rx.el.div(line, below, min_width="0"), class_name="row g12")
    return rx.el.div(rx.el.div(path, names, min_width="0"), rx.el.div(*actions, class_name="row wrap"), class_name="ph")

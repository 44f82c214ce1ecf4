"""Buttons and links: icon and verb, one primary a view."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx
from reflex_components_core.el.elements.inline import A

from liquor_app.ui.icon import icon as draw
from liquor_app.ui.var_types import Child, Flag, Handler, Text, given

Kind = Literal["plain", "primary", "ghost", "danger", "solid-danger"]


def button(
    label: Text,
    *,
    on_click: Handler = None,
    kind: Kind = "plain",
    icon: str = "",
    trailing: str = "",
    href: Text = "",
    small: bool = False,
    block: bool = False,
    disabled: Flag = False,
    busy: Flag = False,
    submit: bool = False,
    **props: Any,
) -> rx.Component:
    """Draw a button; with `href` a link that looks like one. `busy` shows a spinner and refuses further clicks."""
    sizes = ("sm" if small else "", "block" if block else "", props.pop("class_name", ""))
    class_name = " ".join(part for part in ("btn", kind, *sizes) if part)
    lead: Child = draw(icon) if icon else rx.fragment()
    if given(busy):
        lead = rx.cond(busy, rx.el.span(class_name="spin", aria_hidden="true"), lead)
        disabled = rx.Var.create(busy) | rx.Var.create(disabled)
    content = (lead, label, *((draw(trailing),) if trailing else ()))
    if given(href):
        return rx.el.a(*content, href=href, class_name=class_name, **props)
    if on_click is not None:
        props["on_click"] = on_click
    kind_of_button = "submit" if submit else "button"
    return rx.el.button(*content, type=kind_of_button, class_name=class_name, disabled=disabled, **props)


def icon_button(
    icon: str, label: Text, *, on_click: Handler = None, boxed: bool = False, pip: Flag = False, **props: Any
) -> rx.Component:
    """Draw a square button without words; `label` names it for screen readers. `pip` marks something new."""
    class_name = " ".join(part for part in ("iconbtn", "boxed" if boxed else "", props.pop("class_name", "")) if part)
    if on_click is not None:
        props["on_click"] = on_click
    dot = rx.cond(pip, rx.el.i(class_name="pip"), rx.fragment()) if given(pip) else rx.fragment()
    return rx.el.button(draw(icon), dot, type="button", class_name=class_name, aria_label=label, **props)


def link(label: Child, href: Text, **props: Any) -> rx.Component:
    """Draw a link in running text or in a card's head."""
    class_name = f"link {props.pop('class_name', '')}".strip()
    return rx.el.a(label, href=href, class_name=class_name, **props)


def rows_link(value: Text, href: Text, what: Text) -> rx.Component:
    """Draw a figure that leads to the rows it counts; plain where `href` is empty, because no list has them.

    Args:
        what: the figure's name, for who hears it.
    """
    heard = rx.Var.create(what) + " " + rx.Var.create(value) + ", the rows it counts"
    linked = rx.el.a(
        value, href=href, class_name="rows", title="The rows it counts", custom_attrs={"aria-label": heard}
    )
    if isinstance(href, rx.Var):
        return rx.cond(href != "", linked, rx.el.span(value))
    return linked if href else rx.el.span(value)


def download(label: Text, href: Text, *, small: bool = False) -> rx.Component:
    """Draw a button that saves a file the server makes."""
    look = f"btn{' sm' if small else ''}"
    # A plain link: the router would take the address for one of the app's pages.
    return A.create(draw("download"), label, href=href, class_name=look, custom_attrs={"download": ""})


def avatar(initials: Text, large: bool = False) -> rx.Component:
    """Draw a person's initials; decorative, the name stands beside it."""
    return rx.el.span(initials, class_name="avatar lg" if large else "avatar", aria_hidden="true")

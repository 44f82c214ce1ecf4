"""Choosing: drop-down, check box, switch; all the browser's own, styled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from liquor_app.ui.forms.form import described, field
from liquor_app.ui.var_types import Flag, Handler, Text, given


def select(label: Text, options: Sequence[tuple[str, str]] | rx.Var[Any], **props: Any) -> rx.Component:
    """Draw a drop-down without a visible label; `options` are (value, words)."""
    if isinstance(options, rx.Var):
        choices: Any = (rx.foreach(options, lambda option: rx.el.option(option[1], value=option[0])),)
    else:
        choices = tuple(rx.el.option(words, value=value) for value, words in options)
    class_name = f"input {props.pop('class_name', '')}".strip()
    return rx.el.select(*choices, class_name=class_name, aria_label=label, **props)


def select_field(
    label: Text,
    name: str,
    options: Sequence[tuple[str, str]] | rx.Var[Any],
    *,
    hint: Text = "",
    error: Text = "",
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """Draw a drop-down with label, hint and error."""
    control = select(label, options, id=name, name=name, custom_attrs=described(name, hint, error), **props)
    return field(label, control, name=name, hint=hint, error=error, class_name=class_name)


def checkbox(
    label: Text, *, checked: Flag, on_change: Handler, hidden_label: bool = False, mixed: Flag = False
) -> rx.Component:
    """Draw a check box; `hidden_label` in tables, `mixed` when only some of a group are on."""
    box = rx.el.input(
        type="checkbox",
        class_name="check",
        checked=checked,
        on_change=on_change,
        custom_attrs={"data-mixed": rx.cond(mixed, "true", "false")} if given(mixed) else {},
    )
    words = rx.el.span(label, class_name="sr") if hidden_label else rx.el.span(label)
    return rx.el.label(box, words, class_name="row")


def tick(
    label: Text, name: str, *, default_checked: Flag, aside: Text = "", aside_class: str = "t12 muted"
) -> rx.Component:
    """Draw a check box of a form: it is sent under its name, or not at all; `aside` is what programs call it."""
    box = rx.el.input(type="checkbox", class_name="check", name=name, default_checked=default_checked)
    return rx.el.label(box, rx.el.span(label, " ", rx.el.span(aside, class_name=aside_class)), class_name="row")


def switch(label: Text, *, checked: Flag, on_change: Handler, name: str = "", disabled: Flag = False) -> rx.Component:
    """On or off, at once."""
    control = rx.el.input(
        type="checkbox",
        role="switch",
        class_name="switch",
        checked=checked,
        on_change=on_change,
        name=name,
        disabled=disabled,
    )
    return rx.el.label(control, rx.el.span(label), class_name="row")

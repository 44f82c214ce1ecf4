"""Form controls: label, control, hint, and the error beside the field, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from liquor_app.ui.icon import icon as draw
from liquor_app.ui.types import Child, Flag, Handler, Text, given


def field(
    label: Text,
    control: Child,
    *,
    name: str,
    hint: Text = "",
    error: Text = "",
    optional: bool = False,
    aside: Child = "",
    class_name: str = "",
) -> rx.Component:
    """Label, control, then the error if there is one, else the hint. The control's id must be `name`."""
    words: rx.Component = rx.el.span(hint, class_name="hint", id=f"{name}-note") if given(hint) else rx.fragment()
    if given(error):
        mistake = rx.el.span(draw("circle-alert", 14), error, class_name="err-t", id=f"{name}-note", role="alert")
        words = rx.cond(error, mistake, words)
    return rx.el.div(
        rx.el.div(
            rx.el.label(label, rx.el.span(" optional", class_name="muted") if optional else "", html_for=name),
            aside,
            class_name="row apart",
        ),
        control,
        words,
        class_name=f"field {class_name}".strip(),
    )


def _described(name: str, hint: Text, error: Text) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    if given(hint) or given(error):
        attributes["aria-describedby"] = f"{name}-note"
    if given(error):
        attributes["aria-invalid"] = rx.cond(error, "true", "false")
    return attributes


def text_field(
    label: Text,
    name: str,
    *,
    hint: Text = "",
    error: Text = "",
    optional: bool = False,
    aside: Child = "",
    lines: int = 1,
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """A text input (`lines` > 1: a text area) with all around it; `props` go to the input (`type`, `value`,
    `default_value`, `on_change`, `auto_complete`, `required`, …). Its id and form name are `name`."""
    element = rx.el.textarea if lines > 1 else rx.el.input
    if lines > 1:
        props["rows"] = str(lines)
    control = element(id=name, name=name, class_name="input", custom_attrs=_described(name, hint, error), **props)
    return field(
        label, control, name=name, hint=hint, error=error, optional=optional, aside=aside, class_name=class_name
    )


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
    """The browser's own drop-down; `options` are (value, words)."""
    control = select(label, options, id=name, name=name, custom_attrs=_described(name, hint, error), **props)
    return field(label, control, name=name, hint=hint, error=error, class_name=class_name)


def select(label: Text, options: Sequence[tuple[str, str]] | rx.Var[Any], **props: Any) -> rx.Component:
    """A drop-down without a visible label."""
    if isinstance(options, rx.Var):
        choices: Any = (rx.foreach(options, lambda option: rx.el.option(option[1], value=option[0])),)
    else:
        choices = tuple(rx.el.option(words, value=value) for value, words in options)
    class_name = f"input {props.pop('class_name', '')}".strip()
    return rx.el.select(*choices, class_name=class_name, aria_label=label, **props)


def search_input(label: str, *, value: Text, on_change: Handler, placeholder: str = "", **props: Any) -> rx.Component:
    """A search field with its glass; reports 300 ms after the last key."""
    control = rx.el.input(
        type="search",
        class_name="input sm",
        aria_label=label,
        placeholder=placeholder or label,
        value=value,
        on_change=on_change.debounce(300) if hasattr(on_change, "debounce") else on_change,
        **props,
    )
    return rx.el.span(draw("search"), control, class_name="withicon")


def checkbox(
    label: Text, *, checked: Flag, on_change: Handler, hidden_label: bool = False, mixed: Flag = False
) -> rx.Component:
    """A check box; `hidden_label` in tables, `mixed` when only some of a group are on."""
    box = rx.el.input(
        type="checkbox",
        class_name="check",
        checked=checked,
        on_change=on_change,
        custom_attrs={"data-mixed": rx.cond(mixed, "true", "false")} if given(mixed) else {},
    )
    words = rx.el.span(label, class_name="sr") if hidden_label else rx.el.span(label)
    return rx.el.label(box, words, class_name="row")


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

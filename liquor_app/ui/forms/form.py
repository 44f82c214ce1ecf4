"""Text fields: label, control, hint, and the error beside the field, in words."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from liquor_app.ui.icon import icon as draw
from liquor_app.ui.var_types import Child, Handler, Text, given

TYPING_MS = 300


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


def described(name: str, hint: Text, error: Text) -> dict[str, Any]:
    """Attributes that tie a control to its hint and error."""
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
    element_id: str = "",
    **props: Any,
) -> rx.Component:
    """Draw a text input (`lines` > 1: a text area) with all around it; `props` go to the input (`type`, `value`,
    `default_value`, `on_change`, `auto_complete`, `required`, …). Its id and form name are `name`; where two forms of a
    page ask for the same, one has another `element_id`."""
    own = element_id or name
    element = rx.el.textarea if lines > 1 else rx.el.input
    if lines > 1:
        props["rows"] = str(lines)
    attributes = described(own, hint, error) | props.pop("custom_attrs", {})
    control = element(id=own, name=name, class_name="input", custom_attrs=attributes, **props)
    if "value" in props and "on_change" in props:
        control = _typed(control)
    return field(
        label, control, name=own, hint=hint, error=error, optional=optional, aside=aside, class_name=class_name
    )


def small_input(label: Text, *, value: Text, on_change: Handler, class_name: str = "", **props: Any) -> rx.Component:
    """Draw a text input without a visible label, for rows of controls; `label` names it for screen readers."""
    attributes = {"aria-label": label} | props.pop("custom_attrs", {})
    classes = f"input sm {class_name}".strip()
    return _typed(rx.el.input(class_name=classes, value=value, on_change=on_change, custom_attrs=attributes, **props))


def search_input(label: str, *, value: Text, on_change: Handler, placeholder: str = "", **props: Any) -> rx.Component:
    """Draw a search field with its glass."""
    control = rx.el.input(
        type="search",
        class_name="input sm",
        placeholder=placeholder or label,
        value=value,
        on_change=on_change,
        custom_attrs={"aria-label": label},
        **props,
    )
    return rx.el.span(draw("search"), _typed(control), class_name="withicon")


def chip_input(label: Text, *, value: Text, on_change: Handler, name: Text, **props: Any) -> rx.Component:
    """Draw a filter chip whose value is typed: a day, an address; `name` is what `focus_filter` finds it by."""
    control = rx.el.input(value=value, on_change=on_change, id="filter-" + name, **props)
    looks = rx.cond(value != "", "chip typed on", "chip typed dash")
    return rx.el.label(rx.el.span(label, class_name="k"), _typed(control), class_name=looks)


def _typed(control: rx.Component) -> rx.Component:
    # A value the server holds would overwrite keys pressed while the answer is on its way.
    return rx.debounce_input(control, debounce_timeout=TYPING_MS)


class _PlainForm(BaseHTML):
    """HTML's own form. `rx.el.form` always takes the submit event to itself."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


def plain_form(action: str, *children: Child) -> rx.Component:
    """Draw a form the browser itself posts, with a full page load, to a route of ours."""
    return _PlainForm.create(*children, action=action, method="post")

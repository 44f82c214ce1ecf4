"""Dialogs: name the thing and the consequence."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.ui.button import button, icon_button
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.var_types import Child, Flag, Handler, Text, given

RETURN_FOCUS = rx.call_script("returnFocus()")


def dialog(
    title: Text,
    *body: Child,
    open: Flag,
    on_open_change: Handler,
    description: Text = "",
    foot: Child = "",
    max_width: str = "560px",
    **props: Any,
) -> rx.Component:
    """Draw a dialog whose opening a state holds; Escape and the scrim call `on_open_change(False)`."""
    head = rx.el.div(
        rx.el.div(
            rx.dialog.title(title, margin="0", size="4", trim="normal"),
            rx.dialog.description(description) if given(description) else rx.fragment(),
        ),
        rx.dialog.close(icon_button("x", "Close")),
        class_name="h",
    )
    parts = [head, rx.el.div(*body, class_name="b")]
    if isinstance(foot, rx.Component) or given(foot):
        parts.append(rx.el.div(foot, class_name="f"))
    undescribed = {} if given(description) else {"custom_attrs": {"aria-describedby": ""}}
    return rx.dialog.root(
        rx.dialog.content(
            *parts, class_name="dlg", max_width=max_width, on_close_auto_focus=RETURN_FOCUS, **undescribed
        ),
        open=open,
        on_open_change=on_open_change,
        **props,
    )


def confirm(
    title: Text,
    consequence: Text,
    verb: Text,
    *,
    open: Flag,
    on_open_change: Handler,
    on_confirm: Handler,
    danger: bool = False,
    otherwise: str = "Cancel",
    can: Flag = True,
    word: str = "",
    typed: Text = "",
    on_type: Handler = None,
    busy: Flag = False,
) -> rx.Component:
    """Asks before something that cannot be taken back.

    Args:
        verb: what the button does, "Erase for good"; `otherwise` what the other one does.
        can: whether it can be done now; where not, the consequence says what comes first, and no button does it.
        word: must be typed before the button works; `typed` and `on_type` hold what was typed so far.
    """
    guard: rx.Component = rx.fragment()
    blocked: Flag = False
    if word:
        blocked = rx.Var.create(typed) != word
        guard = rx.el.div(
            text_field(f"Type “{word}” to go on", "confirm-word", value=typed, on_change=on_type, auto_complete="off"),
            margin_top="12px",
        )
    act = button(verb, on_click=on_confirm, kind="solid-danger" if danger else "primary", disabled=blocked, busy=busy)
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.el.div(rx.alert_dialog.title(title, margin="0", size="4", trim="normal"), class_name="h"),
            rx.el.div(rx.alert_dialog.description(consequence), guard, class_name="b"),
            rx.el.div(
                rx.alert_dialog.cancel(button(otherwise)),
                rx.cond(can, act, rx.fragment()),
                class_name="f",
            ),
            class_name="dlg",
            max_width="460px",
            on_close_auto_focus=RETURN_FOCUS,
        ),
        open=open,
        on_open_change=on_open_change,
    )

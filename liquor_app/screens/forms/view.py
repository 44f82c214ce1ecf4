"""A form's frame: it tells its state that something was typed, and asks before that is dropped."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.forms.state import FormState
from liquor_app.ui.forms.dialog import confirm, dialog
from liquor_app.ui.var_types import Child, Flag, Text


class _Watched(rx.el.Div):
    """A box that hears what is typed into any field within."""

    on_input: rx.EventHandler[rx.event.no_args_event_spec]


def watched(state: type[FormState], *children: Child) -> rx.Component:
    """Draw fields of a form; leaving the page while it holds what is not stored asks first (`shell.js`)."""
    return _Watched.create(
        *children,
        on_input=rx.cond(state.dirty, rx.noop(), state.touch),
        class_name="watched",
        custom_attrs={"data-dirty": rx.cond(state.dirty, "true", "false")},
    )


def form_of(state: type[FormState], *children: Child, **props: Any) -> rx.Component:
    """Draw a form whose state is a `FormState`; `on_submit` is one of its `submits`."""
    return rx.form(watched(state, *children), **props)


def form_dialog(state: type[FormState], title: Text, *body: Child, open: Flag, **props: Any) -> rx.Component:
    """Draw a dialog with a form of `state`. Escape, the scrim and Cancel (`state.close(False)`) ask before what was
    typed is dropped. A page one comes back to has it closed: what was typed went with the page."""
    return rx.fragment(
        dialog(title, *body, open=open, on_open_change=state.close, **props),
        _drop_question(state, open),
        rx.el.span(hidden=True, on_mount=rx.cond(open, state.drop, rx.noop())),
    )


def unsaved_mark(state: type[FormState]) -> rx.Component:
    """For a page that keeps each key it is told of: leaving it unsaved asks first, too."""
    return rx.el.span(hidden=True, custom_attrs={"data-dirty": rx.cond(state.dirty, "true", "false")})


def _drop_question(state: type[FormState], open: Flag) -> rx.Component:
    return confirm(
        "Throw away what you typed?",
        "It is not stored yet.",
        "Throw away",
        open=rx.Var.create(open) & state.dropping,
        on_open_change=state.stay,
        on_confirm=state.drop,
        danger=True,
        otherwise="Keep editing",
    )

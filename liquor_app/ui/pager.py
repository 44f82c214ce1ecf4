"""Below a table: the way to its other pages, and what can be done with the chosen rows."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.ui.button import button, icon_button
from liquor_app.ui.var_types import Child, Flag, Handler, Text


def pager(
    showing: Text,
    *,
    has_previous: Flag,
    has_next: Flag,
    on_previous: Handler,
    on_next: Handler,
    on_first: Handler = None,
    on_last: Handler = None,
    hint: str = "",
) -> rx.Component:
    """ "Showing 12 of 1,102 matching (exact)" and the way to the other pages, none where there is only this one."""
    back, on = ~rx.Var.create(has_previous), ~rx.Var.create(has_next)
    buttons: list[rx.Component] = []
    if on_first is not None:
        buttons.append(icon_button("chevrons-left", "First page", on_click=on_first, disabled=back))
    buttons.append(button("Previous", icon="chevron-left", on_click=on_previous, disabled=back, small=True))
    buttons.append(button("Next", trailing="chevron-right", on_click=on_next, disabled=on, small=True))
    if on_last is not None:
        buttons.append(icon_button("chevrons-right", "Last page", on_click=on_last, disabled=on))
    several = rx.Var.create(has_previous) | rx.Var.create(has_next)
    return rx.el.nav(
        rx.el.span(showing, role="status"),
        rx.el.span(hint, class_name="hide-sm") if hint else rx.fragment(),
        rx.cond(several, rx.el.div(*buttons, class_name="row"), rx.fragment()),
        class_name="pager",
        aria_label="Pages",
    )


def bulk_bar(count: Any, words: Text, *actions: Child, on_clear: Handler) -> rx.Component:
    """Tell what can be done with so many chosen rows ("1,545 selected"); floats at the bottom while there are any."""
    bar = rx.el.div(
        rx.el.span(words, class_name="num nowrap", role="status"),
        *actions,
        button("Clear", icon="x", kind="ghost", on_click=on_clear),
        class_name="bulk in",
        role="toolbar",
        aria_label="Selected rows",
    )
    return rx.cond(count > 0, bar, rx.fragment())

"""Menus behind a button."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.ui.icon import icon as draw
from liquor_app.ui.var_types import Flag, Handler, Text

# A dialog that a line has opened keeps the focus: the menu, gone a moment later, would take it back to its button.
KEEP_FOCUS = {
    "onCloseAutoFocus": rx.Var(
        "(event) => { if (document.querySelector('[role=dialog], [role=alertdialog]')) event.preventDefault(); }"
    )
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a menu, drawn only `when` what it does can be done. `divider` draws a line above it."""

    label: Text
    on_click: Handler
    icon: str = ""
    danger: bool = False
    divider: bool = False
    when: Flag = True


def menu(trigger: rx.Component, *items: Item) -> rx.Component:
    """Draw a menu that opens below `trigger`, usually an `icon_button("ellipsis", "More")` or a `button`."""
    lines: list[rx.Component] = []
    for item in items:
        line: rx.Component = rx.menu.item(
            draw(item.icon) if item.icon else rx.fragment(),
            item.label,
            on_click=item.on_click,
            class_name="red" if item.danger else "",
        )
        if item.divider:
            line = rx.fragment(rx.menu.separator(), line)
        lines.append(line if item.when is True else rx.cond(item.when, line, rx.fragment()))
    return rx.menu.root(
        rx.menu.trigger(trigger), rx.menu.content(*lines, align="end", side_offset=4, custom_attrs=KEEP_FOCUS)
    )

"""Menus behind a button."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.ui.icon import icon as draw
from liquor_app.ui.var_types import Handler, Text

# A dialog that a line has opened keeps the focus: the menu, gone a moment later, would take it back to its button.
KEEP_FOCUS = {
    "onCloseAutoFocus": rx.Var(
        "(event) => { if (document.querySelector('[role=dialog], [role=alertdialog]')) event.preventDefault(); }"
    )
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a menu. `divider` draws a line above it."""

    label: Text
    on_click: Handler
    icon: str = ""
    danger: bool = False
    divider: bool = False


def menu(trigger: rx.Component, *items: Item) -> rx.Component:
    """Draw a menu that opens below `trigger`, usually an `icon_button("ellipsis", "More")` or a `button`."""
    lines: list[rx.Component] = []
    for item in items:
        if item.divider:
            lines.append(rx.menu.separator())
        lines.append(
            rx.menu.item(
                draw(item.icon) if item.icon else rx.fragment(),
                item.label,
                on_click=item.on_click,
                class_name="red" if item.danger else "",
            )
        )
    return rx.menu.root(
        rx.menu.trigger(trigger), rx.menu.content(*lines, align="end", side_offset=4, custom_attrs=KEEP_FOCUS)
    )

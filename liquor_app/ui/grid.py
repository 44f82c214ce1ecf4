"""Rows, columns and the 12-column grid. Spans fold by themselves: 3 → 6 below 1180 px, others → 12."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from liquor_app.ui.var_types import Child

Gap = Literal[4, 8, 12, 16, 24]


def row(*children: Child, gap: Gap = 8, wrap: bool = False, apart: bool = False, **props: Any) -> rx.Component:
    """Children side by side, centred; `apart` pushes the first and last to the ends."""
    parts = ("row", f"g{gap}", "wrap" if wrap else "", "apart" if apart else "", props.pop("class_name", ""))
    return rx.el.div(*children, class_name=" ".join(part for part in parts if part), **props)


def col(*children: Child, gap: Gap = 8, **props: Any) -> rx.Component:
    """Children below each other."""
    return rx.el.div(*children, class_name=f"col g{gap} {props.pop('class_name', '')}".strip(), **props)


def grid(*children: Child, **props: Any) -> rx.Component:
    """Twelve columns, 16 px between; put `span(...)` or components with `class_name="c4"` inside."""
    return rx.el.div(*children, class_name=f"grid {props.pop('class_name', '')}".strip(), **props)


def span(columns: Literal[2, 3, 4, 5, 6, 7, 8, 9, 12], *children: Child, **props: Any) -> rx.Component:
    """Draw a cell of the grid, its children below each other."""
    return rx.el.div(*children, class_name=f"c{columns} col g16 {props.pop('class_name', '')}".strip(), **props)


def pair(*children: Child, **props: Any) -> rx.Component:
    """Draw fields side by side as long as each has 180 px, below each other otherwise."""
    return rx.el.div(*children, class_name=f"pair {props.pop('class_name', '')}".strip(), **props)

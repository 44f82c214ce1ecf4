"""The heat map, for cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from liquor_app.ui.charts.points import with_points
from liquor_app.ui.var_types import Text


def heatmap(
    head: Sequence[str] | rx.Var[list[str]], rows: rx.Var[list[list[str]]], label: Text, strongest: int = 50
) -> rx.Component:
    """Draw a table of percents coloured by size; each row is its name, its size, then the percents ("" for
    none, "100" is left uncoloured). The full colour stands at `strongest` percent."""

    def column(name: Any) -> rx.Component:
        return rx.el.th(name, scope="col")

    def cell(value: Any, index: Any) -> rx.Component:
        share = (value.to(int) / strongest).to_string()
        colored = rx.el.td(value, custom_attrs={"data-a": ""}, style={"--a": share})
        plain = rx.el.td(value, class_name=rx.cond(value == "100", "num full", "num"))
        return rx.cond(
            index == 0,
            rx.el.th(value, scope="row"),
            rx.cond((index == 1) | (value == "") | (value == "100"), plain, colored),
        )

    drawn = rx.el.div(
        rx.el.table(
            rx.el.caption(label, class_name="sr"),
            rx.el.thead(rx.el.tr(*([rx.foreach(head, column)] if isinstance(head, rx.Var) else map(column, head)))),
            rx.el.tbody(rx.foreach(rows, lambda row: rx.el.tr(rx.foreach(row, cell)))),
            class_name="heat",
        ),
        class_name="scroll",
        tab_index=0,
        role="group",
        aria_label=label,
    )
    return with_points(drawn, label, has_table=True)

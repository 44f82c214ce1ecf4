"""The card of a copy of the base for analysis."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.organization.settings.copy_state import CopyState
from liquor_app.ui.button import button, download
from liquor_app.ui.card import card
from liquor_app.ui.charts.progress import bar
from liquor_app.ui.grid import col, row

TELLS = (
    "Customers, purchases and messages as CSV files, for a spreadsheet. It tells of nobody: each customer is"
    " alike with four others at least, and names, addresses, birthdays and products are left out, as is whoever objects"
    " to being profiled."
)


def copy_card() -> rx.Component:
    """Draw it: what it holds, how far it is, and where it is fetched."""
    state = CopyState
    under_way = col(
        rx.el.div(state.step, class_name="t12 muted", role="status"),
        bar(state.percent, "Written of the copy"),
        row(button("Stop", small=True, on_click=state.stop)),
        gap=8,
    )
    asked = col(
        rx.cond(state.report != "", rx.el.div(state.report, class_name="t12 muted", role="status"), rx.fragment()),
        row(
            rx.cond(state.file_url != "", download("Save the file", state.file_url), rx.fragment()),
            button(rx.cond(state.file_url != "", "Write a new copy", "Write a copy"), on_click=state.write),
        ),
        gap=8,
    )
    return card(
        col(rx.el.p(TELLS), rx.cond(state.working, under_way, asked), gap=12),
        title="An anonymised copy",
        foot="The file is kept for two days. Each copy names everything anew, so two cannot be laid side by side.",
    )

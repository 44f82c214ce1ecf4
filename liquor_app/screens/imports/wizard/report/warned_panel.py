"""The report's part about rows that were taken with a warning."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.imports.wizard.report.warned_state import WarnedState
from liquor_app.ui.button import button, download
from liquor_app.ui.card import card
from liquor_app.ui.grid import row
from liquor_app.ui.table import Column, table


def warned_card() -> rx.Component:
    """Draw the warned rows: where each is, what was read, what was done."""
    columns = (
        Column("Row", lambda line: rx.el.span(line.number, class_name="num")),
        Column(
            "Column",
            lambda line: rx.el.span(line.field, white_space="normal"),
            phone="under",
            filled=lambda line: line.field != "",
        ),
        Column(
            "Read",
            lambda line: rx.el.span(line.read, class_name="num"),
            phone="under",
            named=True,
            filled=lambda line: line.read != "",
        ),
        Column("What was done", lambda line: rx.el.span(line.done, white_space="normal"), phone="under", whole=True),
    )
    turning = row(
        rx.el.span("Page ", WarnedState.at_page + 1, " of ", WarnedState.pages, class_name="num muted"),
        row(
            button("Back", small=True, on_click=WarnedState.turn(-1), disabled=WarnedState.at_page == 0),
            button(
                "Next", small=True, on_click=WarnedState.turn(1), disabled=WarnedState.at_page + 1 >= WarnedState.pages
            ),
        ),
        apart=True,
        class_name="pad",
    )
    shown = card(
        rx.cond(WarnedState.note != "", rx.el.p(WarnedState.note, class_name="muted pad"), rx.fragment()),
        table(WarnedState.rows, columns, label="Rows with a warning", dense=True),
        rx.cond(WarnedState.pages > 1, turning, rx.fragment()),
        title="Rows with a warning",
        foot=row(download("Download warned rows", WarnedState.file)),
        flush=True,
    )
    return rx.cond(WarnedState.file != "", shown, rx.fragment())

"""What is asked about columns that are left out, before a file is imported by hand."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.imports.cleaning.doubts.doubt import GIVEN_BACK, NO_SALE, SALE
from liquor_app.screens.imports.wizard.matching_state import MatchState
from liquor_app.ui.button import button
from liquor_app.ui.card import card, note
from liquor_app.ui.forms.choice import select
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column, table

ROW_KINDS = [("", "Please choose"), (SALE, "Sales"), (GIVEN_BACK, "Given back"), (NO_SALE, "No sales: leave out")]


def doubts_card() -> rx.Component:
    """Draw what is asked, and what was answered."""

    def asked(line: Any) -> rx.Component:
        return row(
            rx.el.p(line.words, class_name="grow"),
            button("It changes nothing", small=True, on_click=MatchState.change_nothing(line.column)),
            apart=True,
            wrap=True,
        )

    def settled(column: Any) -> rx.Component:
        return row(
            rx.el.span("“", column, "” changes nothing.", class_name="muted"),
            button("Ask again", small=True, on_click=MatchState.ask_again(column)),
            apart=True,
            wrap=True,
        )

    def chosen(line: Any) -> rx.Component:
        return select(
            "Rows with this value are", ROW_KINDS, value=line.kind, class_name="sm",
            on_change=lambda kind: MatchState.say_kind(line.column, line.value, kind),
        )  # fmt: skip

    values = table(
        MatchState.doubt_values,
        (Column("Column and value", lambda line: rx.el.b(line.label)), Column("Rows with it are", chosen)),
        label="What rows with each value are",
        dense=True,
    )
    is_asked = rx.Var.create(MatchState.doubts).length() > 0
    body = col(
        rx.cond(
            is_asked,
            note("Please answer before this file is imported: it leaves out what may matter.", tone="amber",
                 icon="circle-help", alert=True),
            rx.fragment(),
        ),
        rx.foreach(MatchState.doubts, asked),
        rx.cond(MatchState.doubt_values, values, rx.fragment()),
        rx.foreach(MatchState.settled, settled),
        gap=12,
    )  # fmt: skip
    is_shown = (
        is_asked
        | (rx.Var.create(MatchState.doubt_values).length() > 0)
        | (rx.Var.create(MatchState.settled).length() > 0)
    )
    return rx.cond(
        is_shown, card(rx.el.div(body, class_name="pad"), title="Columns left out", flush=True), rx.fragment()
    )

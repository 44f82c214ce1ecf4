"""What a file would do: its totals beside the file's own, and each row before and after."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.imports.wizard.matching_state import MatchState
from liquor_app.screens.imports.wizard.trial_view import RETURN, TAKEN_BACK
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card
from liquor_app.ui.grid import row
from liquor_app.ui.table import Column, table


def trial_told() -> rx.Component:
    """Draw what would become of the rows, in words."""
    told = rx.fragment(
        rx.el.p(MatchState.trial, role="status"),
        rx.cond(MatchState.seen_note != "", rx.el.p(MatchState.seen_note), rx.fragment()),
    )
    return rx.cond(MatchState.trial != "", told, rx.fragment())


def trial_rows() -> rx.Component:
    """Draw the rows that were tried, each before and after."""

    def outcome(line: Any) -> rx.Component:
        return rx.match(
            line.outcome,
            ("created", badge("New", "green")),
            ("updated", badge("Changed", "blue")),
            (RETURN, badge("Return", "amber")),
            (TAKEN_BACK, badge("Taken back", "amber")),
            ("rejected", badge("Refused", "red")),
            badge("Known already", "gray"),
        )

    columns = (
        Column("Row", lambda line: rx.el.span(line.number, class_name="num")),
        Column(
            "Who, or which order",
            lambda line: rx.el.span(line.who, white_space="normal"),
            phone="under",
        ),
        Column("Becomes", lambda line: rx.el.span(line.becomes, white_space="pre-line"), phone="under"),
        Column("Warning", lambda line: rx.el.span(line.reason, white_space="normal"), phone="under", whole=True),
        Column("Would be", outcome),
    )
    turning = row(
        rx.el.span("Page ", MatchState.at_page + 1, " of ", MatchState.pages, class_name="num muted"),
        row(
            button("Back", small=True, on_click=MatchState.turn(-1), disabled=MatchState.at_page == 0),
            button(
                "Next", small=True, on_click=MatchState.turn(1), disabled=MatchState.at_page + 1 >= MatchState.pages
            ),
        ),
        apart=True,
        class_name="pad",
    )
    shown = card(
        table(MatchState.rows, columns, label="What would become of the rows", dense=True),
        rx.cond(MatchState.pages > 1, turning, rx.fragment()),
        title="What would become of the rows",
        flush=True,
    )
    return rx.cond(MatchState.trial != "", shown, rx.fragment())


def trial_totals() -> rx.Component:
    """Draw the file's own totals beside what would be taken."""
    columns = (
        Column("Of the rows that were tried", lambda line: rx.el.b(line.words)),
        Column("In the file", lambda line: rx.el.span(line.file, class_name="num"), number=True),
        Column("Would be taken", lambda line: rx.el.span(line.made, class_name="num"), number=True),
    )
    note = rx.cond(MatchState.money_note != "", rx.el.p(MatchState.money_note, class_name="muted pad"), rx.fragment())
    totals = rx.fragment(
        table(MatchState.totals, columns, label="Totals of the file, and what is taken", dense=True), note
    )
    return rx.cond(MatchState.trial != "", totals, rx.fragment())

"""What came of a played week, on the campaign's page: plainly marked as simulated."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.experiments.played.played_state import PlayedState
from liquor_app.ui.badge import badge
from liquor_app.ui.card import card, note
from liquor_app.ui.charts.bars import numbers
from liquor_app.ui.grid import col
from liquor_app.ui.table import Column, table

WEEK = PlayedState.week


def played_card() -> rx.Component:
    """Draw who opened, clicked and bought; once the week is over, what the holdout shows and what was learned."""
    return rx.cond(WEEK.is_shown, _card(), rx.fragment())


def _card() -> rx.Component:
    return card(
        col(
            note(
                rx.el.b("Simulated. "),
                "Nobody outside was written to and nobody bought. What the sample's people do was drawn by a small"
                " world in which messages work, by segment, offer and channel. It counts in no report, teaches the"
                " agent nothing, and goes with the sample.",
                tone="amber",
                icon="flask-conical",
            ),
            numbers(
                ("Written to", WEEK.sent, "by the sandbox", ""),
                ("Opened", WEEK.opened, "e-mails, simulated", ""),
                ("Clicked", WEEK.clicked, "simulated", ""),
                ("Bought at the till", WEEK.buyers, WEEK.people, ""),
                ("Spent", WEEK.spent, "simulated", ""),
                ("Held out", WEEK.control, "not written to, to measure against", ""),
                ("Incremental profit", WEEK.gain, WEEK.gain_within, ""),
            ),
            rx.cond(WEEK.is_over, _over(), rx.fragment()),
            gap=16,
        ),
        title="What came of it",
        aside=badge("simulated", "amber"),
    )


def _lifts(lines: Any, one: str, other: str, label: str) -> rx.Component:
    return table(
        lines,
        [
            Column("In the week from each person's own day", lambda line: line.what),
            Column(one, lambda line: line.written, number=True, phone="under", named=True),
            Column(other, lambda line: line.held_out, number=True, phone="under", named=True),
            Column("Difference", lambda line: rx.el.b(line.difference), number=True),
            Column("95% interval", lambda line: line.interval, number=True, phone="under", named=True),
            Column("All of them together", lambda line: line.total, number=True, phone="under", named=True, wide=True),
            Column("Verdict", lambda line: line.verdict, phone="under", whole=True),
        ],
        label=label,
        dense=True,
    )


def _over() -> rx.Component:
    return col(
        rx.cond(
            WEEK.is_mismatch,
            note(WEEK.split_words, tone="red", icon="triangle-alert", alert=True),
            rx.el.p(WEEK.split_words, class_name="t12 muted"),
        ),
        _lifts(PlayedState.lifts, "Written to", "Held out", "Written to beside held out, simulated"),
        rx.cond(
            rx.Var.create(PlayedState.beside).length() > 0,
            _lifts(PlayedState.beside, "Agent's choice", "Beside it", "The agent's choice beside others, simulated"),
            rx.fragment(),
        ),
        rx.cond(WEEK.compared != "", rx.el.p(WEEK.compared, class_name="pretty"), rx.fragment()),
        rx.el.p(WEEK.sentence, class_name="pretty"),
        table(
            PlayedState.lessons,
            [
                Column("Would be learned, buyers of a hundred", lambda line: line.kind),
                Column("Before", lambda line: line.before, number=True, phone="hide"),
                Column("After", lambda line: rx.el.b(line.after), number=True),
                Column("80% interval", lambda line: line.interval, number=True, phone="under", named=True),
                Column("People who got it", lambda line: line.people, number=True, phone="under", named=True),
            ],
            label="What the agent would learn of the week, simulated",
            dense=True,
        ),
        gap=16,
    )

"""The card of what messages changed, by what one likes."""

from __future__ import annotations

import reflex as rx

from liquor_app.experiments.effects import By
from liquor_app.screens.experiments.effect_words import MEASURED, POOLED
from liquor_app.screens.experiments.learning.effects_state import EffectsState
from liquor_app.ui.badge import badge
from liquor_app.ui.card import card
from liquor_app.ui.empty import empty
from liquor_app.ui.grid import col
from liquor_app.ui.table import Column, folded_table
from liquor_app.ui.tabs import segmented


def effects_card() -> rx.Component:
    shown = folded_table(
        rx.Var.create(EffectsState.lines),
        [
            Column(
                "Messages",
                lambda line: rx.cond(line.href != "", rx.el.a(line.name, href=line.href, class_name="med"), line.name),
            ),
            Column("Written to and held out", lambda line: line.people, phone="under", named=True, whole=True),
            Column("Buyers won", lambda line: line.bought, number=True, phone="under", named=True),
            Column("Revenue", lambda line: line.revenue, number=True, phone="under", wide=True, named=True),
            Column("Profit", lambda line: rx.el.b(line.profit), number=True),
            Column("95%, any day", lambda line: line.profit_interval, number=True, phone="under", named=True),
            Column("Final read", lambda line: line.final, number=True, phone="under", named=True),
            Column("", lambda line: badge(line.verdict, line.tone), phone="under", whole=True, heard="Verdict"),
        ],
        label="What messages changed against who was held out",
        others="of them",
        loading=EffectsState.loading,
        empty=empty(
            "Nothing to compare yet",
            "A campaign shows here once it went out with people held out, after the night's learning.",
            icon="scale",
        ),
    )
    return card(
        shown,
        title="What messages changed",
        aside=segmented(
            [(one.value, one.label) for one in By], value=EffectsState.by, on_change=EffectsState.show, label="Told by"
        ),
        foot=col(
            rx.cond(EffectsState.random != "", rx.el.span(EffectsState.random, class_name="num pretty"), rx.fragment()),
            rx.el.span(MEASURED + POOLED, EffectsState.since, class_name="t12 muted pretty"),
            gap=8,
        ),
        flush=True,
        class_name="c12",
    )

"""The card of what a campaign changed."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.experiments.campaign_effect.effect_state import CampaignEffectState
from liquor_app.screens.experiments.effect_words import MEASURED
from liquor_app.ui.card import card, note
from liquor_app.ui.table import Column, table


def effect_card() -> rx.Component:
    """Drawn where somebody is held out of a campaign that has begun, or an arm of it was drawn at random."""
    shown = card(
        rx.cond(
            CampaignEffectState.is_mismatch,
            note(CampaignEffectState.split, tone="red", icon="triangle-alert", alert=True),
            rx.fragment(),
        ),
        rx.cond(
            CampaignEffectState.note != "",
            note(CampaignEffectState.note, tone="amber", icon="info"),
            rx.fragment(),
        ),
        table(
            CampaignEffectState.lines,
            [
                Column("Outcome", lambda line: line.outcome),
                Column("Written to", lambda line: line.written, number=True, phone="under", named=True),
                Column("Held out", lambda line: line.held_out, number=True, phone="under", named=True),
                Column("Changed, a person", lambda line: line.changed, number=True, phone="under", named=True),
                Column("All together", lambda line: rx.el.b(line.total), number=True, phone="under", named=True),
                Column("Final read", lambda line: line.final, number=True, phone="under", named=True),
            ],
            label="What this campaign changed against who was held out",
            dense=True,
        ),
        title="What it changed",
        aside=CampaignEffectState.groups,
        foot=rx.el.span(
            MEASURED + " The first interval may be looked at every day; the final read is one look, at a date fixed at"
            " approval. ",
            CampaignEffectState.split,
            class_name="t12 muted pretty",
        ),
        flush=True,
    )
    return rx.cond(rx.Var.create(CampaignEffectState.lines).length() > 0, shown, rx.fragment())

"""The card of what a campaign changed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.experiments.campaign_effect.effect_state import CampaignEffectState
from liquor_app.screens.experiments.effect_words import MEASURED
from liquor_app.ui.card import card, note
from liquor_app.ui.table import Column, table


def _outcomes(lines: Any, what: str, one: str, other: str, *, label: str) -> rx.Component:
    return table(
        lines,
        [
            Column(what, lambda line: line.outcome),
            Column(one, lambda line: line.written, number=True, phone="under", named=True),
            Column(other, lambda line: line.held_out, number=True, phone="under", named=True),
            Column("Changed, a person", lambda line: line.changed, number=True, phone="under", named=True),
            Column("All together", lambda line: rx.el.b(line.total), number=True, phone="under", named=True),
            Column("Final read", lambda line: line.final, number=True, phone="under", named=True),
        ],
        label=label,
        dense=True,
    )


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
        _outcomes(
            CampaignEffectState.lines,
            "Outcome",
            "Written to",
            "Held out",
            label="What this campaign changed against who was held out",
        ),
        rx.cond(
            rx.Var.create(CampaignEffectState.choices).length() > 0,
            _outcomes(
                CampaignEffectState.choices,
                "What choosing changed",
                "Agent's choice",
                "Beside it",
                label="What the agent's choice changed beside what others got",
            ),
            rx.fragment(),
        ),
        title="What it changed",
        aside=CampaignEffectState.groups,
        foot=rx.el.span(
            MEASURED + " The first interval may be looked at every day; the final read is one look, at a date fixed at"
            " approval. ",
            rx.cond(CampaignEffectState.as_of != "", CampaignEffectState.as_of + " ", ""),
            CampaignEffectState.split,
            class_name="t12 muted pretty",
        ),
        flush=True,
    )
    return rx.cond(rx.Var.create(CampaignEffectState.lines).length() > 0, shown, rx.fragment())

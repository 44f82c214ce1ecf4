"""The card of a campaign's coupon codes: which pool, and whether it will do."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.campaigns.detail.coupons_state import CodesState
from liquor_app.ui.button import link
from liquor_app.ui.card import card, note
from liquor_app.ui.forms.choice import select
from liquor_app.ui.grid import col


def codes_card() -> rx.Component:
    """Drawn where the shop has pools and somebody still needs a code."""

    def line(one: Any) -> rx.Component:
        choice = select(
            "Codes for " + one.percent + "% off",
            one.options,
            value=one.pool,
            on_change=lambda pool: CodesState.choose(one.percent, pool),
        )
        short = note(one.trouble, tone="amber", icon="triangle-alert", action=link("Add codes", "/coupons"), alert=True)
        return col(
            rx.el.span(one.people, class_name="t13"),
            choice,
            rx.cond(one.trouble != "", short, rx.fragment()),
            gap=8,
        )

    shown = card(
        col(rx.foreach(CodesState.lines, line), gap=16),
        title="Coupon codes",
        aside=rx.el.a("Pools", href="/coupons", class_name="link t12"),
    )
    return rx.cond(rx.Var.create(CodesState.lines).length() > 0, shown, rx.fragment())

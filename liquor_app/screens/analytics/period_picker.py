"""Choosing a page's period and what it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from liquor_app.analytics.periods import Against
from liquor_app.screens.analytics.period_state import OWN, PeriodState
from liquor_app.ui.button import button
from liquor_app.ui.forms.choice import select
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import row
from liquor_app.ui.tabs import segmented


def period_choice(state: type[PeriodState], choices: Sequence[tuple[str, str]]) -> rx.Component:
    """Draw the choices and the comparison, for a page's head."""
    return rx.fragment(
        segmented([*choices, (OWN, "Own days")], value=state.period, on_change=state.choose_period, label="Period"),
        select(
            "Compared with",
            [(Against.BEFORE.value, "Days before"), (Against.YEAR.value, "52 weeks before")],
            value=state.against,
            on_change=state.choose_against,
            class_name="sm",
            width="max-content",
        ),
    )


def own_days(state: type[PeriodState]) -> rx.Component:
    """Draw the two days of a period of one's own, where that is chosen."""
    fields: list[Any] = [
        text_field("First day", "from", type="date", default_value=state.first_day, error=state.period_problem),
        text_field("Last day", "to", type="date", default_value=state.last_day),
        button("Show", kind="primary", submit=True),
    ]
    form = rx.el.form(
        row(*fields, wrap=True, align="end"), on_submit=state.choose_days, class_name="own-days", margin_bottom="16px"
    )
    return rx.cond(state.period == OWN, form, rx.fragment())

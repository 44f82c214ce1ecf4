"""The cards of a campaign by segment, offer and channel, and of who bought."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.analytics.parts.state import PartsState
from liquor_app.screens.analytics.view import meaning
from liquor_app.ui.badge import badge
from liquor_app.ui.button import link
from liquor_app.ui.card import card
from liquor_app.ui.grid import grid
from liquor_app.ui.table import Column, table


def parts_cards() -> rx.Component:
    """Draw what there is; nothing of a campaign nothing of which was sent."""
    simulated = rx.cond(PartsState.is_played, badge("simulated", "amber", dot=False), rx.fragment())
    parts = card(
        table(
            PartsState.lines,
            [
                Column("What", lambda line: line.name),
                Column("By", lambda line: rx.el.span(line.by, class_name="muted"), phone="under"),
                Column("Sent", lambda line: line.sends, number=True, phone="under", named=True,
                       meaning=meaning("sends")),
                Column("Click rate", lambda line: line.clicks, number=True, phone="hide",
                       meaning=meaning("click_rate")),
                Column("Orders", lambda line: line.bought, number=True, phone="under", named=True,
                       meaning=meaning("conversions")),
                Column("Conversion", lambda line: line.rate, number=True, phone="under", named=True,
                       meaning=meaning("conversion_rate")),
                Column("Revenue", lambda line: line.revenue, number=True, meaning=meaning("attributed_revenue")),
            ],
            label="The campaign by segment, offer and channel",
            dense=True,
        ),
        title="By segment, offer and channel",
        aside=simulated,
        flush=True,
        class_name="c8",
    )  # fmt: skip
    all_of_them = rx.cond(PartsState.all_buyers != "", link("All of them", PartsState.all_buyers), simulated)
    buyers = card(
        table(
            PartsState.buyers,
            [
                Column("Customer", lambda line: line.name),
                Column("When", lambda line: line.at, number=True, phone="under"),
                Column("For", lambda line: line.total, number=True),
            ],
            label="Who bought, for most first",
            href=lambda line: "/customers/" + line.id,
            dense=True,
            empty=rx.el.p("Nobody yet, as far as it is known here.", class_name="muted pad"),
        ),
        title="Who bought",
        aside=all_of_them,
        flush=True,
        class_name="c4",
    )
    return rx.cond(PartsState.lines, grid(parts, buyers), rx.fragment())

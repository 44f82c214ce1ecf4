"""The card of what a campaign brought, in every way it is seen in."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.analytics.attribution.state import AttributionState
from liquor_app.ui.button import rows_link
from liquor_app.ui.card import card
from liquor_app.ui.empty import empty
from liquor_app.ui.table import Column, table


def _orders(line: Any) -> rx.Component:
    return rows_link(line.orders, line.href, line.label)


def attribution_card() -> rx.Component:
    return card(
        table(
            AttributionState.lines,
            [
                Column("Seen as", lambda line: rx.el.b(line.label)),
                Column("What is counted", lambda line: line.words, phone="under", whole=True),
                Column(
                    "Orders",
                    _orders,
                    number=True,
                    phone="under",
                    named=True,
                ),
                Column("Customers", lambda line: line.customers, number=True, phone="hide"),
                Column("Revenue", lambda line: rx.el.b(line.revenue), number=True),
                Column("95% interval", lambda line: line.within, number=True, phone="hide"),
            ],
            label="What this campaign brought, in each way to see it",
            loading=AttributionState.loading,
            dense=True,
            empty=empty("Nothing yet", "What was bought after its messages is counted here.", icon="receipt"),
        ),
        title="What it brought, seen in each way",
        foot=rx.el.span(
            "None of these is another, and they do not add up: clicks and coupons tell what followed a message,"
            " the people held out what would not have come without it. ",
            AttributionState.since,
            class_name="t12 muted pretty",
        ),
        flush=True,
    )

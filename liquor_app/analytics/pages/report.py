"""Analytics: revenue, campaigns, churn."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.analytics.states.report import AnalyticsState
from liquor_app.ui.card import card
from liquor_app.ui.chart import Series, legend, line_chart
from liquor_app.ui.empty import empty
from liquor_app.ui.kpi import kpi
from liquor_app.ui.layout import grid
from liquor_app.ui.page import Page, page_head
from liquor_app.ui.progress import churn_band
from liquor_app.ui.table import Column, table
from liquor_app.ui.tabs import segmented


def analytics_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Analytics",
            AnalyticsState.words,
            segmented(
                [("30", "30 days"), ("90", "90 days"), ("365", "12 months")],
                value=AnalyticsState.period,
                on_change=AnalyticsState.choose_period,
                label="Period",
            ),
        ),
        grid(
            rx.cond(
                AnalyticsState.loading,
                rx.fragment(*(kpi("", "", loading=True) for _ in range(4))),
                rx.foreach(AnalyticsState.tiles, _tile),
            ),
            card(
                line_chart(
                    AnalyticsState.days,
                    [
                        Series("Revenue", AnalyticsState.revenue, fill="area"),
                        Series("Conversion", AnalyticsState.rate, color="c4", right=True),
                    ],
                    prefix="$",
                    right_suffix="%",
                    label=f"Revenue and conversion by day. {AnalyticsState.words}",
                    loading=AnalyticsState.loading,
                ),
                title="Revenue and conversion",
                aside=legend(("Revenue", "c1", "line"), ("Conversion of that day's messages", "c4", "line")),
                class_name="c12",
            ),
            card(_campaigns(), title="Campaigns in the period", flush=True, class_name="c12"),
            card(
                _people(),
                title="Worth keeping",
                aside=rx.el.span(AnalyticsState.high_risk, class_name="t12 muted"),
                flush=True,
                class_name="c12",
            ),
        ),
    )


def _tile(tile: Any) -> rx.Component:
    return kpi(tile.label, tile.value, delta=tile.delta, base=tile.base, trend=tile.trend, spark=tile.spark)


def _campaigns() -> rx.Component:
    return table(
        AnalyticsState.campaigns,
        [
            Column("Campaign", lambda row: row.name),
            Column("Messages", lambda row: row.sends, number=True, phone="hide"),
            Column("Delivered", lambda row: row.delivered, number=True, phone="hide"),
            Column("Clicked", lambda row: row.clicks, number=True, phone="hide"),
            Column("Bought", lambda row: row.bought, number=True, phone="hide"),
            Column("Rate", lambda row: row.rate, number=True, phone="under"),
            Column("Revenue", lambda row: row.revenue, number=True),
        ],
        label="Campaigns in the period",
        loading=AnalyticsState.loading,
        href=lambda row: "/campaigns/" + row.id,
        empty=empty("No campaign sent anything in this period", "Choose a longer one.", icon="send"),
    )


def _people() -> rx.Component:
    return table(
        AnalyticsState.people,
        [
            Column("Customer", lambda row: row.name),
            Column("Segment", lambda row: row.segment, phone="under"),
            Column("Churn risk, 60 days", lambda row: churn_band(row.percent, row.band), phone="hide"),
            Column("Last purchase", lambda row: row.since, number=True, phone="hide"),
            Column("Value at risk", lambda row: row.at_risk, number=True),
        ],
        label="Customers most worth keeping",
        loading=AnalyticsState.loading,
        href=lambda row: "/customers/" + row.id,
        empty=empty("Nobody is at high risk", "Or nobody has been scored yet.", icon="users"),
    )


PAGES = (
    Page(
        "/analytics",
        "Analytics",
        analytics_page,
        icon="chart-line",
        on_load=AnalyticsState.load,
        nav_group="main",
        phone=True,
    ),
)

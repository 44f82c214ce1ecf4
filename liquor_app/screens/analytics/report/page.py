"""Analytics: revenue, campaigns, churn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.analytics.carry_away import file_buttons
from liquor_app.screens.analytics.period_picker import own_days, period_choice
from liquor_app.screens.analytics.report.state import AnalyticsState
from liquor_app.screens.analytics.view import meaning
from liquor_app.screens.session.role_controls import allowed
from liquor_app.screens.shell.state import ShellState
from liquor_app.ui.badge import badge
from liquor_app.ui.button import link, rows_link
from liquor_app.ui.card import card, key_values, note
from liquor_app.ui.charts.chart import Series, legend, line_chart
from liquor_app.ui.charts.interval import interval
from liquor_app.ui.charts.kpi import kpi
from liquor_app.ui.charts.progress import churn_band
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row, span
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column, table


def analytics_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Analytics",
            AnalyticsState.words,
            link("Ask", "/ask"),
            link("Reviews", "/reviews"),
            link("Insights", "/insights"),
            link("Cohorts", "/cohorts"),
            period_choice(AnalyticsState, [("30", "30 days"), ("90", "90 days"), ("365", "12 months")]),
        ),
        own_days(AnalyticsState),
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
                        Series("Conversion", AnalyticsState.rate, color="c4", right=True, points=True),
                    ],
                    prefix=ShellState.sign,
                    right_suffix="%",
                    label=f"Revenue and conversion by day. {AnalyticsState.words}",
                    loading=AnalyticsState.loading,
                ),
                title="Revenue and conversion",
                aside=legend(("Revenue", "c1", "line"), ("Conversion of that day's messages", "c4", "ring")),
                class_name="c12",
            ),
            _holdout(),
            card(
                _campaigns(),
                title="Campaigns in the period",
                aside=file_buttons(AnalyticsState.carry_away),
                flush=True,
                class_name="c12",
            ),
            card(
                _people(),
                title="Worth keeping",
                aside=rx.el.a(AnalyticsState.high_risk, href="/customers?churn_risk=high", class_name="rows t12 muted"),
                flush=True,
                class_name="c12",
            ),
        ),
    )


def _tile(tile: Any) -> rx.Component:
    return kpi(
        tile.label, tile.value, delta=tile.delta, base=tile.base, trend=tile.trend, spark=tile.spark,
        meaning=tile.meaning, href=tile.href,
    )  # fmt: skip


def _holdout() -> rx.Component:
    """Tell what marketing as a whole changes: the people left out of every campaign beside everybody else."""
    held = AnalyticsState.holdout
    drawing = col(
        rx.el.div("Revenue a customer, written to minus left out", class_name="t12 muted"),
        rx.el.div(held.difference, font="600 var(--t-26)", class_name="num"),
        rx.cond(
            held.has_marks,
            rx.fragment(
                rx.el.div(f"95% interval {held.low} to {held.high}, however often one looks", class_name="t12 muted"),
                interval(held.marks, held.low, held.high, "$0", held.sentence),
            ),
            rx.fragment(),
        ),
    )
    facts = key_values(
        (held.contacted_label, held.contacted),
        (held.held_out_label, held.held_out),
        ("Who bought", held.bought),
        ("Brought in all", held.incremental),
    )
    waits = rx.cond(
        held.missing,
        note(rx.foreach(held.missing, lambda line: rx.el.span(line, " ")), icon="clock"),
        rx.fragment(),
    )
    off = empty(
        "Nobody is left out of every campaign",
        "A few customers no campaign writes to show what marketing changes as a whole. An admin sets the share.",
        allowed(Permission.SETTINGS_ADMIN, link("Settings, Planning", "/settings")),
        icon="users",
    )
    shown = col(row(badge(held.verdict, held.tone), rx.el.b(held.title), wrap=True), waits, gap=12)
    read = rx.cond(held.has_figures, grid(span(6, drawing), span(6, facts)), rx.fragment())
    return card(
        rx.cond(
            AnalyticsState.loading,
            skeleton_lines(3),
            rx.cond(held.is_on, col(shown, read, gap=16), off),
        ),
        title="Marketing as a whole",
        aside=rx.el.span("Against customers no campaign writes to", class_name="t12 muted"),
        foot=rx.cond(held.foot != "", rx.el.span(held.foot, class_name="t12 muted"), rx.fragment()),
        class_name="c12",
    )


def _campaigns() -> rx.Component:
    return table(
        AnalyticsState.campaigns,
        [
            Column("Campaign", lambda row: row.name),
            Column("Messages", _counted("Messages", "sends", "sends"), number=True, phone="hide"),
            _counts("Delivered", "delivered", "delivered", "delivery_rate"),
            _counts("Clicked", "clicks", "clicks", "click_rate"),
            _counts("Attributed orders", "bought", "conversions", "conversions"),
            Column(
                "Conversion",
                lambda row: row.rate,
                number=True,
                phone="under",
                named=True,
                meaning=meaning("conversion_rate"),
            ),
            Column(
                "Attributed revenue",
                _counted("Attributed revenue", "revenue", "attributed_revenue"),
                number=True,
                meaning=meaning("attributed_revenue"),
            ),
        ],
        label="Campaigns in the period",
        loading=AnalyticsState.loading,
        href=lambda row: "/campaigns/" + row.id,
        empty=empty("No campaign sent anything in this period", "Choose a longer one.", icon="send"),
    )


def _counts(label: str, name: str, key: str, metric: str) -> Column:
    return Column(label, _counted(label, name, key), number=True, phone="hide", meaning=meaning(metric))


def _counted(label: str, name: str, key: str) -> Callable[[Any], rx.Component]:
    """Draw a cell whose figure leads to the rows it counts."""
    return lambda row: rows_link(getattr(row, name), row.rows[key], label)


def _people() -> rx.Component:
    return table(
        AnalyticsState.people,
        [
            Column("Customer", lambda row: row.name),
            Column("RFM segment", lambda row: row.segment, phone="under"),
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

"""Insights: the customer base, what sells, and at which hours messages went."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.analytics.insights.read_insights import InsightKind
from liquor_app.screens.analytics.insights.performance_panel import (
    calibration,
    coupons,
    files,
    meaning,
    nothing_measured,
    nothing_sent,
    playbooks,
    segments,
)
from liquor_app.screens.analytics.insights.state import SHOWN, InsightsState
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import link
from liquor_app.ui.card import card
from liquor_app.ui.charts.chart import Series, bar_chart, legend, line_chart
from liquor_app.ui.charts.heat import heatmap
from liquor_app.ui.charts.kpi import sparkline
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import grid, row
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column, table
from liquor_app.ui.tabs import segmented

CUSTOMERS, SEND_TIMES, MOVES = InsightKind.CUSTOMERS.value, InsightKind.SEND_TIMES.value, InsightKind.MOVES.value
COUPONS, PLAYBOOKS = InsightKind.COUPONS.value, InsightKind.PLAYBOOKS.value
SEGMENTS, CALIBRATION = InsightKind.SEGMENTS.value, InsightKind.CALIBRATION.value


def insights_page() -> rx.Component:
    kinds = segmented(
        [(one.value, one.label) for one in SHOWN],
        value=InsightsState.kind,
        on_change=InsightsState.choose,
        label="Insight",
    )
    return rx.fragment(
        page_head("Insights", InsightsState.words, link("Analytics", "/analytics"), link("Cohorts", "/cohorts")),
        row(kinds, wrap=True, margin_bottom="16px"),
        rx.cond(
            InsightsState.loading,
            card(skeleton_lines(6)),
            rx.match(
                InsightsState.kind,
                (CUSTOMERS, rx.cond(InsightsState.base, _base(), _nothing())),
                (MOVES, rx.cond(InsightsState.heat, _moves(), _nothing())),
                (COUPONS, rx.cond(InsightsState.lines, coupons(), nothing_sent())),
                (PLAYBOOKS, rx.cond(InsightsState.lines, playbooks(), nothing_sent())),
                (SEGMENTS, rx.cond(InsightsState.lines, segments(), nothing_sent())),
                (CALIBRATION, rx.cond(InsightsState.lines, calibration(), nothing_measured())),
                (SEND_TIMES, rx.cond(InsightsState.heat, _hours(), _unsent())),
                rx.cond(InsightsState.goods, _goods(), _nothing()),
            ),
        ),
    )


def _base() -> rx.Component:
    moves = bar_chart(
        InsightsState.months,
        [
            Series("New", InsightsState.gained),
            Series("Won back", InsightsState.won_back, color="c2"),
            Series("Lapsed", InsightsState.lapsed, color="c4"),
        ],
        label="Customers who came, came back and lapsed, by month; the table below has the figures",
        day_format="%b %y",
        layout={"barmode": "relative"},
    )
    active = line_chart(
        InsightsState.months,
        [Series("Active", InsightsState.active, fill="area")],
        label="Active customers by month; the table below has the figures",
        day_format="%b %y",
        height=200,
    )
    lines = table(
        InsightsState.base,
        [
            Column("Month", lambda line: line[0]),
            Column("New", lambda line: line[1], number=True),
            Column("Won back", lambda line: line[2], number=True, phone="hide"),
            Column("Returning", lambda line: line[3], number=True, phone="hide"),
            Column("Lapsed", lambda line: line[4], number=True),
            Column("Net", lambda line: line[5], number=True),
            Column("Active", lambda line: line[6], number=True, phone="under", named=True),
        ],
        label="The customer base by month",
        empty=rx.fragment(),
    )
    colours = legend(("New", "c1", "box"), ("Won back", "c2", "box"), ("Lapsed", "c4", "box"))
    return grid(
        card(moves, title="Who came and who went", aside=colours, foot=meaning(), class_name="c12"),
        card(active, title="Active customers", class_name="c12"),
        card(lines, title="By month", aside=files(), flush=True, class_name="c12"),
    )


def _goods() -> rx.Component:
    def change(line: Any) -> rx.Component:
        return rx.el.span(line.change, class_name="num " + line.trend)

    lines = table(
        InsightsState.goods,
        [
            Column("Name", lambda line: line.name),
            Column("Revenue, 12 months", lambda line: line.revenue, number=True),
            Column("Share", lambda line: line.share, number=True, phone="hide"),
            Column("Change", change, number=True),
            Column("24 months", lambda line: sparkline(line.spark), phone="hide"),
            Column("Sold", lambda line: line.sold, number=True, phone="hide"),
            Column("Buyers, last month", lambda line: line.buyers, number=True, phone="under", named=True),
        ],
        label="What sells, the most first",
        empty=rx.fragment(),
    )
    title = rx.cond(InsightsState.kind == InsightKind.BRANDS.value, "Brands", "Categories")
    return card(lines, title=title, aside=files(), foot=meaning(), flush=True)


def _hours() -> rx.Component:
    drawn = heatmap(InsightsState.head, InsightsState.heat, InsightsState.heat_words, strongest=20)
    return card(drawn, title=InsightsState.heat_words, aside=files(), foot=meaning())


def _moves() -> rx.Component:
    lines = table(
        InsightsState.moved,
        [
            Column("Was", lambda line: line[0]),
            Column("Is", lambda line: line[1]),
            Column("Customers", lambda line: line[2], number=True),
            Column("Of those who were there", lambda line: line[3], number=True, phone="under", named=True),
        ],
        label="Who moved, most people first",
        empty=rx.fragment(),
    )
    drawn = heatmap(InsightsState.head, InsightsState.heat, InsightsState.heat_words)
    return grid(
        card(drawn, title=InsightsState.heat_words, foot=meaning(), class_name="c12"),
        card(lines, title="Who moved", aside=files(), flush=True, class_name="c12"),
    )


def _nothing() -> rx.Component:
    return card(
        empty(
            "Nothing counted yet",
            "Bring purchases in, and the night counts the months.",
            allowed(Permission.IMPORTS_WRITE, link("Import purchases", "/customers/import")),
            icon="users",
        )
    )


def _unsent() -> rx.Component:
    return card(
        empty(
            "No campaign was sent in the last ninety days",
            "When one is, the night counts its hours.",
            link("Campaigns", "/campaigns"),
            icon="send",
        )
    )


PAGES = (
    Page("/insights", "Insights", insights_page, icon="chart-line", on_load=InsightsState.load, parent="/analytics"),
)

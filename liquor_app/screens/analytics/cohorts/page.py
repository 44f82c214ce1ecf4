"""Cohorts: who came back, by the month of the first purchase."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.analytics.carry_away import file_buttons
from liquor_app.screens.analytics.cohorts.state import CohortsState
from liquor_app.screens.analytics.view import meaning
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import link
from liquor_app.ui.card import card
from liquor_app.ui.charts.heat import heatmap
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import grid
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column, table
from liquor_app.ui.tabs import segmented


def cohorts_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Cohorts",
            CohortsState.words,
            link("Analytics", "/analytics"),
            segmented(
                [("12", "12 months"), ("24", "24 months"), ("36", "36 months")],
                value=CohortsState.period,
                on_change=CohortsState.choose_period,
                label="Cohorts",
            ),
        ),
        grid(
            card(
                rx.cond(
                    CohortsState.loading,
                    skeleton_lines(6),
                    rx.cond(CohortsState.heat, _heat(), _nothing()),
                ),
                title="Who bought again, of a hundred",
                aside=rx.el.span("By months since the first purchase", class_name="t12 muted"),
                foot=rx.el.span(
                    meaning("retention"),
                    " Months under way are left out. ",
                    CohortsState.old_words,
                    class_name="t12 muted",
                ),
                class_name="c12",
            ),
            card(
                _lines(),
                title="What one of them brought",
                aside=file_buttons(CohortsState.carry_away),
                flush=True,
                class_name="c12",
            ),
        ),
    )


def _heat() -> rx.Component:
    return heatmap(CohortsState.head, CohortsState.heat, "Buyers of a hundred, by months since the first purchase")


def _nothing() -> rx.Component:
    return empty(
        "No cohort yet",
        "A cohort is the customers of a month's first purchases; bring purchases in, and the night counts them.",
        allowed(Permission.IMPORTS_WRITE, link("Import purchases", "/customers/import")),
        icon="users",
    )


def _lines() -> rx.Component:
    return table(
        CohortsState.lines,
        [
            Column("First purchase", lambda line: line.name),
            Column("Customers", lambda line: line.customers, number=True),
            Column("Bought in the last month", lambda line: line.again, number=True, phone="hide"),
            Column("Orders each", lambda line: line.orders, number=True, phone="hide", wide=True),
            Column("Revenue each, so far", lambda line: line.revenue, number=True),
            Column("Expected, next year", lambda line: line.expected, number=True, phone="under", named=True),
        ],
        label="What a customer of each cohort brought",
        loading=CohortsState.loading,
        empty=rx.fragment(),
    )


PAGES = (
    Page("/cohorts", "Cohorts", cohorts_page, icon="users", on_load=CohortsState.load, parent="/analytics"),
)  # fmt: skip

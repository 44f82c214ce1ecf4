"""Reviews: what a week or a month came to, in words, for whoever owns the shop."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.analytics.reviews.review import ReviewKind
from liquor_app.screens.analytics.carry_away import file_buttons
from liquor_app.screens.analytics.reviews.state import ReviewsState
from liquor_app.screens.shell.state import ShellState
from liquor_app.ui.button import button, link, rows_link
from liquor_app.ui.card import card
from liquor_app.ui.charts.chart import Series, legend, line_chart
from liquor_app.ui.charts.kpi import kpi
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import switch
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column, table
from liquor_app.ui.tabs import segmented

IS_WEEK = ReviewsState.kind == ReviewKind.WEEK.value


def reviews_page() -> rx.Component:
    kinds = segmented(
        [(ReviewKind.WEEK.value, "Week"), (ReviewKind.MONTH.value, "Month")],
        value=ReviewsState.kind,
        on_change=ReviewsState.choose,
        label="Review",
    )
    return rx.fragment(
        page_head(
            "Reviews",
            ReviewsState.period,
            link("Analytics", "/analytics"),
            file_buttons(ReviewsState.carry_away),
        ),
        row(
            kinds,
            button("Older", icon="chevron-left", on_click=ReviewsState.older, small=True),
            button(
                "Newer", icon="chevron-right", on_click=ReviewsState.newer, small=True, disabled=ReviewsState.is_last
            ),
            switch(
                rx.cond(IS_WEEK, "Mail it to me each Monday", "Mail it to me each month"),
                checked=ReviewsState.is_mailed,
                on_change=ReviewsState.mail_me,
            ),
            wrap=True,
            margin_bottom="16px",
        ),
        grid(
            card(
                rx.cond(
                    ReviewsState.loading,
                    skeleton_lines(5),
                    col(rx.foreach(ReviewsState.sentences, lambda said: rx.el.p(said, margin="0")), gap=12),
                ),
                title=ReviewsState.title,
                class_name="c12",
            ),
            rx.cond(
                ReviewsState.loading,
                rx.fragment(*(kpi("", "", loading=True) for _ in range(6))),
                rx.foreach(ReviewsState.tiles, _tile),
            ),
            _course(),
            card(_campaigns(), title="Campaigns that sent something", flush=True, class_name="c12"),
        ),
    )


def _tile(tile: Any) -> rx.Component:
    return kpi(
        tile.label, tile.value, delta=tile.delta, base=tile.base, trend=tile.trend, meaning=tile.meaning,
        href=tile.href, tells_base=True,
        class_name="c4 tile",
    )  # fmt: skip


def _course() -> rx.Component:
    return card(
        line_chart(
            ReviewsState.days,
            [
                Series("Revenue", ReviewsState.revenue, fill="area"),
                Series("Before", ReviewsState.before, color="c4"),
            ],
            prefix=ShellState.sign,
            label=f"Revenue by day, {ReviewsState.period}, beside {ReviewsState.before_words}",
            loading=ReviewsState.loading,
        ),
        title="Revenue by day",
        aside=legend((ReviewsState.period, "c1", "line"), (ReviewsState.before_words, "c4", "line")),
        class_name="c12",
    )


def _campaigns() -> rx.Component:
    return table(
        ReviewsState.sent,
        [
            Column("Campaign", lambda line: link(line.name, "/campaigns/" + line.id)),
            Column("Sent", lambda line: rows_link(line.sends, line.rows["sends"], "Sent"), number=True),
            Column("Attributed orders", _orders, number=True, phone="hide"),
            Column("Conversion", lambda line: line.rate, number=True, phone="hide"),
            Column("Attributed revenue", _revenue, number=True),
            Column("Beyond the holdout", lambda line: line.lift, number=True, phone="under", named=True),
        ],
        label="Campaigns that sent something",
        loading=ReviewsState.loading,
        empty=empty(
            "No campaign sent anything",
            "Campaigns that did stand here, with what they brought beyond the people held out.",
            link("Campaigns", "/campaigns"),
            icon="send",
        ),
    )


def _orders(line: Any) -> rx.Component:
    return rows_link(line.orders, line.rows["conversions"], "Attributed orders")


def _revenue(line: Any) -> rx.Component:
    return rows_link(line.revenue, line.rows["attributed_revenue"], "Attributed revenue")


PAGES = (
    Page("/reviews", "Reviews", reviews_page, icon="file-text", on_load=ReviewsState.load, parent="/analytics"),
)  # fmt: skip

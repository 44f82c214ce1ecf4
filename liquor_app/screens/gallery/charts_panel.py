"""Numbers, charts and the table."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from liquor_app.screens.gallery.state import GalleryState
from liquor_app.ui.badge import badge, status_badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card
from liquor_app.ui.charts.chart import Series, bar_chart, legend, revenue_chart
from liquor_app.ui.charts.donut import donut
from liquor_app.ui.charts.interval import interval, interval_marks
from liquor_app.ui.charts.kpi import kpi, sparkline_path
from liquor_app.ui.charts.progress import churn_band
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.filters import add_chip, chip, filter_bar
from liquor_app.ui.forms.form import search_input
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.pager import pager
from liquor_app.ui.table import Column, Selection, table


def kpis() -> Sequence[rx.Component]:
    up, down = sparkline_path([3, 2, 4, 4, 5, 5, 7, 6, 8, 9]), sparkline_path([9, 8, 8, 9, 6, 6, 7, 3, 3, 2])
    return (
        kpi("Revenue", "$12,684", delta="+6.8%", base="vs $11,876", trend="green", spark=up),
        kpi("Conversion", "7.2%", delta="−0.4 pt", base="vs 7.6%", trend="red", spark=down),
        kpi("Unsubscribes", "12", delta="0", base="vs 12"),
        kpi("Average order", "–", loading=True),
    )


def charts() -> Sequence[rx.Component]:
    return (
        card(
            rx.el.p(
                rx.el.b("$1,486", class_name="t16 num"),
                rx.el.span(" incremental, 95% interval $402 to $2,570", class_name="muted"),
                margin_bottom="12px",
            ),
            revenue_chart(
                GalleryState.days,
                GalleryState.revenue,
                baseline=GalleryState.baseline,
                previous=GalleryState.before,
                prefix="$",
                label="Revenue by day, highest 755 dollars on 21 November.",
            ),
            title="Revenue",
            aside=legend(
                ("Revenue", "c1", "line"),
                ("Incremental, by holdout", "band", "box"),
                ("Previous 21 days", "ghost", "dash"),
            ),
            class_name="c8",
        ),
        card(
            donut(GalleryState.shares, "1,545", "customers", "1,545 customers in six segments, one-time buyers 25.6%."),
            title="By segment",
            aside="Scored 2 h ago",
            class_name="c4",
        ),
        card(
            bar_chart(
                GalleryState.days,
                [Series("Beer", GalleryState.revenue), Series("Wine", GalleryState.before, color="c2")],
                stacked=True,
                prefix="$",
                height=200,
                label="Spend by day, beer and wine.",
            ),
            title="Purchases",
            class_name="c8",
        ),
        card(
            rx.el.div("Expected incremental profit", class_name="t12 muted"),
            rx.el.b("$118", class_name="t20 num"),
            interval(interval_marks(31, 118, 212), "$31", "$212", "$0", "Expected $118, 80% interval $31 to $212"),
            rx.el.div("Lift", class_name="t12 muted", margin_top="8px"),
            rx.el.b("+4.2 pt ", class_name="t20 num"),
            badge("Not sure yet", dot=False),
            interval(interval_marks(-6.4, 4.2, 14.8), "−6.4", "+14.8", "0", "Lift 4.2 points, interval −6.4 to 14.8"),
            title="Interval",
            class_name="c4",
        ),
    )


def people_table() -> rx.Component:
    columns = (
        Column("Customer", lambda one: rx.fragment(rx.el.b(one.name), rx.el.small(one.email))),
        Column("RFM segment", lambda one: one.segment, phone="under"),
        Column("Churn risk", lambda one: churn_band(one.churn, one.band), sort="churn"),
        Column("CLV, 1 year", lambda one: one.clv, sort="clv", number=True),
        Column("Last purchase", lambda one: one.last, number=True, phone="hide", wide=True),
        Column("Last send", lambda one: status_badge(one.status), phone="hide"),
        Column(
            "",
            lambda one: menu(
                icon_button("ellipsis", "More"),
                Item("Open", GalleryState.noted, "user"),
                Item("Suppress", GalleryState.noted, "ban", danger=True, divider=True),
            ),
            number=True,
            phone="hide",
        ),
    )
    picks = Selection(
        GalleryState.chosen, GalleryState.toggle, GalleryState.toggle_page, lambda one: one.id, lambda one: one.name
    )
    return card(
        filter_bar(
            search_input("Name, e-mail, phone", value=GalleryState.query, on_change=GalleryState.search),
            chip("Segment", rx.el.b("any of 5"), GalleryState.noted),
            add_chip("Churn", GalleryState.noted),
            end=(button("Columns 8/21", icon="columns-3", small=True),),
        ),
        table(
            GalleryState.people,
            columns,
            label="Customers",
            sort=GalleryState.sort,
            on_sort=GalleryState.sort_by,
            href=lambda one: "/_gallery?who=" + one.id,
            selection=picks,
            empty=empty("No one matches", "Nobody's name contains that.", icon="search-x"),
        ),
        pager(
            "Showing 6 of 1,545 (exact)",
            has_previous=False,
            has_next=True,
            on_previous=GalleryState.noted,
            on_next=GalleryState.noted,
        ),
        flush=True,
        class_name="c12",
    )

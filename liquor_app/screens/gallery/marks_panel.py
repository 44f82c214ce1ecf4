"""Badges, lists, priority, the week, funnel, heat map, previews."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from liquor_app.screens.gallery.state import GalleryState
from liquor_app.screens.gallery.states_panel import named
from liquor_app.ui.badge import badge, status_badge
from liquor_app.ui.button import link
from liquor_app.ui.card import card, key_values, list_item, plain_list, quote
from liquor_app.ui.charts.bars import bar_list, funnel, numbers
from liquor_app.ui.charts.heat import heatmap
from liquor_app.ui.charts.priority_bar import priority, priority_legend
from liquor_app.ui.charts.progress import bar, progress, stacked
from liquor_app.ui.charts.week import week
from liquor_app.ui.grid import col, row
from liquor_app.ui.message_preview import email_preview, sms_preview
from liquor_app.ui.status_looks import LOOKS


def marks() -> Sequence[rx.Component]:
    badges = card(
        row(*(status_badge(status) for status in LOOKS), badge("Recency bands", "outline", dot=False), wrap=True)
    )
    return (
        named("Badges", "a colour never speaks alone", badges, columns=12),
        card(
            plain_list(
                list_item(
                    rx.el.div(
                        row(rx.el.b("Lapsing beer regulars, win-back", class_name="med grow"), status_badge("active")),
                        progress(81, "494 / 612", "Sent", "Sending, 96 a minute. 68 held out"),
                        class_name="col g4 grow",
                    )
                ),
                list_item(
                    rx.el.div(
                        row(rx.el.b("Holiday spirits preview", class_name="med grow"), status_badge("scheduled")),
                        progress(0, "0 / 318", "Sent", "Starts Tue 1 Dec, approved"),
                        class_name="col g4 grow",
                    )
                ),
            ),
            title="Active campaigns",
            aside=link("View all", "/_gallery"),
            flush=True,
            class_name="c4",
        ),
        card(
            col(
                priority(87, 38, 31, 22, 4),
                priority(57, 16, 26, 17, 2),
                stacked([(38, "green"), (27, "amber"), (35, "red")], "Low 38%, medium 27%, high 35%"),
                bar(60, "Budget"),
            ),
            title="Priority",
            aside=priority_legend(),
            class_name="c4",
        ),
        card(
            key_values(("Reach", "581 of 742"), ("Held out, 10%", "65"), ("Expected to act on the offer", "61")),
            rx.el.div(
                quote("Bought ", rx.el.b("5 or more times"), ", and ", rx.el.b("not in the last 30 days"), "."),
                margin_top="12px",
            ),
            title="Simulation",
            foot="Refreshes every night at 03:00",
            class_name="c4",
        ),
    )


def more() -> Sequence[rx.Component]:
    mail = "<p style='font:16px sans-serif;padding:24px;text-align:center'><b>Good beer, cold by Friday</b></p>"
    people = ("Segment", "At risk", "was Loyal until 2 Nov", "")
    churn = ("Churn, 60 days", "71%", "High, up from 38%", "red")
    value = ("Value at risk", "$148", "71% of her $208 CLV", "")
    respond = ("Likely to act on an offer", "34%", "top 12% of customers", "green")
    return (
        card(numbers(people, churn, value, respond), flush=True, class_name="c12"),
        card(
            week(GalleryState.days_of_week, chosen=GalleryState.day, on_choose=GalleryState.choose),
            title="Week",
            flush=True,
            class_name="c12",
        ),
        card(funnel(GalleryState.steps, "Funnel"), title="Funnel", aside="Machine opens left out: 64", class_name="c8"),
        card(bar_list(GalleryState.bars), title="Revenue by segment", flush=True, class_name="c4"),
        card(
            heatmap(["Cohort", "People", "0", "1", "2", "3"], GalleryState.cohorts, "Retention"),
            title="Retention by first purchase month",
            class_name="c4",
        ),
        card(
            email_preview(
                "Harbor & Vine <offers@harborvine.example>", "Marguerite, your Friday six-pack is 10% off", mail, 140
            ),
            title="E-mail",
            class_name="c4",
        ),
        card(
            sms_preview(
                "Harbor & Vine: Marguerite, 10% off craft six-packs to Sun 29 Nov. Code FRI10. 21+. Reply STOP to end.",
                "1 segment",
                "GSM-7, 115 of 160",
            ),
            title="SMS",
            class_name="c4",
        ),
    )

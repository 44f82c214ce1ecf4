"""Models: how customers are scored, and how well it works here."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.scoring.models.state import ModelCard, ModelsState
from liquor_app.ui.badge import badge
from liquor_app.ui.card import card, note
from liquor_app.ui.charts.bars import bar_list
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column, table


def models_page() -> rx.Component:
    nothing = empty(
        "No model yet",
        "Models are fitted with the first scoring, once there are purchases.",
        icon="brain",
    )
    return rx.fragment(
        page_head(
            "Models",
            "What scores your customers: what it would have said in earlier weeks, beside what then happened.",
        ),
        grid(
            rx.cond(
                ModelsState.loading,
                card(skeleton_lines(4), class_name="c12"),
                rx.cond(
                    ModelsState.is_empty,
                    card(nothing, class_name="c12"),
                    rx.foreach(ModelsState.cards, _card),
                ),
            ),
            card(_versions(), title="Versions", flush=True, class_name="c12"),
            rx.el.div(
                note(
                    "Customers who objected to profiling are left out of fitting and scoring (GDPR Art. 21).",
                    icon="shield",
                ),
                class_name="c12",
            ),
        ),
    )


def _card(model: rx.Var[ModelCard]) -> rx.Component:
    head = row(
        col(
            rx.el.div(model.method, class_name="med"),
            rx.el.div(model.asks, class_name="t12 muted"),
            gap=4,
        ),
        col(
            rx.el.div(model.figure, class_name="t20 num"),
            rx.el.div(model.figure_name, class_name="t12 muted num"),
            gap=4,
            class_name="nowrap",
        ),
        apart=True,
    )
    words = rx.el.span(model.drift_words, class_name="t12 muted num")
    drift = row(badge(model.drift, model.drift_tone), words, wrap=True)
    return card(
        col(
            head,
            rx.cond(model.plain != "", rx.el.p(model.plain, class_name="pretty num"), rx.fragment()),
            rx.el.p(model.verdict, class_name="t12 muted pretty"),
            drift,
            rx.cond(model.deciles.length() > 0, _deciles(model), rx.fragment()),
            rx.el.details(
                rx.el.summary("The statistics", class_name="t12 muted"),
                col(
                    rx.el.p("How well each way sorts customers:", class_name="t12 muted"),
                    bar_list(model.bars),
                    rx.foreach(model.measured, lambda words: rx.el.p(words, class_name="t12 muted pretty num")),
                    gap=8,
                ),
            ),
            gap=12,
        ),
        title=model.title,
        foot=rx.el.span(model.trained, class_name="t12 muted num"),
        class_name="c4",
    )


def _deciles(model: rx.Var[ModelCard]) -> rx.Component:
    return col(
        rx.el.p(
            "Customers in ten equal groups, by what was said of them: what was said on average, and what then happened."
            " The nearer the two, the better.",
            class_name="t12 muted pretty",
        ),
        table(
            model.deciles,
            [
                Column("Group", lambda line: line.part, number=True),
                Column(model.said_head, lambda line: line.said, number=True),
                Column(model.seen_head, lambda line: line.seen, number=True),
            ],
            label="What was said beside what was seen, by tenths of the customers",
            dense=True,
        ),
        gap=8,
    )


def _versions() -> rx.Component:
    return table(
        ModelsState.versions,
        [
            Column("Model", lambda line: line.title),
            Column("Version", lambda line: line.version, number=True, phone="hide"),
            Column("Method", lambda line: line.method, phone="under"),
            Column("Backtest", lambda line: line.figure, number=True, phone="hide"),
            Column("Status", lambda line: badge(line.status, line.tone)),
            Column("Fitted", lambda line: line.at, number=True, phone="hide"),
        ],
        label="Versions of the models",
        loading=ModelsState.loading,
        empty=empty("Nothing was fitted yet", "", icon="history"),
    )


PAGES = (Page("/models", "Models", models_page, icon="brain", on_load=ModelsState.load, nav_group="main"),)

"""Ask: a question in words, answered with the figures and the page they stand on."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.analytics.ask.state import AskState
from liquor_app.ui.button import button, link
from liquor_app.ui.card import card, note
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row
from liquor_app.ui.tabs import segmented


def ask_page() -> rx.Component:
    return rx.fragment(
        page_head("Ask", "About takings, campaigns, customers and messages", link("Analytics", "/analytics")),
        grid(
            card(_form(), class_name="c12"),
            rx.cond(AskState.key != "", _answer(), rx.fragment()),
            card(
                rx.el.div(rx.foreach(AskState.offered, _choice), role="list"),
                title=rx.cond(AskState.key != "", "Other questions", "Questions that can be answered"),
                class_name="c12",
            ),
        ),
    )


def _form() -> rx.Component:
    field = text_field(
        "Your question",
        "question",
        value=AskState.typed,
        on_change=AskState.look,
        placeholder="Which campaigns brought most this month?",
        error=AskState.trouble,
    )
    model = note("A language model reads what you type to pick a question; it sees no figures and no customers.")
    return rx.el.form(
        col(
            field,
            row(button("Ask", kind="primary", submit=True), wrap=True),
            rx.cond(AskState.has_model, model, rx.fragment()),
            gap=12,
        ),
        on_submit=AskState.ask,
    )


def _answer() -> rx.Component:
    days = segmented(
        [
            ("7", "7 days"),
            ("30", "30 days"),
            ("90", "90 days"),
            ("365", "12 months"),
            ("last-week", "Last week"),
            ("this-month", "This month"),
            ("last-month", "Last month"),
            ("last-quarter", "Last quarter"),
            ("last-year", "Last year"),
        ],
        value=AskState.days,
        on_change=AskState.choose_days,
        label="Days",
    )
    return card(
        col(
            rx.cond(AskState.days != "", row(days, wrap=True), rx.fragment()),
            rx.foreach(AskState.sentences, lambda said: rx.el.p(said, margin="0")),
            rx.cond(AskState.note != "", note(AskState.note), rx.fragment()),
            rx.cond(AskState.rows, _figures(), rx.fragment()),
            gap=12,
        ),
        title=AskState.question,
        foot=link(AskState.link_words, AskState.link),
        class_name="c12",
    )


def _figures() -> rx.Component:
    def side(nth: Any) -> Any:
        return rx.cond(AskState.numbers[nth], "r num", "")

    def cell(words: Any, nth: Any) -> rx.Component:
        return rx.el.td(words, class_name=side(nth))

    def named(words: Any, nth: Any) -> rx.Component:
        return rx.el.th(words, scope="col", class_name=side(nth))

    head = rx.el.thead(rx.el.tr(rx.foreach(AskState.heads, named)))
    body = rx.el.tbody(rx.foreach(AskState.rows, lambda line: rx.el.tr(rx.foreach(line, cell))))
    return rx.el.div(
        rx.el.table(rx.el.caption(AskState.question, class_name="sr"), head, body, class_name="tbl"),
        class_name="scroll", role="region", tab_index=0, aria_label=AskState.question,
    )  # fmt: skip


def _choice(one: Any) -> rx.Component:
    return rx.el.div(button(one.words, kind="ghost", on_click=AskState.pick(one.key), small=True), role="listitem")


PAGES = (Page("/ask", "Ask", ask_page, icon="circle-help", on_load=AskState.load, parent="/analytics"),)

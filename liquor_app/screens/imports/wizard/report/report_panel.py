"""The report's lists: what came in, what was left out, what was assumed, what to do next."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.imports.wizard.running_state import RunState
from liquor_app.ui.card import list_item, plain_list
from liquor_app.ui.grid import col


def report_lists() -> rx.Component:
    """Draw the lists of the report that hold anything."""

    def figure(one: Any) -> rx.Component:
        return list_item(
            rx.el.span(one.words, class_name="grow pretty"),
            rx.cond(one.count != "", rx.el.b(one.count, class_name="num med"), rx.fragment()),
        )

    def sentence(words: Any) -> rx.Component:
        return list_item(rx.el.span(words, class_name="grow pretty"))

    def part(title: str, lines: Any, draw: Any = sentence) -> rx.Component:
        return rx.cond(lines, col(rx.el.h3(title), plain_list(rx.foreach(lines, draw)), gap=4), rx.fragment())

    return rx.fragment(
        part("What came in", RunState.figures, figure),
        part("Refused rows, by reason", RunState.reasons, figure),
        part("What was left out", RunState.left_out),
        part("What was assumed", RunState.assumed),
        part("What to do next", RunState.following),
    )

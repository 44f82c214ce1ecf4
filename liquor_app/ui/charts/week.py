"""The week of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.ui.charts.progress import bar
from liquor_app.ui.icon import icon
from liquor_app.ui.var_types import Number, Text


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the plan: counts in words, `*_fill` percent of the day's capacity."""

    key: str
    name: str
    date: str
    emails: str
    email_fill: float
    texts: str
    text_fill: float


def week(days: rx.Var[list[Day]], *, chosen: Text, on_choose: Any) -> rx.Component:
    """Seven days with what goes out on each; `on_choose(key)` picks one."""

    def one(day: Any) -> rx.Component:
        def channel(name: str, drawing: str, count: Any, fill: Number, tone: str) -> rx.Component:
            head = rx.el.div(icon(drawing), name, rx.el.b(count), class_name="ch")
            return rx.el.div(head, bar(fill, f"{name}, share of the day's capacity", tone, thin=True))

        return rx.el.button(
            rx.el.span(rx.el.b(day.name), rx.el.span(day.date), class_name="d"),
            channel("E-mail", "mail", day.emails, day.email_fill, "c1"),
            channel("SMS", "message-square", day.texts, day.text_fill, "c3"),
            type="button",
            on_click=on_choose(day.key),
            custom_attrs={"aria-pressed": rx.cond(chosen == day.key, "true", "false")},
        )

    return rx.el.div(rx.foreach(days, one), class_name="cal", role="group", aria_label="Week")

"""The bell and what is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.ui.badge import badge
from liquor_app.ui.button import icon_button
from liquor_app.ui.icon import icon
from liquor_app.ui.var_types import Handler


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification; `kind` is "act", "warning", "good", "failed" or "plain"; `when` in words, "2 min"."""

    id: str
    kind: str
    title: str
    detail: str
    when: str
    href: str
    new: bool


def bell(notices: rx.Var[list[Notice]], unread: rx.Var[int], *, on_read_all: Handler) -> rx.Component:
    """Newest first, each leads somewhere. Put it into `Slots.bell`."""
    name = rx.cond(unread > 0, f"Notifications, {unread} new", "Notifications")
    head = rx.el.div(
        rx.el.div(
            rx.el.b("Notifications", class_name="strong"),
            rx.cond(unread > 0, badge(f"{unread} new", "amber", dot=False), rx.fragment()),
            class_name="row",
        ),
        rx.cond(
            unread > 0,
            rx.el.button("Mark all read", type="button", class_name="link t12", on_click=on_read_all),
            rx.fragment(),
        ),
        class_name="row apart head",
    )
    nothing = rx.el.p("Nothing yet. Approvals, pauses and finished imports show up here.", class_name="muted empty")
    found = rx.cond(notices.length() > 0, rx.el.ul(rx.foreach(notices, _line), class_name="list"), nothing)
    panel = rx.popover.content(head, found, class_name="notices", width="380px", max_width="92vw", align="end")
    return rx.popover.root(rx.popover.trigger(icon_button("bell", name, pip=unread > 0)), panel)


def _line(notice: Any) -> rx.Component:
    drawing = rx.match(
        notice.kind,
        ("act", icon("calendar-check", class_name="accent")),
        ("warning", icon("circle-help", class_name="amber")),
        ("good", icon("circle-check", class_name="green")),
        ("failed", icon("circle-x", class_name="red")),
        icon("info", class_name="muted"),
    )
    words = rx.el.div(
        rx.el.b(notice.title, class_name="med"), rx.el.div(notice.detail, class_name="t12 muted"), class_name="grow"
    )
    new = rx.cond(notice.new, rx.el.i(class_name="newdot", role="img", aria_label="New"), rx.fragment())
    line = rx.el.a(
        drawing, words, rx.el.span(notice.when, class_name="t12 muted nowrap"), new, href=notice.href, class_name="it"
    )
    return rx.el.li(rx.popover.close(line))

"""Segments and playbooks: who, in a sentence, and what to do about them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.listing.view import list_filters, list_pager
from liquor_app.screens.segments.list.state import SegmentsState
from liquor_app.screens.session.role_controls import allowed
from liquor_app.segments.ready_made import READY_MADE
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, quote
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row
from liquor_app.ui.icon import icon
from liquor_app.ui.skeleton import skeleton_lines


def segments_page() -> rx.Component:
    nothing = empty(
        "No segments yet",
        "A segment says whom you speak to, in a rule anybody can read, and what to offer them.",
        allowed(Permission.SEGMENTS_WRITE, button("New segment", kind="primary", icon="plus", href="/segments/new")),
        icon="layers",
    )
    found = rx.cond(
        SegmentsState.rows,
        rx.fragment(grid(rx.foreach(SegmentsState.rows, _card)), list_pager(SegmentsState, quiet=True)),
        card(nothing),
    )
    return rx.fragment(
        page_head(
            "Segments and playbooks",
            SegmentsState.words,
            button("Discover", icon="sparkles", href="/segments/discover"),
            allowed(Permission.SEGMENTS_WRITE,
                button("Refresh", icon="refresh-cw", on_click=SegmentsState.refresh, busy=SegmentsState.job != ""),
                menu(
                    button("Ready-made", icon="layout-template"),
                    *(Item(one["name"], SegmentsState.begin(slug)) for slug, one in READY_MADE.items()),
                ),
                button("New segment", kind="primary", icon="plus", href="/segments/new"),
            ),
        ),
        rx.el.div(card(list_filters(SegmentsState), flush=True), margin_bottom="16px"),
        rx.cond(
            SegmentsState.loading, grid(*(card(skeleton_lines(4), class_name="c6") for _ in range(4))), found
        ),
        confirm(
            f"Delete “{SegmentsState.asking_name}”?",
            "The rule, the playbook and the membership go. Customers and past campaigns stay.",
            "Delete",
            open=SegmentsState.asking != "",
            on_open_change=SegmentsState.close,
            on_confirm=SegmentsState.delete,
            danger=True,
        ),
    )  # fmt: skip


def _card(one: Any) -> rx.Component:
    people = "/customers?segment=" + one.slug
    more = menu(
        icon_button("ellipsis", "More about " + one.name),
        Item("Show customers", rx.redirect(people), "users"),
        Item("Delete", SegmentsState.ask(one.slug), "trash-2", danger=True, divider=True),
    )
    head = row(
        row(
            rx.el.i(class_name="sw", background="var(--" + one.color + ")"),
            rx.el.h2(rx.el.a(one.name, href="/segments/" + one.slug)),
            rx.cond(one.active, rx.fragment(), badge("Off", dot=False)),
        ),
        row(
            button("Open", kind="ghost", small=True, icon="pencil", href="/segments/" + one.slug),
            allowed(Permission.SEGMENTS_WRITE, more),
            gap=4,
        ),
        apart=True,
    )
    counts = row(
        rx.el.a(
            rx.el.b(one.people, class_name="t20 num"), " ", rx.el.span(one.share, class_name="muted num"), href=people
        ),
        rx.el.span(
            rx.el.span(one.change, class_name=one.trend),
            rx.el.span(" in 30 days", class_name="muted"),
            class_name="t12 num nowrap",
        ),
        apart=True,
    )
    playbook = rx.el.dl(
        *(
            part
            for label, words in (("Offer", one.offer), ("Voice", one.voice), ("Reach by", one.reach))
            for part in (rx.el.dt(label), rx.el.dd(words))
        ),
        class_name="pb",
    )
    return card(
        col(head, counts, quote(one.rule), playbook, _performance(one), gap=12),
        foot=row(rx.el.span(one.limits), rx.el.span(one.refreshed), apart=True, wrap=True, class_name="num"),
        class_name="c6 tall",
    )


def _performance(one: Any) -> rx.Component:
    """Tell what its messages did lately; empty until there were any."""
    words = rx.el.span(one.performance, class_name="t12 num")
    return rx.cond(one.performance != "", row(icon("chart-line", 14), words, class_name="muted"), rx.fragment())


PAGES = (
    Page(
        "/segments",
        "Segments",
        segments_page,
        icon="layers",
        on_load=[SegmentsState.load, SegmentsState.perform, SegmentsState.watch],
        nav_group="main",
    ),
)

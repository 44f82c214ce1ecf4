"""Discover: segments nobody has thought of yet, and how those there are overlap."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.segments.discover.state import DiscoverState
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import button
from liquor_app.ui.card import card, quote
from liquor_app.ui.charts.heat import heatmap
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row
from liquor_app.ui.skeleton import skeleton_lines


def discover_page() -> rx.Component:
    nothing = empty("Nothing stands out", DiscoverState.words, icon="sparkles")
    waiting = rx.fragment(*(card(skeleton_lines(4), class_name="c6") for _ in range(2)))
    found = rx.cond(DiscoverState.cards, rx.foreach(DiscoverState.cards, _card), card(nothing, class_name="c12"))
    return rx.fragment(
        page_head(
            "Discover",
            rx.cond(DiscoverState.searching, "Looking for groups your customers fall into by themselves.",
                    DiscoverState.words),
            crumbs=(("Segments", "/segments"),),
        ),
        grid(rx.cond(DiscoverState.searching, waiting, found), _overlap()),
    )  # fmt: skip


def _card(one: Any) -> rx.Component:
    adopt = button("Adopt", small=True, kind="primary", icon="plus", on_click=DiscoverState.adopt(one.name))
    head = row(
        col(rx.el.h2(one.name), rx.el.span(one.share, class_name="t12 muted num"), gap=4),
        allowed(Permission.SEGMENTS_WRITE, adopt),
        apart=True,
    )
    return card(
        col(head, rx.el.p(one.words, class_name="pretty"), quote(one.rule), gap=12),
        foot=rx.el.span(one.fit, class_name="num"),
        class_name="c6 tall",
    )


def _overlap() -> rx.Component:
    nothing = empty("No segment has customers yet", "Refresh the segments first.", icon="layers")
    return card(
        rx.cond(
            DiscoverState.rows,
            heatmap(DiscoverState.head, DiscoverState.rows, "How segments overlap", strongest=100),
            rx.cond(DiscoverState.searching, skeleton_lines(4), nothing),
        ),
        title="Overlap of segments",
        aside=rx.el.span(DiscoverState.overlap_words, class_name="note-t"),
        class_name="c12",
    )


PAGES = (Page("/segments/discover", "Discover", discover_page, on_load=DiscoverState.search, parent="/segments"),)

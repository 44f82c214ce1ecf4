"""What was tried in A/B tests, what won, what was learned."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.experiments.ab_history.state import AbHistoryState
from liquor_app.screens.listing.view import list_card
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.table import Column


def ab_history_page() -> rx.Component:
    def what(line: Any) -> rx.Component:
        return rx.fragment(rx.el.b(line.name), rx.el.small(line.campaign))

    return rx.fragment(
        page_head(
            "A/B tests",
            "What was tried, what won, and what was learned: look here before you try it again.",
            crumbs=(("Campaigns", "/campaigns"),),
        ),
        list_card(
            AbHistoryState,
            [
                Column("Test", what),
                Column("What differs", lambda line: line.topic, phone="hide"),
                Column("Outcome", lambda line: badge(line.word, line.tone)),
                Column("What came of it", lambda line: line.came, phone="under", whole=True),
                Column("Made", lambda line: line.day, sort="created_at", phone="hide"),
            ],
            label="A/B tests",
            search="Test or campaign",
            href=lambda line: "/campaigns/" + line.id,
            empty=empty(
                "No A/B test yet",
                "Add one to a campaign before you approve it: two subjects, words or hours, and the best one wins.",
                button("Campaigns", href="/campaigns"),
                icon="flask-conical",
            ),
        ),
    )


PAGES = (Page("/ab-tests", "A/B tests", ab_history_page, on_load=AbHistoryState.load, parent="/campaigns"),)

"""Allocations: bottles there are too few of."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.allocations.list.state import AllocationsState
from liquor_app.screens.listing.view import list_card
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.table import Column


def allocations_page() -> rx.Component:
    def what(line: Any) -> rx.Component:
        return rx.fragment(rx.el.b(line.product), rx.el.small(line.method))

    catalogue = button("Choose a product", icon="package", href="/catalogue")
    return rx.fragment(
        page_head(
            "Allocations",
            "Bottles more people ask for than there are. Who asked is listed, numbers are drawn, and anybody can be"
            " told why.",
            crumbs=(("Catalogue", "/catalogue"),),
        ),
        list_card(
            AllocationsState,
            [
                Column("Product", what),
                Column("Bottles", lambda line: line.bottles, number=True),
                Column("On the list", lambda line: line.listed, number=True, phone="hide"),
                Column("Status", lambda line: badge(line.word, line.tone)),
                Column("Opened", lambda line: line.opened, sort="created_at", phone="hide"),
            ],
            label="Allocations",
            search="Product",
            href=lambda line: "/allocations/" + line.id,
            empty=empty(
                "No allocation",
                "Open one on a product's page, for so many bottles. Until then note there who asks for it.",
                catalogue,
                icon="dices",
            ),
        ),
    )


PAGES = (
    Page("/allocations", "Allocations", allocations_page, on_load=AllocationsState.load, parent="/catalogue"),
)  # fmt: skip

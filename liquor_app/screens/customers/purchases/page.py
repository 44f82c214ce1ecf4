"""The page of the shop's purchases."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.screens.customers.purchases.state import SalesState
from liquor_app.screens.listing.view import list_card
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.table import Column


def purchases_page() -> rx.Component:
    return rx.fragment(
        page_head("Purchases", SalesState.words, crumbs=(("Analytics", "/analytics"),)),
        list_card(
            SalesState,
            [
                Column("Customer", _who),
                Column("Bought", lambda line: line.when, sort="occurred_at", phone="under"),
                Column("Receipt", lambda line: line.receipt, phone="hide", wide=True),
                Column("Store", lambda line: line.store, phone="hide"),
                Column("Discount", lambda line: line.discount, number=True, phone="hide"),
                Column("Total", lambda line: line.total, number=True),
            ],
            label="Purchases",
            empty=empty("No such purchase", "Take a filter off, or import what was sold.", icon="receipt"),
        ),
    )


def _who(line: Any) -> rx.Component:
    return rx.cond(line.href != "", rx.el.a(line.customer, href=line.href, class_name="link"), rx.el.b(line.customer))


PAGES = (
    Page("/purchases", "Purchases", purchases_page, icon="receipt", on_load=SalesState.load, parent="/analytics"),
)  # fmt: skip

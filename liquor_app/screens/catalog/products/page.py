"""The catalogue: what the shop sells, for how much, what it leaves, how many are left."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.catalog.products.state import ProductsState
from liquor_app.screens.listing.view import list_card
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.table import Column

BRING = "/customers/import?kind=products"


def catalogue_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Catalogue",
            rx.el.span(
                "What the shop sells. Offers keep to a product's own margin, and to what is in stock; a stock figure"
                " counts for ",
                ProductsState.counts_for,
                ".",
            ),
            button("Allocations", icon="dices", href="/allocations"),
            allowed(Permission.PRODUCTS_WRITE,

                button("Drop folders", icon="folder-input", href="/settings/drop-folders"),
                button("Import products", kind="primary", icon="upload", href=BRING),
            ),
        ),
        list_card(
            ProductsState,
            [
                Column("Product", _name, sort="name"),
                Column("Category", lambda line: line.category, phone="hide"),
                Column("Price", _price, sort="sells_at", number=True, phone="under"),
                Column("Cost", lambda line: rx.el.span(line.cost, class_name="num"), number=True, phone="hide"),
                Column("Margin", _margin, sort="margin_pct", number=True, phone="hide"),
                Column("Stock", _stock, sort="stock", number=True),
                Column("Last seen", lambda line: rx.el.span(line.seen, class_name="muted nowrap"), phone="hide"),
            ],
            label="Products",
            search="Name, SKU or UPC",
            href=lambda line: "/catalogue/" + line.id,
            empty=empty(
                "No product here",
                "Bring your till's item list, or the hourly stock file: a SKU or a UPC in each row is enough. What"
                " matches a search or a filter stands here.",
                allowed(
                    Permission.PRODUCTS_WRITE, button("Import products", kind="primary", icon="upload", href=BRING)
                ),
                icon="package",
            ),
            keeps=True,
        ),
    )  # fmt: skip


def _name(line: Any) -> rx.Component:
    return rx.fragment(rx.el.b(line.name), rx.el.small(line.code))


def _price(line: Any) -> rx.Component:
    usual = rx.cond(line.usual != "", rx.el.small(rx.el.s(line.usual), class_name="num"), rx.fragment())
    return rx.fragment(rx.el.span(line.sells_at, class_name="num nowrap"), " ", usual)


def _margin(line: Any) -> rx.Component:
    return rx.cond(line.is_loss, badge(line.margin, "red"), rx.el.span(line.margin, class_name="num"))


def _stock(line: Any) -> rx.Component:
    return rx.fragment(
        rx.el.span(
            rx.el.b(line.left, class_name="num"), " ", badge(line.stock_word, line.stock_tone), class_name="nowrap"
        ),
        " ",
        rx.cond(line.stock_note != "", rx.el.small(line.stock_note), rx.fragment()),
    )


PAGES = (
    Page(
        "/catalogue", "Catalogue", catalogue_page, icon="package", on_load=ProductsState.load, nav_group="main",
    ),
)  # fmt: skip

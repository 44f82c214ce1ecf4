"""One product: its price, its margin, its stock, and what was sold of it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.catalog.product_sales import SALES_DAYS
from liquor_app.screens.catalog.product.state import ProductState
from liquor_app.screens.catalog.product.waiting_list_panel import waiting_list
from liquor_app.screens.catalog.product.waiting_list_state import WaitingListState
from liquor_app.screens.details.view import found
from liquor_app.ui.badge import badge
from liquor_app.ui.card import card, key_values
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import grid
from liquor_app.ui.skeleton import skeleton_lines

SHOWN = ProductState.product


def product_page() -> rx.Component:
    return found(ProductState, "product", "The catalogue", "/catalogue", rx.fragment(_head(), _body()))


def _head() -> rx.Component:
    return page_head(
        SHOWN.name,
        rx.el.span("SKU ", SHOWN.sku, ", UPC ", SHOWN.upc, class_name="num"),
        crumbs=(("Catalogue", "/catalogue"),),
        badge=rx.cond(ProductState.loading, rx.fragment(), badge(SHOWN.stock_word, SHOWN.stock_tone)),
    )


def _body() -> rx.Component:
    def part(title: str, *pairs: tuple[str, Any], foot: Any = "") -> rx.Component:
        body = rx.cond(ProductState.loading, skeleton_lines(4), key_values(*pairs))
        return rx.el.div(card(body, title=title, foot=foot), class_name="c6")

    def words(said: Any) -> rx.Component:
        return rx.el.span(said, class_name="muted pretty")

    return grid(
        part(
            "Price and margin",
            ("Sells at", rx.el.b(SHOWN.sells_at)),
            ("Usual price", SHOWN.usual_price),
            ("Sale price", SHOWN.on_sale_for),
            ("Cost", SHOWN.cost),
            ("Minimum by law", SHOWN.minimum),
            ("Margin", rx.el.b(SHOWN.margin)),
            foot=words(SHOWN.margin_note),
        ),
        part(
            "Stock",
            ("In the shop", rx.el.b(SHOWN.left)),
            ("Counts as", badge(SHOWN.stock_word, SHOWN.stock_tone)),
            ("Last seen in a file", SHOWN.last_seen),
            ("From", SHOWN.told_by),
            foot=words(SHOWN.stock_note),
        ),
        part(
            f"Sold in the last {SALES_DAYS} days",
            ("Bought by", SHOWN.buyers),
            ("Sold", SHOWN.sold),
            ("For", SHOWN.revenue),
            ("Last", SHOWN.last_sold),
            foot=words("By its SKU, UPC or name, as the till wrote it; returns are taken off."),
        ),
        part(
            "About",
            ("Category", SHOWN.category),
            ("Brand", SHOWN.maker),
            ("Added", SHOWN.added),
            ("Last change", SHOWN.changed),
        ),
        waiting_list(),
    )


PAGES = (
    Page(
        "/catalogue/[product_id]", "Product", product_page,
        on_load=[ProductState.clear, WaitingListState.forget, ProductState.load, WaitingListState.load],
        parent="/catalogue",
    ),
)  # fmt: skip

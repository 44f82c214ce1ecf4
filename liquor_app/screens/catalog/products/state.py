"""The catalogue on its page."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permissions import Actor
from liquor_app.catalog.lists import PRODUCTS, list_products
from liquor_app.catalog.service import ProductRow, product_categories
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import PlanningSettings, load_settings, shop_now
from liquor_app.screens.catalog.rows import ProductLine, product_line
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.listing.views_state import ViewsState
from liquor_app.ui.forms.filters import Option
from liquor_app.ui.words import plural


class ProductsState(ViewsState, ListState, rx.State):
    """What the shop sells, found, filtered and sorted."""

    rows: list[ProductLine] = []
    counts_for: str = ""
    """How long a stock figure counts."""

    def _list(self) -> ListSpec[ProductRow]:
        return PRODUCTS

    def _path(self) -> str:
        return "/catalogue"

    def _export_path(self) -> str:
        return "/api/v1/products/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[ProductRow]:
        return await list_products(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[ProductRow]) -> list[ProductLine]:
        at = await shop_now(session)
        self.counts_for = plural((await load_settings(session, PlanningSettings)).stock_hours, "hour")
        return [product_line(row, at) for row in items]

    async def _options(self, session: Session, actor: Actor) -> dict[str, list[Option]]:
        names = await product_categories(session, actor)
        costs = [Option("true", "Known"), Option("false", "Not known")]
        return {"category": [Option(name, name) for name in names], "with_cost": costs}

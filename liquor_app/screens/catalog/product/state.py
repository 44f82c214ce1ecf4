"""One product on its page."""

from __future__ import annotations

import reflex as rx

from liquor_app.catalog.product_sales import product_sales
from liquor_app.catalog.service import get_product
from liquor_app.core.db import transaction
from liquor_app.organization.settings import shop_now
from liquor_app.screens.catalog.product.view import ProductView, product_view
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.session.state import signed_in


class ProductState(DetailState, rx.State):
    """Read again whenever the page opens."""

    product: ProductView = ProductView()

    def _noun(self) -> str:
        return "product"

    async def _read(self) -> None:
        actor, product_id = await signed_in(self), self._id()
        async with transaction() as session:
            at = await shop_now(session)
            row = await get_product(session, actor, product_id)
            sold = await product_sales(session, actor, product_id)
        self.product = product_view(row, sold, at)

"""One product on its page."""

from __future__ import annotations

import reflex as rx

from liquor_app.catalog.product_sales import product_sales
from liquor_app.catalog.service import get_product
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.organization.settings import shop_now
from liquor_app.screens.catalog.product.view import ProductView, product_view
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part


class ProductState(rx.State):
    """Read again whenever the page opens."""

    product: ProductView = ProductView()
    missing: str = ""
    loading: bool = True

    @rx.event
    async def clear(self) -> None:
        """Nothing: the product shown before must not flash up under another one's address."""
        self.reset()

    @rx.event
    @guarded
    async def load(self) -> None:
        actor = await signed_in(self)
        try:
            product_id = parse_id(last_part(self), "product")
            async with transaction() as session:
                at = await shop_now(session)
                row = await get_product(session, actor, product_id)
                sold = await product_sales(session, actor, product_id)
        except (NotFound, Invalid) as problem:
            self.reset()
            self.missing, self.loading = problem.message, False
            return
        self.product, self.missing, self.loading = product_view(row, sold, at), "", False

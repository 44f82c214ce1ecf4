"""One product in words. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from liquor_app.catalog.product_sales import SALES_DAYS, ProductSales
from liquor_app.catalog.service import ProductRow
from liquor_app.catalog.stock import StockState
from liquor_app.screens.catalog.rows import ProductLine, product_line
from liquor_app.ui.words import NONE, figure, plain_number, plural, show_moment, show_money


@dataclass(frozen=True)
class ProductView(ProductLine):
    """A product as its page draws it; empty while it loads."""

    sku: str = ""
    upc: str = ""
    maker: str = ""
    usual_price: str = ""
    on_sale_for: str = ""
    margin_note: str = ""
    last_seen: str = ""
    told_by: str = ""
    added: str = ""
    changed: str = ""
    buyers: str = ""
    sold: str = ""
    revenue: str = ""
    last_sold: str = ""


def product_view(row: ProductRow, sold: ProductSales, at: datetime) -> ProductView:
    line = product_line(row, at)
    told = "No file has told it."
    if row.stock_at is not None:
        too_old = ", too long ago to count" if row.stock_state is StockState.UNKNOWN else ""
        told = f"Told {show_moment(row.stock_at, at)}{too_old}."
    left = (
        "Not known: its price or its cost is missing. Offers are reckoned with its category's margin, else the shop's."
        if row.margin_pct is None or row.sells_at is None or row.cost is None
        else f"{show_money(row.sells_at - row.cost, cents=True)} of each sold; offers for it keep to this."
    )
    return ProductView(
        **asdict(replace(line, stock_note=told)),
        sku=row.sku or NONE,
        upc=row.upc or NONE,
        maker=row.brand or NONE,
        usual_price=show_money(row.price, cents=True),
        on_sale_for=show_money(row.sale_price, cents=True),
        margin_note=left,
        last_seen=show_moment(row.last_seen_at, at),
        told_by=row.source or NONE,
        added=show_moment(row.created_at, at),
        changed=show_moment(row.updated_at, at),
        buyers=plural(sold.buyers, "customer"),
        sold=plain_number(sold.quantity),
        revenue=show_money(sold.amount),
        last_sold=show_moment(sold.last_at, at) if sold.last_at else f"Not in the last {figure(SALES_DAYS)} days",
    )

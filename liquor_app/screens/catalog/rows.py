"""Products in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liquor_app.catalog.service import ProductRow
from liquor_app.catalog.stock import StockState
from liquor_app.ui.words import NONE, ago, figure, percent, show_money

STATES = {
    StockState.IN: ("In stock", "green"),
    StockState.OUT: ("Out of stock", "red"),
    StockState.UNKNOWN: ("Not known", "gray"),
}


@dataclass(frozen=True)
class ProductLine:
    """A product as the catalogue draws it; `usual` is its usual price where it is on sale."""

    id: str = ""
    name: str = ""
    code: str = ""
    category: str = ""
    sells_at: str = ""
    usual: str = ""
    cost: str = ""
    minimum: str = ""
    margin: str = ""
    is_loss: bool = False
    left: str = ""
    stock_word: str = ""
    stock_tone: str = "gray"
    stock_note: str = ""
    seen: str = ""


def product_line(row: ProductRow, at: datetime) -> ProductLine:
    word, tone = STATES[row.stock_state]
    is_sale = row.sells_at is not None and row.sells_at != row.price
    stale = row.stock_state is StockState.UNKNOWN and row.stock is not None
    return ProductLine(
        str(row.id),
        row.name,
        row.sku or row.upc or "",
        row.category or NONE,
        show_money(row.sells_at, cents=True),
        show_money(row.price, cents=True) if is_sale and row.price is not None else "",
        show_money(row.cost, cents=True),
        show_money(row.minimum_price, cents=True),
        NONE if row.margin_pct is None else percent(row.margin_pct / 100),
        row.margin_pct is not None and row.margin_pct < 0,
        NONE if row.stock is None else figure(row.stock, 2 if row.stock % 1 else 0),
        word,
        tone,
        f"told {ago(row.stock_at, at)}, too long to count" if stale else "",
        ago(row.last_seen_at, at),
    )

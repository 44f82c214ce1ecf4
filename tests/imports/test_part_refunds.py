"""Refunds in part, of tools' own files and of columns that tell it twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write
from tests.imports.test_orders_add_up import tried

pytestmark = pytest.mark.integration
ANN = "ann@p.example"
WOO = "order_id,billing_email,date,status,item_name,item_quantity,item_subtotal,item_total,item_refunded"
PACKED = "order_id,order_date,billing_email,status,order_subtotal,discount_total,line_items,refund_items"
SHOPIFY = "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Refunded Amount"
SHOPIFY += ",Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem discount"


def _woo(order: int, status: str, item: str, total: str, back: str) -> str:
    return f"{order},@,2026-01-05,{status},{item},1,{total},{total},{back}"


FILES = {
    "a part of one line": (WOO, [_woo(1, "refunded", "Gin", "60.00", "30.00")], {"1": "30.00"}),
    "one line of two": (
        WOO,
        [_woo(1, "refunded", "Gin", "60.00", "60.00"), _woo(1, "refunded", "Rye", "30.00", "0")],
        {"1": "30.00"},
    ),
    "all of it": (WOO, [_woo(1, "refunded", "Gin", "60.00", "60.00"), _woo(2, "completed", "Rye", "9.00", "0")],
                  {"2": "9.00"}),
    "by the word alone": (WOO, [_woo(1, "refunded", "Gin", "60.00", "0"), _woo(2, "completed", "Rye", "9.00", "0")],
                          {"2": "9.00"}),
    "packed": (PACKED, ["1,2026-01-05,@,refunded,60.00,0,,amount:20.00|reason:broken",
                        "2,2026-01-05,@,refunded,60.00,0,,amount:60.00|reason:broken"], {"1": "40.00"}),
    "Shopify has a word for parts": (
        SHOPIFY,
        ["#1,@,partially_refunded,USD,80.00,0.00,0.00,80.00,0.00,30.00,2026-01-05 10:00:00 -0500,1,Rye,50.00,0.00",
         "#1,@,,,,,,,,,2026-01-05 10:00:00 -0500,1,Gin,30.00,0.00",
         "#2,@,refunded,USD,80.00,0.00,0.00,80.00,0.00,30.00,2026-01-05 10:00:00 -0500,1,Rye,80.00,0.00"],
        {"#1": "50.00"},
    ),
    "a yes beside the sum": (
        "order,date,email,item,qty,amount,Returned,Return Amount",
        ["1,2026-01-05,@,Rye,2,50.00,Y,25.00", "1,2026-01-05,@,Gin,1,30.00,N,0.00"],
        {"1": "55.00"},
    ),
    "an order's refund on each of its rows": (
        "Order,Date,Email,Item,Qty,Amount,Order Refund Amount",
        ["1,2026-01-05,@,Rye,1,10.00,20.00", "1,2026-01-05,@,Gin,1,30.00,20.00", "2,2026-01-06,@,Ale,1,9.00,0.00"],
        {"1": "20.00", "2": "9.00"},
    ),
    "all of an order's alike rows": (
        "Order,Date,Email,Item,Qty,Amount,Order Refund Amount",
        ["1,2026-01-05,@,Rye,1,40.00,30.00", "1,2026-01-05,@,Gin,1,40.00,30.00"],
        {"1": "50.00"},
    ),
    "beside the order's total": (
        "Order Number,Order Date,Customer Email,Item Name,Quantity,Order Refund Amount,Order Total Amount",
        ["1,2026-01-05,@,Rye,1,20.00,80.00", "1,2026-01-05,@,Gin,1,20.00,80.00"],
        {"1": "60.00"},
    ),
    "beside lines and the order's total": (
        "Order Number,Order Date,Customer Email,Item Name,Quantity,Order Line Total,Order Refund Amount"
        ",Order Total Amount",
        ["1,2026-01-05,@,Rye,1,50.00,20.00,80.00", "1,2026-01-05,@,Gin,1,30.00,20.00,80.00"],
        {"1": "60.00"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
async def test_what_did_not_come_back_was_paid(database: str, tmp_path: Path, name: str) -> None:
    """Before, what was left of it was lost with the word "refunded", or the file refused."""
    head, rows, wanted = FILES[name]
    await run(write(tmp_path / "people.csv", "email,name", f"{ANN},Ann"))
    path = write(tmp_path / "sales.csv", head, *(one.replace("@", ANN) for one in rows))
    trial = await tried(path)
    report = await run(path, "purchases")
    found = await many("SELECT external_id, total FROM purchases WHERE total <> 0")
    assert ({one.external_id: str(one.total) for one in found}, report.rejected) == (wanted, 0)
    assert trial.totals.money_made == sum(one.total for one in found)

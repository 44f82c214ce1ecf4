"""WooCommerce's plugin Advanced Order Export, whose columns each shop chooses: a line's sum, and what came back of its
order. Before, its file was refused: no column held an amount."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.test_import import run
from tests.imports.test_import_cases import FILES, many, write
from tests.imports.test_left_out_asked import tried

pytestmark = pytest.mark.integration
HEAD = "Order Number,Order Status,Order Date,Email (Billing)"
TAIL = ("Cart Discount Amount,Order Subtotal Amount,Order Shipping Amount,Order Refund Amount,Order Total Amount,"
        "Order Total Tax Amount")  # fmt: skip
LEFT, PRICED, WHOLE = "Item Name,Quantity (- Refund),Item Cost", "Name,Quantity,Item Cost", "Item Name,Order Line Total"
ANN = "Completed,2026-09-06 06:29,ann@w.example"


async def _taken(tmp_path: Path, columns: str, *rows: str) -> dict[str, str]:
    await run(write(tmp_path / "people.csv", "email,name", "ann@w.example,Ann"))
    report = await run(write(tmp_path / "orders.csv", columns, *(one.replace("@", ANN) for one in rows)), "purchases")
    assert report.rejected == 0
    return {one.external_id: str(one.total) for one in await many("SELECT external_id, total FROM purchases")}


async def test_the_plugins_own_file_comes_to_what_was_paid_for_goods(database: str, tmp_path: Path) -> None:
    """601 a coupon, 602 cancelled, 603 one of three bottles back with its tax, 604 money back without a bottle."""
    people = [f"{one}@example.com,X" for one in ("vera.stone", "bo", "cy", "di")]
    await run(write(tmp_path / "people.csv", "email,name", *people))
    trial = await tried(FILES / "24_woo_advanced_orders.csv")
    assert (trial.asked, trial.totals.money, trial.totals.money_made) == ((), Decimal("209.26"), Decimal("120.59"))
    report = await run(FILES / "24_woo_advanced_orders.csv", "purchases")
    assert "voided or cancelled 1" in note_words(report.notes)
    found = await many(
        "SELECT p.external_id, p.total, sum(l.discount) AS off, max(p.coupon_code) AS coupon FROM purchases p"
        " JOIN purchase_lines l ON l.purchase_id = p.id GROUP BY p.id ORDER BY 1"
    )
    assert [(one.external_id, str(one.total), str(one.off), one.coupon) for one in found] == [
        ("601", "40.00", "5.00", "fall5"), ("603", "40.00", "0.00", None), ("604", "40.59", "0.00", None),
    ]  # fmt: skip


CASES = {
    "as many as were bought": (f"{HEAD},{PRICED},{TAIL}", ["1,@,Rye,3,20.00,0,60.00,0,21.25,63.75,3.75"], "40.00"),
    "what the line came to": (f"{HEAD},{WHOLE},{TAIL}", ["1,@,Rye,60.00,0,60.00,0,21.25,63.75,3.75"], "40.00"),
    "a line that tells its own refund": (
        f"{HEAD},{WHOLE},Order Line Total Refunded,{TAIL}",
        ["1,@,Rye,60.00,20.00,0,90.00,0,21.25,95.63,5.63", "1,@,Gin,30.00,0,0,90.00,0,21.25,95.63,5.63"],
        "70.00",
    ),
    "the shipping back, and a bottle": (
        f"{HEAD},{LEFT},{TAIL}", ["1,@,Rye,2,20.00,0,60.00,10.00,31.25,73.75,3.75"], "40.00",
    ),
    "the shipping alone": (f"{HEAD},{LEFT},{TAIL}", ["1,@,Rye,3,20.00,0,60.00,10.00,10.00,73.75,3.75"], "60.00"),
    "a price that is rounded": (
        f"{HEAD},{LEFT},{TAIL}", ["1,@,Rye,3,11.67,5.00,40.00,0,0,35.00,0"], "35.00",
    ),
    "no sums of the order": (f"{HEAD},{PRICED}", ["1,@,Rye,3,11.67", "1,@,Gin,1,30.00"], "65.01"),
    "the order's cells on its first row alone": (
        f"{HEAD},{LEFT},Coupon Code,{TAIL}",
        ["1,@,Rye,1,20.00,TEN,0,50.00,0,0,50.00,0", ",,,,Gin,1,30.00,,,,,,,"],
        "50.00",
    ),
    "more coupons than lines": (
        f"{HEAD},{LEFT},Coupon Code,{TAIL}",
        ["1,@,Rye,1,20.00,TEN,5.00,25.00,0,0,20.00,0", "1,@,,,,FALL,5.00,25.00,0,0,20.00,0"],
        "20.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_whatever_columns_were_chosen(database: str, tmp_path: Path, name: str) -> None:
    columns, rows, came_to = CASES[name]
    assert await _taken(tmp_path, columns, *rows) == {"1": came_to}


async def test_the_next_order_begins_anew(database: str, tmp_path: Path) -> None:
    rows = ["1,@,Rye,1,20.00,0,20.00,0,5.00,20.00,0", ",,,,,,,,,,,,", "2,@,Gin,1,30.00,0,30.00,0,0,30.00,0"]
    assert await _taken(tmp_path, f"{HEAD},{LEFT},{TAIL}", *rows) == {"1": "15.00", "2": "30.00"}

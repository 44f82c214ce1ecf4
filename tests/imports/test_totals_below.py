"""Orders whose total is less than their lines come to, with no column that says why: before, the lines stood, and a
question stopped the import."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write
from tests.imports.test_left_out_asked import tried

pytestmark = pytest.mark.integration
ONE, TWO, SIX = "1,10/13/2026,ann@b.example", "2,10/14/2026,bo@b.example", "6,10/15/2026,bo@b.example"
HEAD = "Order ID,Date,Email,Item,Qty"


async def _file(tmp_path: Path, head: str, *rows: str) -> Path:
    await run(write(tmp_path / "people.csv", "email,name", "ann@b.example,Ann", "bo@b.example,Bo"))
    return write(tmp_path / "sales.csv", head, *rows)


async def _orders() -> dict[str, str]:
    return {one.external_id: str(one.total) for one in await many("SELECT external_id, total FROM purchases")}


PAID: dict[str, tuple[str, list[str], dict[str, str]]] = {
    "on each row": (
        f"{HEAD},Price,Order Total",
        [f"{ONE},Rye,2,19.00,58.00", f"{ONE},Gin,1,30.00,58.00", f"{TWO},Ale,1,9.00,9.00"],
        {"1": "58.00", "2": "9.00"},
    ),
    "on the first row": (
        f"{HEAD},Price,Order Total",
        [f"{ONE},Rye,2,19.00,58.00", f"{ONE},Gin,1,30.00,", f"{TWO},Ale,1,9.00,9.00"],
        {"1": "58.00", "2": "9.00"},
    ),
    "with the tax and the shipping in it": (
        f"{HEAD},Price,Tax,Shipping,Order Total",
        [f"{ONE},Rye,2,19.00,4.00,5.00,67.00", f"{ONE},Gin,1,30.00,4.00,5.00,67.00",
         f"{TWO},Ale,1,9.00,0.56,0.00,9.56"],
        {"1": "58.00", "2": "9.00"},
    ),
    "without the tax": (
        f"{HEAD},Price,Tax,Order Total",
        [f"{ONE},Rye,2,19.00,4.00,58.00", f"{ONE},Gin,1,30.00,4.00,58.00", f"{TWO},Ale,1,9.00,0.56,9.00"],
        {"1": "58.00", "2": "9.00"},
    ),
    "beside sums of lines": (
        f"{HEAD},Line Total,Order Total",
        [f"{ONE},Rye,2,38.00,58.00", f"{ONE},Gin,1,30.00,58.00", f"{TWO},Ale,1,9.00,9.00"],
        {"1": "58.00", "2": "9.00"},
    ),
    "a column of discounts that says none": (
        f"{HEAD},Price,Discount,Order Total",
        [f"{ONE},Rye,2,19.00,0.00,58.00", f"{ONE},Gin,1,30.00,0.00,58.00", f"{TWO},Ale,1,9.00,0.00,9.00"],
        {"1": "58.00", "2": "9.00"},
    ),
    "for nothing": (
        f"{HEAD},Price,Order Total",
        [f"{ONE},Rye,2,19.00,0.00", f"{ONE},Gin,1,30.00,0.00", f"{TWO},Ale,1,9.00,9.00"],
        {"1": "0.00", "2": "9.00"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAID)
async def test_an_orders_own_total_is_what_was_paid(database: str, tmp_path: Path, name: str) -> None:
    head, rows, orders = PAID[name]
    path = await _file(tmp_path, head, *rows)
    trial = await tried(path)
    assert (trial.asked, trial.totals.money_made) == ((), sum(map(Decimal, orders.values())))
    own = {"with the tax and the shipping in it": "76.56"}.get(name, str(sum(map(Decimal, orders.values()))))
    assert trial.totals.money == Decimal(own), "the file's own sum is that of its totals"
    report = await run(path, "purchases")
    assert (await _orders(), report.rejected) == (orders, 0)
    assert "less than their lines come to" in note_words(report.notes), "it is told"


async def test_the_difference_is_a_discount_of_each_line(database: str, tmp_path: Path) -> None:
    path = await _file(tmp_path, f"{HEAD},Price,Order Total", f"{ONE},Rye,2,19.00,58.00", f"{ONE},Gin,1,30.00,")
    await run(path, "purchases")
    found = await many("SELECT product, amount, discount FROM purchase_lines ORDER BY product")
    assert [(one.product, str(one.amount), str(one.discount)) for one in found] == [
        ("Gin", "25.59", "4.41"), ("Rye", "32.41", "5.59"),
    ]  # fmt: skip


STANDS: dict[str, tuple[str, list[str], Any]] = {
    "one of them is more": (
        f"{HEAD},Price,Order Total",
        [f"{ONE},Rye,2,19.00,58.00", f"{ONE},Gin,1,30.00,58.00", f"{TWO},Ale,1,9.00,12.00"],
        "$70.00",
    ),
    "one of them is more, each on its first row": (
        f"{HEAD},Price,Order Total",
        [f"{ONE},Rye,2,19.00,58.00", f"{ONE},Gin,1,30.00,", f"{TWO},Ale,1,9.00,12.00"],
        "$70.00",
    ),
    "one order names none": (
        f"{HEAD},Price,Order Total",
        [f"{ONE},Rye,2,19.00,58.00", f"{ONE},Gin,1,30.00,58.00", f"{TWO},Ale,1,9.00,"],
        None,
    ),
    "whether tax is in it no order tells": (
        f"{HEAD},Price,Tax,Order Total",
        [f"{ONE},Rye,2,19.00,4.00,50.00", f"{ONE},Gin,1,30.00,4.00,50.00", f"{TWO},Ale,1,9.00,0.56,8.00"],
        "$58.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STANDS)
async def test_where_totals_do_not_hold_together_it_is_asked(database: str, tmp_path: Path, name: str) -> None:
    """Of a total on each order's first row alone it was asked whether it is to be taken off: "… it were $7.00"."""
    head, rows, came_to = STANDS[name]
    trial = await tried(await _file(tmp_path, head, *rows))
    asked = next(one for one in trial.asked if one.column == "Order Total")
    assert trial.totals.money_made == Decimal("77.00")
    if came_to:
        assert "says what whole orders came to" in asked.words
        assert came_to in asked.words
        assert "taken off" not in asked.words


async def test_a_sum_of_some_rows_is_no_total_of_orders(database: str, tmp_path: Path) -> None:
    rows = [f"{ONE},Rye,2,19.00,5.50", f"{ONE},Gin,1,30.00,", f"{TWO},Ale,1,9.00,0.00"]
    [asked] = (await tried(await _file(tmp_path, f"{HEAD},Price,Zusatz", *rows))).asked
    assert "with this taken off" in asked.words


async def test_left_out_by_hand_the_lines_stand(database: str, tmp_path: Path) -> None:
    mapping = {
        "order_id": "Order ID", "occurred_at": "Date", "email": "Email", "product": "Item", "quantity": "Qty",
        "unit_price": "Price",
    }  # fmt: skip
    rows = [f"{ONE},Rye,2,19.00,58.00", f"{ONE},Gin,1,30.00,58.00", f"{TWO},Ale,1,9.00,9.00"]
    await run(await _file(tmp_path, f"{HEAD},Price,Order Total", *rows), "purchases", mapping=mapping)
    assert await _orders() == {"1": "68.00", "2": "9.00"}


async def test_an_order_further_down_that_names_two_totals_stands(database: str, tmp_path: Path) -> None:
    """And so does one whose total is above its lines; what was returned is no discount."""
    rows = [f"{ONE},Rye,2,19.00,58.00", f"{ONE},Gin,1,30.00,58.00"]
    rows += [f"{nth},10/14/2026,bo@b.example,Ale,1,9.00,9.00" for nth in range(100, 1200)]
    rows += [f"{SIX},Ale,1,9.00,8.00", f"{SIX},Gin,1,9.00,7.00", "7,10/16/2026,bo@b.example,Gin,1,9.00,11.00",
             "8,10/16/2026,bo@b.example,Gin,-1,9.00,-5.00"]  # fmt: skip
    report = await run(await _file(tmp_path, f"{HEAD},Price,Order Total", *rows), "purchases")
    found = await _orders()
    assert ({one: found[one] for one in "1678"}, report.rejected) == (
        {"1": "58.00", "6": "18.00", "7": "9.00", "8": "-9.00"}, 0,
    )  # fmt: skip

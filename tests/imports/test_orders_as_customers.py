"""A list of orders, given as customers, is said so; a list of customers with their dates and sums is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.core.errors import Invalid
from tests.imports.test_import import run
from tests.imports.test_import_cases import write

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("Order ID,Date,Email,Total,Items", "1,10/13/2026,o1@o.example,20.00,Rye x2"),
        ("Order ID,Date,Email,Item,Qty,Unit Price,Total", "1,10/13/2026,o1@o.example,Rye,2,20.00,40.00"),
        ("Receipt Number,Sale Date,Customer Email,Customer Name,Amount", "1,10/13/2026,o1@o.example,Ann,20.00"),
    ],
)
async def test_orders_are_no_customers(database: str, tmp_path: Path, columns: str, row: str) -> None:
    file = write(tmp_path / "people.csv", columns, row, row.replace("1,", "2,", 1))
    with pytest.raises(Invalid, match="looks like a list of orders") as told:
        await run(file)
    assert told.value.field == "kind"


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("ID,Name,Email,Date,Total", "1,Ann,o1@o.example,10/13/2026,20.00"),
        ("Reference,Email,Created At,Value", "1,o1@o.example,10/13/2026,20.00"),
        ("Customer No,Email,Last Order Date,Total Spent,Orders", "1,o1@o.example,10/13/2026,20.00,3"),
    ],
)
async def test_customers_with_dates_and_sums_are_customers(
    database: str, tmp_path: Path, columns: str, row: str
) -> None:
    assert (await run(write(tmp_path / "people.csv", columns, row))).created == 1


async def test_whoever_says_which_column_is_which_means_it(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "people.csv", "Order ID,Date,Email,Total,Items", "1,10/13/2026,o1@o.example,20.00,Rye x2")
    assert (await run(file, mapping={"email": "Email"})).created == 1

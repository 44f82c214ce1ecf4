"""What a file of purchases comes to by itself, beside what is made of it: before the import, and in its report."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.imports.cleaning.number_cells import currency_code
from liquor_app.imports.dry_run import Trial, try_file
from liquor_app.screens.imports.wizard.trial_view import money_words, total_lines
from tests.imports.report_texts import report_text
from tests.imports.test_import import run
from tests.imports.test_import_cases import one, write
from tests.imports.test_reversed_orders import HEAD, bring, people, sold
from tests.imports.test_undo import state

pytestmark = pytest.mark.integration
MINE = sold("1", "Rye", "50.00", "Paid")


async def tried(path: Path) -> Trial:
    async with transaction() as session:
        return await try_file(session, SYSTEM, kind="purchases", path=path, limit=100, watch=True)


@pytest.mark.parametrize("size", [1, 5_000])
async def test_rows_sold_to_nobody_named_are_in_the_sum_that_is_left_out(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Before, they were counted among the rows, and their money was missing from the sum beside them."""
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", size)
    await people(tmp_path)
    rows = [
        MINE, sold("2", "Gin", "30.00", "Paid", who=""), sold("3", "Ale", "-4.00", "Refund", who=""),
        sold("4", "Rum", "9.00", "Void"),
    ]  # fmt: skip
    trial = await tried(write(tmp_path / "sales.csv", HEAD, *rows))
    assert (trial.totals.money, trial.totals.left_out, trial.totals.money_made) == (85, Decimal("35.00"), 50)
    assert "They are $35.00 apart: 3 rows are no line of a purchase ($35.00)." in money_words(trial, "purchases")


@pytest.mark.parametrize(
    ("head", "foreign", "own"),
    [
        ("Order Number,Email,Date,Item,Amount", "CA$30.00", "50.00"),
        ("Order Number,Email,Date,Item,Amount,Currency", "30.00,CAD", "50.00,USD"),
        ("Order Number,Email,Date,Item,Amount,Currency", "30.00,Euro", "50.00,US Dollar"),
        ("Order Number,Email,Date,Item,Qty,Price", "1,€30.00", "1,50.00"),
    ],
)
async def test_money_of_another_currency_is_in_no_sum(
    database: str, tmp_path: Path, head: str, foreign: str, own: str
) -> None:
    """Before, CA$30.00 was thirty dollars of the file's own total."""
    await people(tmp_path)
    rows = (f"1,a@x.example,2026-10-01 10:00,Rye,{own}", f"2,b@x.example,2026-10-01 10:00,Gin,{foreign}")
    trial = await tried(write(tmp_path / "sales.csv", head, *rows))
    totals = trial.totals
    assert (totals.money, totals.money_made, totals.foreign, trial.report.rejected) == (50, 50, 1, 1)
    assert "1 row in another currency is in no sum. Both are the same." in money_words(trial, "purchases")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("US Dollar", "USD"), ("U.S. Dollars", "USD"), ("usd", "USD"), ("US$", "USD"), ("$", "$"), ("Dollar", "$"),
        ("Dólar estadounidense", "USD"), ("CA$", "CAD"), ("Canadian Dollar", "CAD"), ("€", "EUR"), ("Euro", "EUR"),
        ("zloty", "ZLOTY"), ("XYZ", "XYZ"),
    ],
)  # fmt: skip
def test_currencies_in_words(written: str, code: str) -> None:
    assert currency_code(written) == code


@pytest.mark.parametrize("size", [1, 5_000])
async def test_the_report_tells_the_files_own_total(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", size)
    await people(tmp_path)
    await bring(tmp_path, MINE, sold("2", "Gin", "30.00", "Paid", who=""))
    last = await one("SELECT id FROM imports ORDER BY id DESC LIMIT 1")
    row = await state(last.id)
    assert row.own_total == (80, "Amount")
    assert (
        "The orders come to: $50.00\nThe file's own total (“Amount”): $80.00\nThey are $30.00 apart: 1 row is no line"
        " of a purchase."
    ) in report_text(row)


async def test_lines_alike_count_each_in_the_files_own_total(database: str, tmp_path: Path) -> None:
    """Two bottles on two rows, seen before a row tells that totals are the lines': the file came to $10.00 less."""
    await people(tmp_path)
    head = "Order Number,Email,Date,Item,Qty,Price,Total"
    gin = "a@x.example,2026-10-01,Gin,1,10.00,10.00"
    rows = (f"1,{gin}", f"1,{gin}", f"2,{gin}", "2,a@x.example,2026-10-01,Ale,1,5.00,5.00", f"3,{gin}", f"3,{gin}")
    trial = await tried(write(tmp_path / "sales.csv", head, *rows))
    assert (trial.totals.money, trial.totals.money_made) == (55, 55)


@pytest.mark.parametrize("back", ["-20.00", "(20.00)", "20.00-"])
@pytest.mark.parametrize(
    ("more", "own"),
    [
        ((), "89.00"),
        (("1,a@x.example,2026-10-03 10:00,Gin,1,-5.00,-5.00,Refunded",), "84.00"),
        (("2,b@x.example,2026-10-04 10:00,Ale,1,-9.00,-9.00,Refunded",), "80.00"),
    ],
)
async def test_a_refund_beside_an_orders_total_on_each_of_its_lines(
    database: str, tmp_path: Path, back: str, more: tuple[str, ...], own: str
) -> None:
    """A negative total under the same number made every total one of a line: a file of 89 dollars came to 189."""
    await people(tmp_path)
    rows = (
        "1,a@x.example,2026-10-01 10:00,Rye,2,40.00,100.00,Paid",
        "1,a@x.example,2026-10-01 10:00,Gin,1,60.00,100.00,Paid",
        "2,b@x.example,2026-10-01 11:00,Ale,1,9.00,9.00,Paid",
        f"1,a@x.example,2026-10-02 10:00,Rye,1,{back},{back},Refunded",
        *more,
    )
    trial = await tried(
        write(tmp_path / "sales.csv", "Order ID,Email,Date,Item,Qty,Line Total,Order Total,Status", *rows)
    )
    assert trial.totals.money == Decimal(own)


REFUNDED = """Order Number,Email,Date,Item,Amount,Refunded
1,a@x.example,2026-10-01 10:00,Rye,40.00,10.00
2,b@x.example,2026-10-01 11:00,Gin,20.00,5.00
"""


@pytest.mark.parametrize(
    ("content", "own"),
    [
        (REFUNDED, "60.00"),
        (
            "Order Number,Email,Date,Item,Amount\n1,a@x.example,2026-10-01 10:00,Rye,60.00\n"
            "2,b@x.example,2026-10-01 11:00,Rye,-15.00\n",
            "45.00",
        ),
    ],
)
async def test_what_came_back_is_told_beside_the_sum(database: str, tmp_path: Path, content: str, own: str) -> None:
    await people(tmp_path)
    path = tmp_path / "sales.csv"
    path.write_text(content)
    trial = await tried(path)
    assert (trial.totals.money_made, trial.totals.back) == (Decimal("45.00"), Decimal("15.00"))
    money = next(line for line in total_lines(trial, "purchases") if line.words == "Money")
    assert (money.file, money.made) == (f"${own}", "$45.00 ($60.00 less $15.00 back)")
    if own != "45.00":
        assert "They are $15.00 apart: $15.00 came back." in money_words(trial, "purchases")
    await run(path, "purchases")
    last = await one("SELECT id FROM imports ORDER BY id DESC LIMIT 1")
    said = report_text(await state(last.id))
    assert "The orders come to: $45.00 ($60.00 less $15.00 back)\n" in said
    assert ("$15.00 came back." in said) == (own != "45.00")


async def test_a_known_tools_refunds_are_told_too(database: str, tmp_path: Path) -> None:
    """Shopify tells what came back on the order's first row."""
    path = Path(__file__).parent / "files" / "02_shopify_orders.csv"
    await run(path.with_name("01_shopify_customers.csv"), "customers")
    trial = await tried(path)
    assert trial.totals.back > 0
    assert trial.totals.money_made == Decimal("87.00")


async def test_cells_in_a_spreadsheets_clothes_are_in_the_files_own_sum(database: str, tmp_path: Path) -> None:
    """="12.50" and '7.50 were rows, and missing from the sum beside them; "tax, shipping and tips" were blamed."""
    await people(tmp_path)
    path = tmp_path / "sales.csv"
    path.write_text(
        'Order ID,Date,Email,Total\n1,2026-10-01,a@x.example,"=""12.50"""\n2,2026-10-02,a@x.example,\'7.50\n'
        "3,2026-10-03,b@x.example,5.\n"
    )
    trial = await tried(path)
    assert (trial.totals.money, trial.totals.money_made) == (Decimal("25.00"), Decimal("25.00"))
    assert "Both are the same." in money_words(trial, "purchases")


async def test_tax_is_blamed_for_what_nothing_else_explains(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    path = tmp_path / "sales.csv"
    head = "Order ID,Date,Email,Type,Total\n"
    path.write_text(head + "1,2026-10-01,a@x.example,Sale,12.50\n2,2026-10-02,a@x.example,Void,7.50\n")
    said = money_words(await tried(path), "purchases")
    assert "1 row is no line of a purchase ($7.50)" in said
    assert "tax" not in said
    path.write_text(head + "1,2026-10-01,a@x.example,Sale,12.50\n2,never,a@x.example,Sale,7.50\n")
    said = money_words(await tried(path), "purchases")
    assert said.endswith("They are $7.50 apart: 1 refused row does not count.")

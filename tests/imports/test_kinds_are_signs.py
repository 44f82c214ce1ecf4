"""What was given back, and taken off, where a file tells it by a word or a column and no sign."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.imports.dry_run import try_file
from liquor_app.imports.trial.file_totals import Totals
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.test_import_cases import many, run, write
from tests.imports.test_reversed_orders import orders, people

pytestmark = pytest.mark.integration


LIGHTSPEED_X = (
    "Date,Receipt Number,Line Type,Customer Code,Customer Name,Note,Quantity,Subtotal,Sales Tax,Discount,Loyalty,"
    "Total,Paid,Details,Register,User,Status,Sku"
)
GROSS_NOTHING = ("T1,a@x.example,55.00,-5.00,0.00", "T2,a@x.example,0.00,0.00,-10.00")
GROSS_MORE = ("T1,a@x.example,55.00,-5.00,0.00", "T2,a@x.example,20.00,0.00,-30.00")


async def totals(path: Path) -> Totals:
    async with transaction() as session:
        return (await try_file(session, SYSTEM, kind="purchases", path=path, limit=100, watch=True)).totals


@pytest.mark.parametrize("kind", ["Type", "Transaction Type", "trans type"])
@pytest.mark.parametrize("sums", ["amount", "price"])
async def test_a_return_without_a_sign_is_one_by_its_kind(database: str, tmp_path: Path, kind: str, sums: str) -> None:
    await people(tmp_path)
    head = f"Receipt,{kind},Email,Date,Item,Qty,{'Amount' if sums == 'amount' else 'Unit Price'}"
    rows = (
        "1,Sale,a@x.example,2026-10-01,Gin,1,10.00", "1,Sale,a@x.example,2026-10-01,Rye,1,5.00",
        "1,Return,a@x.example,2026-10-03,Gin,1,10.00", "2,Refund,b@x.example,2026-10-03,Ale,1,4.00",
    )  # fmt: skip
    await run(write(tmp_path / "sales.csv", head, *rows), "purchases")
    assert await orders() == {"1": "5.00", "2": "-4.00"}


async def test_a_file_with_signs_keeps_them(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = "Receipt,Type,Email,Date,Item,Amount"
    rows = ("1,Sale,a@x.example,2026-10-01,Gin,10.00", "1,Return,a@x.example,2026-10-03,Gin,-10.00")
    await run(write(tmp_path / "sales.csv", head, *rows), "purchases")
    assert await orders() == {"1": "0.00"}


@pytest.mark.parametrize("column", ["Gross Sales", "gross revenue", "Ventas Brutas"])
@pytest.mark.parametrize(("off", "paid"), [("-4.00", "36.00"), ("4.00", "36.00"), ("10%", "36.00"), ("", "40.00")])
async def test_gross_sales_are_before_discounts(
    database: str, tmp_path: Path, column: str, off: str, paid: str
) -> None:
    """Before, the gross was taken as paid, and the file was said to be the same."""
    await people(tmp_path)
    head = f"order id,email,date,item,qty,{column},discounts,tax"
    path = write(tmp_path / "sales.csv", head, f"1,a@x.example,2026-10-01,Gin,2,40.00,{off},2.25")
    told = await totals(path)
    await run(path, "purchases")
    assert await orders() == {"1": paid}
    assert (told.money, told.money_made) == (Decimal("40.00"), Decimal(paid))
    assert told.taken == f"“{column}” − “discounts”"


async def test_gross_less_returns_is_less_discounts_too(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = "order id,email,date,item,Gross Sales,Discounts,Returns,Tax"
    await run(write(tmp_path / "s.csv", head, "1,a@x.example,2026-10-01,Gin,40.00,-4.00,-6.00,2.25"), "purchases")
    assert await orders() == {"1": "30.00"}


async def test_an_amount_is_after_discounts(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    path = write(tmp_path / "s.csv", "order id,email,date,item,amount,discount", "1,a@x.example,2026-10-01,Gin,40,4")
    await run(path, "purchases")
    assert await orders() == {"1": "40.00"}


async def test_a_column_of_totals_that_differs_within_an_order_is_of_lines(database: str, tmp_path: Path) -> None:
    """Lightspeed R writes a Total on each line; the file's own sum had the first of each order alone."""
    head = "Sale ID,Date,Item,Qty,Retail,Subtotal,Discount,Tax,Total,Customer"
    rows = (
        "1,2026-10-01,Gin,1,36.00,36.00,0,2.25,38.25,Ann", "1,2026-10-01,Rye,1,20.00,20.00,0,1.25,21.25,Ann",
        "2,2026-10-03,Rye,-1,20.00,-20.00,0,-1.25,-21.25,Ann",
    )  # fmt: skip
    told = await totals(write(tmp_path / "lines.csv", head, *rows))
    assert told.money == Decimal("38.25")


async def test_the_row_of_a_whole_order_is_not_left_out_of_what_is_taken(database: str, tmp_path: Path) -> None:
    rows = (
        "2026-10-03 18:14:30,1,Sale,Y-1,Y,,1,10.00,0.60,0,0,10.60,10.60,,R1,s,CLOSED,",
        "2026-10-03 18:14:30,1,Sale Line,Y-1,Y,,1,10.00,0.60,0,0,10.60,,Gin,R1,s,CLOSED,G",
        "2026-10-03 18:14:30,5,Sale,Y-1,Y,,1,15.00,0.60,0,0,15.60,,,R1,s,LAYBY,",
        "2026-10-03 18:14:30,5,Sale Line,Y-1,Y,,1,15.00,0.60,0,0,15.60,,Ale,R1,s,LAYBY,A",
    )  # fmt: skip
    await run(write(tmp_path / "people.csv", "external_id", "Y-1"))
    path = write(tmp_path / "sales.csv", LIGHTSPEED_X, *rows)
    told = await totals(path)
    assert (told.money, told.left_out, told.money_made) == (Decimal("26.20"), Decimal("15.60"), Decimal("10.00"))
    await run(path, "purchases")
    assert await orders() == {"1": "10.00"}, "what is laid by is not paid"


async def test_the_option_of_numbers_by_store_holds_for_a_tools_file(database: str, tmp_path: Path) -> None:
    rows = (
        "2026-10-03 18:14:30,1,Sale Line,Y-1,Y,,1,10.00,0.60,0,0,10.60,,Gin,Main,s,CLOSED,G",
        "2026-10-04 18:14:30,1,Sale Line,Z-1,Z,,1,20.00,0.60,0,0,20.60,,Ale,Annex,s,CLOSED,A",
    )  # fmt: skip
    await run(write(tmp_path / "people.csv", "external_id", "Y-1", "Z-1"))
    await run(write(tmp_path / "sales.csv", LIGHTSPEED_X, *rows), "purchases")
    assert await orders() == {"1 · ANNEX": "20.00", "1 · MAIN": "10.00"}


async def test_a_store_spelled_otherwise_changes_nothing(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = "Receipt,Store,Email,Date,Amount"
    await run(write(tmp_path / "a.csv", head, "1,North,a@x.example,2026-10-01,5.00"), "purchases")
    report = await run(write(tmp_path / "b.csv", head, "1,NORTH ,a@x.example,2026-10-01,5.00"), "purchases")
    assert report.orders == {"unchanged": 1}
    assert [one.store for one in await many("SELECT store FROM purchases")] == ["North"]


async def test_an_address_nobody_can_read_is_given_up_by_nobody(database: str, tmp_path: Path) -> None:
    """Before, "it goes onto the suppression list" was said of nothing, and a good address known could have gone."""
    await run(write(tmp_path / "known.csv", "external_id,email", "7,ines@m.example", "8,good@m.example"))
    rows = ("7,ines@@m.example,cleaned", "9,,", "8,good@m.example,hard bounce")
    report = await run(write(tmp_path / "later.csv", "external_id,email,email status", *rows))
    assert report.notes.get("address_given_up") == 1
    assert [one.address for one in await many("SELECT address FROM suppressions")] == ["good@m.example"]


async def test_a_third_of_a_household_is_nobody_known(database: str, tmp_path: Path) -> None:
    """Before, who had the family's telephone alone was the first of it, and their purchases too."""
    head = "email,phone,name"
    both = ("d@x.example,617-555-0161,Dad Doe", "m@x.example,617-555-0161,Mom Doe")
    report = await run(write(tmp_path / "a.csv", head, *both, ",617-555-0161,Junior Doe"))
    assert (report.created, report.unchanged) == (3, 0)
    again = await run(write(tmp_path / "b.csv", head, *both, ",617-555-0161,Junior Doe", ",617-555-0161,dad doe"))
    assert again.created == 0


async def test_a_number_that_begins_anew_each_month_is_told(database: str, tmp_path: Path) -> None:
    """A till's later word is the right one; that it may be about another order, somebody has to be told."""
    await people(tmp_path)
    head = "Receipt,Email,Date,Item,Amount"
    await run(write(tmp_path / "sep.csv", head, "1,a@x.example,2026-09-03,Gin,10.00"), "purchases")
    report = await run(write(tmp_path / "oct.csv", head, "1,a@x.example,2026-10-03,Rye,40.00"), "purchases")
    assert (report.orders, report.notes) == ({"updated": 1}, {"orders_moved": 1})
    assert "1 known order of an earlier day" in note_words(report.notes)
    later = await run(write(tmp_path / "again.csv", head, "1,a@x.example,2026-10-03,Rye,41.00"), "purchases")
    assert (later.orders, later.notes) == ({"updated": 1}, {})


@pytest.mark.parametrize(
    ("head", "cells", "paid"),
    [
        ("Receipt,Opened,Guest Email,Item,Amount", "1,10/01/26 6:14 PM,a@x.example,Gin,10.00", "10.00"),
        ("order,date,email,item,gross,discount,net", "1,2026-10-01,a@x.example,Gin,40.00,4.00,36.00", "36.00"),
        ("order,date,email,item,gst,total incl gst", "1,2026-10-01,a@x.example,Gin,1.00,11.00", "10.00"),
    ],
)
async def test_columns_by_other_names(database: str, tmp_path: Path, head: str, cells: str, paid: str) -> None:
    await people(tmp_path)
    await run(write(tmp_path / "sales.csv", head, cells), "purchases")
    assert await orders() == {"1": paid}


@pytest.mark.parametrize(
    ("head", "rows", "paid"),
    [
        (
            "Date,Order,Email,Gross Sales,Discounts,Returns",
            GROSS_NOTHING,
            "-10.00",
        ),
        ("Date,Order,Email,Total,Refunds", ("T1,a@x.example,50.00,0", "T2,a@x.example,0.00,10.00"), "-10.00"),
        (
            "Date,Order,Email,Gross Sales,Discounts,Returns",
            GROSS_MORE,
            "-10.00",
        ),
        ("Date,Order,Email,Total,Refunds", ("T1,a@x.example,50.00,0", "T2,a@x.example,20.00,30.00"), "0.00"),
    ],
)
async def test_a_row_of_nothing_sold_gives_back(
    database: str, tmp_path: Path, head: str, rows: tuple[str, ...], paid: str
) -> None:
    """Before, nothing came back of a row without a sale of its own. Of a total, which held tax, no more than it."""
    await people(tmp_path)
    await run(write(tmp_path / "s.csv", head, *(f"2026-10-01,{one}" for one in rows)), "purchases")
    assert await orders() == {"T1": "50.00", "T2": paid}


@pytest.mark.parametrize("rows", [("Sale", "Void"), ("Void", "Sale")])
async def test_a_void_without_a_sign_takes_its_sale_back(database: str, tmp_path: Path, rows: tuple[str, ...]) -> None:
    await people(tmp_path)
    head = "order id,email,date,type,item,qty,price"
    told = [f"1,a@x.example,2026-10-01,{kind},Gin,3,10.00" for kind in rows]
    other = ["2,b@x.example,2026-10-01,Sale,Rye,1,5.00", "3,b@x.example,2026-10-01,Void,Ale,1,7.00"]
    await run(write(tmp_path / "s.csv", head, *told, *other), "purchases")
    assert await orders() == {"1": "0.00", "2": "5.00"}, "and what was never sold is nothing"


async def test_rows_of_whole_orders_are_no_lines_of_other_sums(database: str, tmp_path: Path) -> None:
    rows = (
        "2026-10-03 18:14:30,1,Sale,Y-1,Y,,3,30.00,1.80,0,0,31.80,31.80,,R1,s,CLOSED,",
        "2026-10-03 18:14:30,1,Sale Line,Y-1,Y,,1,10.00,0.60,0,0,10.60,,Gin,R1,s,CLOSED,G",
        "2026-10-03 18:14:30,1,Sale Line,Y-1,Y,,2,20.00,1.20,0,0,21.20,,Ale,R1,s,CLOSED,A",
        "2026-10-03 18:14:30,1,Payment,Y-1,Y,,1,0,0,0,0,31.80,31.80,Cash,R1,s,CLOSED,",
    )  # fmt: skip
    told = await totals(write(tmp_path / "sales.csv", LIGHTSPEED_X, *rows))
    assert (told.money, told.left_out) == (Decimal("31.80"), Decimal("0.00"))


async def test_a_number_that_begins_anew_within_a_file_is_told(database: str, tmp_path: Path) -> None:
    """One order of a number, the sum right: that it may be several, somebody has to be told."""
    await people(tmp_path)
    head = "Receipt,Email,Date,Item,Amount"
    rows = (
        "1,a@x.example,2026-09-03,Gin,10.00",
        "1,a@x.example,2026-10-03,Rye,40.00",
        "2,a@x.example,2026-10-03,Ale,1.00",
    )
    report = await run(write(tmp_path / "year.csv", head, *rows), "purchases")
    assert (report.orders, report.notes) == ({"created": 2}, {"orders_of_several_days": 1})
    assert "1 order number was sold on several days" in note_words(report.notes)
    again = await run(write(tmp_path / "again.csv", head, *reversed(rows)), "purchases")
    assert (again.orders, again.notes) == ({"unchanged": 2}, {})


async def test_an_order_cut_over_two_files_is_told(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = "Receipt,Email,Date,Item,Amount"
    await run(write(tmp_path / "one.csv", head, "1,a@x.example,2026-09-03,Gin,10.00"), "purchases")
    report = await run(write(tmp_path / "two.csv", head, "1,a@x.example,2026-09-03,Rye,40.00"), "purchases")
    assert (report.orders, report.notes) == ({"updated": 1}, {"orders_replaced": 1})
    assert "1 known order held other things before" in note_words(report.notes)
    mended = await run(
        write(tmp_path / "both.csv", head, "1,a@x.example,2026-09-03,Gin,10.00", "1,a@x.example,2026-09-03,Rye,41.00"),
        "purchases",
    )
    assert (mended.orders, mended.notes) == ({"updated": 1}, {}), "a correction that keeps a line is one"

"""What of a file's sums is revenue: goods alone, less what was given back, whatever the columns are called."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.amounts import head_currency
from liquor_app.imports.cleaning.column_mapping import check_mapping, guess_mapping
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.line_rows import Line, LineReader
from liquor_app.imports.cleaning.orders.discount_columns import percentages
from liquor_app.imports.cleaning.orders.money_names import beside
from liquor_app.imports.cleaning.orders.order_shape import check_rows
from liquor_app.imports.dry_run import try_file
from liquor_app.imports.readers.row_reader import Record
from liquor_app.screens.imports.wizard.trial_view import money_words
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def lines(head: str, *rows: str) -> list[Line]:
    """A file of purchases as it is read: guessed, checked, understood."""
    columns, *cells = list(csv.reader([f"Order Number,Email,Date,{head}", *rows]))
    sample = [Record(number, row) for number, row in enumerate(cells, start=2)]
    at = check_mapping(None, columns, "purchases", sample=sample)
    check_rows(columns, at, sample)
    read = LineReader(
        at, Setting(ZoneInfo("America/New_York"), NOW, shares=percentages(at, columns), columns=tuple(columns))
    )
    return [read(one.number, one.cells) for one in sample]


def sums(head: str, *rows: str) -> list[str]:
    told = [f"{number},a@x.example,2026-10-01 10:00,{row}" for number, row in enumerate(rows, start=1)]
    return [str(line.amount) for line in lines(head, *told)]


@pytest.mark.parametrize(
    ("head", "rows", "revenue"),
    [
        ("Subtotal,Tax,Tip,Shipping,Total", ["40.00,2.50,5.00,7.00,54.50", "10.00,0.60,0,0,10.60"], ["40.00", "10.00"]),
        ("Item,Qty,Unit Price,Tax,Total", ["Gin,2,20.00,2.50,42.50", "Rum,1,10.00,.60,10.60"], ["40.00", "10.00"]),
        ("Item,Qty,Price,Discount,Sales Tax,Total", ["Gin,2,20.00,4.00,2.25,38.25"], ["36.00"]),
        ("Total,Tax", ["42.50,2.50", "-42.50,-2.50", "-42.50,2.50", "10.00,"], ["40.00", "-40.00", "-40.00", "10.00"]),
        ("Order Total,Tax,Gratuity,Delivery Fee,Service Charge", ["54.50,2.50,5.00,4.00,3.00"], ["40.00"]),
        ("Total Amount,State Tax,Local Tax,Tips", ["45.50,2.00,0.50,3.00"], ["40.00"]),
        ("Grand Total,VAT,Shipping Cost,Shipping City", ["47.50,2.50,5.00,Boston"], ["40.00"]),
        ("Net Total,Sales Tax,Grand Total", ["40.00,2.50,42.50"], ["40.00"]),
        ("Total,Net Total,Tax", ["42.50,40.00,2.50"], ["40.00"]),
        ("Net Sales,Tax,Tip,Total Collected", ["40.00,2.50,5.00,47.50"], ["40.00"]),
        ("Item,Qty,Line Total,Order Total", ["Gin,1,24.00,52.00"], ["24.00"]),
        ("Item,Qty,Line Total,Tax,Total", ["Gin,1,24.00,2.00,26.00"], ["24.00"]),
        ("Subtotal,Discount,Tax,Total", ["40.00,4.00,2.25,38.25", "10.00,0,0.60,10.60"], ["36.00", "10.00"]),
        ("Subtotal,Discount,Tax,Total", ["36.00,4.00,2.25,38.25", "10.00,0,0.60,10.60"], ["36.00", "10.00"]),
        ("Amount,Subtotal,Tax", ["42.50,40.00,2.50"], ["40.00"]),
        ("Item,Qty,Price,Amount,Tax", ["Gin,2,20.00,42.50,2.50"], ["40.00"]),
        ("Item,Qty,Price,Amount,Tax", ["Gin,2,20.00,40.00,2.50"], ["40.00"]),
        ("Amount,Tax,Total", ["40.00,2.50,42.50"], ["40.00"]),
        ("Total,Tax Rate,Tax Exempt", ["40.00,6.25,0"], ["40.00"]),
        ("Subtotal,Total", ["40.00,42.50"], ["40.00"]),
        ("Discount,Subtotal,Total", ["4.00,40.00,36.00"], ["36.00"]),
        ("Total", ["42.50"], ["42.50"]),
        # what is on top of a total is not in it: another sum comes to both
        ("Order Total,Tax,Tip,Payments Total", ["42.50,2.50,5.00,47.50", "10.60,0.60,0,10.60"], ["40.00", "10.00"]),
        ("Order Total,Tax,Tip,Payments Total", ["47.50,2.50,5.00,47.50", "10.60,0.60,0,10.60"], ["40.00", "10.00"]),
        ("Total,Tax,Gratuity,Charged to card", ["42.50,2.50,5.00,47.50", *["10.60,0.60,0,10.60"] * 20],
         ["40.00", *["10.00"] * 20]),
        ("Total,Tax,Delivery Fee,Tip,Collected", ["42.50,2.50,4.00,5.00,51.50", "10.60,0.60,0,0,0"],
         ["40.00", "10.00"]),
    ],
)  # fmt: skip
def test_tax_tips_and_shipping_are_no_revenue(head: str, rows: list[str], revenue: list[str]) -> None:
    """“Total” beat “Subtotal”: 54.50 was counted for goods of 40.00."""
    assert sums(head, *rows) == revenue


@pytest.mark.parametrize(
    ("head", "rows", "revenue"),
    [
        ("Gross Sales,Item Discount,Order Discount", ["100.00,10.00,30.00"], ["60.00"]),
        ("Gross Sales,Discount,Coupon Discount", ["100.00,10.00,5.00"], ["85.00"]),
        ("Gross Sales,Coupon Discount", ["100.00,5.00"], ["95.00"]),
        ("Gross Sales,Line Discount,Total Discount", ["100.00,10.00,15.00"], ["85.00"]),
        ("Gross Sales,Line Discount,Order Discount,Coupon Discount", ["100.00,10.00,15.00,5.00"], ["70.00"]),
        ("Gross Sales,Line Disc,Order Discount,Loyalty Discount,Coupon Discount", ["100.00,10.00,15.00,2.00,5.00"],
         ["68.00"]),
        ("Gross Amount,Discount", ["100.00,10.00"], ["90.00"]),
        ("Gross Amount,Discount,Net Amount", ["100.00,10.00,90.00"], ["90.00"]),
        ("Gross Amount,VAT,Net Amount", ["110.00,10.00,100.00"], ["100.00"]),
        ("Gross Amount,VAT", ["110.00,10.00"], ["100.00"]),
        ("Gross Price,Discount Amount", ["100.00,10.00"], ["90.00"]),
        ("Qty,Gross Price,Discount Amount", ["2,50.00,10.00"], ["90.00"]),
        ("Gross Total,Discount", ["100.00,10.00"], ["90.00"]),
        ("Gross,Discount", ["100.00,10.00"], ["90.00"]),
        ("Gross Value,Discount,Net Value", ["100.00,10.00,90.00"], ["90.00"]),
        ("Gross,Discount,Net", ["100.00,10.00,90.00"], ["90.00"]),
        ("Subtotal,Coupon Discount,Total", ["40.00,4.00,36.00"], ["36.00"]),
        ("Subtotal,Coupon Discount,Tax,Total", ["40.00,4.00,2.25,38.25"], ["36.00"]),
        ("Subtotal,Discount,Coupon Discount,Tax,Total", ["40.00,4.00,2.00,2.25,36.25", "10.00,0,0,1,11.00"],
         ["34.00", "10.00"]),
        ("Qty,Unit Price,Item Discount,Order Discount", ["2,50.00,10.00,5.00"], ["85.00"]),
        ("Qty,Unit Price,Discount,Coupon", ["2,50.00,10.00,5.00"], ["85.00"]),
        ("Amount Before Discount,Discount", ["100.00,10.00"], ["90.00"]),
        ("Subtotal Before Discount,Discount", ["100.00,10.00"], ["90.00"]),
        ("Total Before Discount,Discount,Total After Discount", ["100.00,10.00,90.00"], ["90.00"]),
        ("Gross Sales,Discounts,Refunds,Net Sales", ["100.00,10.00,5.00,85.00"], ["85.00"]),
        ("Gross Sales,Discounts,Comps", ["100.00,10.00,5.00"], ["85.00"]),
        ("Gross Sales,Discounts,Net Sales,Tax,Total", ["100.00,-10.00,90.00,5,95"], ["90.00"]),
        ("Gross Sales,Promo,Loyalty Redeemed", ["100.00,10.00,5.00"], ["85.00"]),
        ("Item,Qty,Price,Ext Price,Disc,Net", ["a,2,50.00,100.00,10.00,90.00"], ["90.00"]),
        ("Item,Qty,Price,Ext Price,Disc Amt,Ext Net", ["a,2,50.00,100.00,10.00,90.00"], ["90.00"]),
        ("Sales,Discount", ["100.00,10.00"], ["100.00"]),
        ("Item,Qty,Price,Amount,Discount", ["a,2,50.00,100.00,10.00", "b,1,9.00,9.00,0"], ["90.00", "9.00"]),
        ("Item,Qty,Price,Amount,Discount", ["a,2,50.00,90.00,10.00", "b,1,9.00,9.00,0"], ["90.00", "9.00"]),
        ("Subtotal,Discount,Tax,Tip,Charged", ["40.00,4.00,2.00,6.00,44.00", *["9.00,0,0.50,0,9.50"] * 20],
         ["36.00", *["9.00"] * 20]),
        ("Subtotal,Discount,Tax,Tip,Charged", ["36.00,4.00,2.00,6.00,44.00", *["9.00,0,0.50,0,9.50"] * 20],
         ["36.00", *["9.00"] * 20]),
    ],
)  # fmt: skip
def test_what_was_taken_off_is_taken_off_once(head: str, rows: list[str], revenue: list[str]) -> None:
    """Of two columns of discounts beside gross sales the larger alone was; “Gross Amount” was counted as paid."""
    assert sums(head, *rows) == revenue


@pytest.mark.parametrize(
    "column",
    ["Amount Refunded", "Refunds", "Total Refunded", "Refund Total", "Returned Amount", "Amount Returned", "Returns",
     "Refund Amount", "Refunded Amount", "Return Total", "Refund Value", "Voids", "Void Amount", "Voided Amount",
     "Amount Voided", "Void Total"],
)  # fmt: skip
def test_what_was_given_back_is_taken_off(column: str) -> None:
    assert sums(f"Amount,{column}", "40.00,40.00", "40.00,15.00", "40.00,-15.00", "40.00,0.00", "40.00,") == [
        "0.00", "25.00", "25.00", "40.00", "40.00",
    ]  # fmt: skip
    assert sums(f"Subtotal,Tax,Total,{column}", "40.00,2.50,42.50,42.50") == ["0.00"], "with its tax, and no more"
    assert sums(f"Qty,Price,{column}", "2,20.00,20.00", "-1,20.00,20.00") == ["20.00", "-20.00"]


@pytest.mark.parametrize(
    ("column", "cell"),
    [("Is Returned", "Yes"), ("Returns", "1"), ("Return Date", "2026-10-05"), ("Refunded At", "2026-10-05"),
     ("Refund Reason", "broken"), ("Returned Qty", "1"), ("Was Refunded", "TRUE"), ("Chargeback", "Y"),
     ("Refunded By", "Sam"), ("Returned by", "Sam Poe")],
)  # fmt: skip
def test_what_says_only_that_it_came_back_is_refused_in_words(column: str, cell: str) -> None:
    with pytest.raises(Invalid, match=f"“{column}” says which rows count"):
        sums(f"Amount,{column}", "40.00,", f"30.00,{cell}")
    assert sums(f"Amount,{column}", "40.00,", "30.00,0", "20.00,No") == ["40.00", "30.00", "20.00"]


def test_a_refund_of_a_whole_order_on_its_lines_is_refused_in_words() -> None:
    head = "Item,Amount,Amount Refunded"
    for rows in (("Gin,24.00,34.00", "Rum,10.00,"), ("Gin,24.00,10.00", "Rum,10.00,10.00")):
        with pytest.raises(Invalid, match="“Amount Refunded” says what was given back of whole orders"):
            lines(head, *(f"7,a@x.example,2026-10-01,{row}" for row in rows))
    found = lines(head, *(f"7,a@x.example,2026-10-01,{row}" for row in ("Gin,24.00,24.00", "Rum,10.00,0")))
    assert [str(line.amount) for line in found] == ["0.00", "10.00"]


@pytest.mark.parametrize(
    ("head", "row", "left", "note"),
    [
        ("Subtotal,Tax,Total,Refunded Amount", "60.00,3.00,63.00,21.00", "40.00", "refund_with_tax"),
        ("Total,Tax,Shipping,Refunds", "70.00,3.00,7.00,21.00", "40.00", "refund_with_tax"),
        ("Qty,Price,Total tax,Total,Refunded amount,Net amount", "3,20.00,3.00,63.00,21.00,42.00", "40.00",
         "refund_with_tax"),
        ("Qty,Price,Order Tax,Order Total,Refunded amount", "1,20.00,3.00,63.00,10.50", "10.00", "refund_with_tax"),
        ("Subtotal,Tax,Tip,Order Total,Payments,Refunds Total", "60.00,3.00,9.00,63.00,72.00,31.50", "30.00",
         "refund_with_tax"),
        ("Subtotal,State Tax,Local Tax,Total Tax,Total,Refunds", "60.00,2.00,1.00,3.00,63.00,21.00", "40.00",
         "refund_with_tax"),
        ("Subtotal,Tax,Total,Refunded Amount", "60.00,3.00,63.00,63.00", "0.00", ""),
        ("Subtotal,Tax,Total,Refunded Amount", "60.00,3.00,63.00,60.00", "0.00", ""),  # the goods, without their tax
        ("Subtotal,Tax,Total,Refunded Amount", "60.00,0.00,60.00,20.00", "40.00", ""),
        ("Subtotal,Refunds,Tax,Total", "60.00,-20.00,3.00,43.00", "40.00", ""),  # off the total, as the goods are
        ("Subtotal,Tax,Total,Refunded Subtotal,Refunded Tax", "60.00,3.00,63.00,20.00,1.00", "40.00", ""),
        ("Qty,Price,Tax,Refunded Amount", "3,20.00,3.00,21.00", "39.00", "refund_may_hold_tax"),
        ("Qty,Price,Tax,Total,Refunded Amount", "1,20.00,40.00,60.00,10.00", "10.00", "refund_may_hold_tax"),
    ],
)  # fmt: skip
def test_of_a_refund_with_tax_the_share_of_the_goods_is_taken_off(head: str, row: str, left: str, note: str) -> None:
    """All of it was: half of $42.50 came off $40.00 as $21.25."""
    (line,) = lines(head, f"1,a@x.example,2026-10-01 10:00,{row}")
    assert (str(line.amount), line.notes) == (left, (note,) if note else ())


async def test_a_refusal_of_refunds_that_are_mapped_to_nothing_names_the_mapping(database: str, tmp_path: Path) -> None:
    """It told people to take the column out of the file, and what came back was counted."""
    await run(write(tmp_path / "people.csv", "email,name", "a@x.example,Ann"))
    rows = "1,a@x.example,2026-10-03,60.00,20.00", "2,a@x.example,2026-10-04,9.00,0.00"
    path = write(tmp_path / "sales.csv", "order id,email,date,amount,Amount Refunded", *rows)
    mapping = {"order_id": "order id", "email": "email", "occurred_at": "date", "amount": "amount"}
    with pytest.raises(Invalid, match="map refunded to “Amount Refunded”") as refused:
        await run(path, "purchases", mapping=mapping)
    assert "out of the file" not in refused.value.message
    await run(path, "purchases", mapping=mapping | {"refunded": "Amount Refunded"})
    assert [str(one.total) for one in await many("SELECT total FROM purchases ORDER BY 1")] == ["9.00", "40.00"]


def test_columns_about_something_else_are_left_alone() -> None:
    head = "Amount,Return Customer,Returning,Return Policy,Return By"
    assert sums(head, "40.00,yes,yes,30 days,2026-11-01") == ["40.00"]


@pytest.mark.parametrize(
    ("column", "cell"),
    [(one, "10") for one in (
        "% Discount", "% Off", "Line Discount %", "Item Discount (%)", "Markdown %", "Discount (%)", "Disc%",
        "Percent Off", "Total Discount %", "Pct Off",
    )] + [(one, "4.00") for one in (
        "Total Discount", "Discount Total", "Promo Discount", "Markdown", "Item Discount", "Order Discount", "Disc.",
        "Total Discounts", "Discount Value", "Amount Off", "Total Savings",
    )],
)  # fmt: skip
def test_discounts_by_any_name(column: str, cell: str) -> None:
    (line,) = lines(f"Item,Qty,Price,{column}", f"1,a@x.example,2026-10-01,Gin,2,20.00,{cell}")
    assert (line.amount, line.discount) == (Decimal("36.00"), Decimal("4.00"))


async def test_the_preview_says_what_was_taken(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "email,name", "a@x.example,Ann"))
    head, row = "Order Number,Email,Date", "a@x.example,2026-10-01"
    for name, file, words, total in (
        ("1", [f"{head},Subtotal,Tax,Total", f"1,{row},40.00,2.50,42.50"], "“Subtotal”", "40.00"),
        ("2", [f"{head},Total,Tax,Tip", f"2,{row},47.50,2.50,5.00"], "“Total” − “Tax” − “Tip”", "40.00"),
        ("3", [f"{head},Qty,Unit Price,Tax,Total", f"3,{row},2,20.00,2.50,42.50"], "“Unit Price” × “Qty”", "40.00"),
        ("4", [f"{head},Amount,Amount Refunded", f"4,{row},40,15.00"], "“Amount” − “Amount Refunded”", "25.00"),
    ):  # fmt: skip
        path = write(tmp_path / f"{name}.csv", *file)
        async with transaction() as session:
            trial: Any = await try_file(session, SYSTEM, kind="purchases", path=path)
        assert f"Revenue is taken from {words}. " in money_words(trial, "purchases")
        await run(path, "purchases")
        (kept,) = await many(f"SELECT total FROM purchases WHERE external_id = '{name}'")
        assert kept.total == Decimal(total) == trial.totals.money_made


def test_a_total_with_its_tax_is_no_tax() -> None:
    """Before: it was taken off an amount that was nowhere, and $10.60 came to 60 cents given back."""
    for total in ("Total incl. tax", "Total with tax"):
        mapping = guess_mapping(["Receipt", "Date", "Email", total, "Tax"], "purchases")
        assert (mapping["amount"], mapping["tax"]) == (total, "Tax")
        assert "other_tax" not in mapping
    assert [beside(one) for one in ("Total inc. VAT", "Price ex tax", "Sales Tax", "Delivery fee")] == [
        None, None, "tax", "shipping",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "currency"),
    [("Amount (EUR)", "EUR"), ("Total £", "GBP"), ("Total CA$", "CAD"), ("Amount USD", "USD"), ("Total ($)", "$"),
     ("Amount", ""), ("TOTAL ALL", ""), ("MOP Amount", ""), ("Top up", ""), ("SKU PRICE", ""), ("Price EUR/USD", "")],
)  # fmt: skip
def test_what_a_columns_name_says_of_its_currency(column: str, currency: str) -> None:
    assert head_currency(column) == currency


async def test_euros_by_the_name_of_their_column_are_not_added_as_dollars(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "email,name", "a@eur.example,Ann"))
    for head, created in (("Amount (EUR)", 0), ("Unit Price €", 0), ("Amount USD", 1)):
        file = write(tmp_path / "orders.csv", f"order id,email,date,{head}", "1,a@eur.example,2026-10-03,24.00")
        report = await run(file, kind="purchases")
        assert (report.created, report.reasons) == (created, {} if created else {"foreign_currency": 1})
    goods = write(tmp_path / "goods.csv", "sku,name,Price (EUR)", "A,Merlot,12")
    mapping = {"sku": "sku", "name": "name", "price": "Price (EUR)"}
    assert (await run(goods, kind="products", mapping=mapping)).reasons == {"foreign_currency": 1}


def test_two_sums_of_what_came_back_are_refused_in_words() -> None:
    with pytest.raises(Invalid, match="“Voids” says which rows count"):
        sums("Amount,Refunds,Voids", "50.00,0.00,50.00")
    assert sums("Amount,Refunds,Voids", "50.00,10.00,0.00") == ["40.00"]

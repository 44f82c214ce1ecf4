"""Words of tills for rows that gave money back, for what came back, and for who is not to be written to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.answers.refusals import clean_refusal, refusal_field
from liquor_app.imports.cleaning.answers.remarks import chosen_noes
from liquor_app.imports.cleaning.orders.status_words import Says, said_by
from liquor_app.imports.cleaning.products.product_cells import is_gone
from liquor_app.imports.readers.delimited import find_header
from tests.imports.test_import_cases import NEW_YORK, many, run, write
from tests.imports.test_left_out_asked import sales, tried
from tests.imports.test_reversed_orders import orders, people

BACK = {"1": "80.00", "2": "-30.00", "3": "5.00", "4": "9.00"}


@pytest.mark.integration
@pytest.mark.parametrize(("column", "sold", "back"), [
    ("Transaction", "Purchase", "Credit"), ("Transaction", "Charge", "Reversal"), ("Transaction", "Sale", "Refund"),
    ("Transaction Type", "Purchase", "Credit"), ("Transaction Type", "Charge", "Reversal"), ("Doc", "INV", "CRN"),
    ("Activity", "Purchase", "Refund"), ("Tx", "Charge", "Refund"), ("Trans Type", "SA", "RE"), ("DR/CR", "DR", "CR"),
    ("+/-", "+", "-"), ("Sign", "+", "-"), ("Neg", "", "*"), ("Negative", "N", "Y"), ("Sale/Return", "S", "R"),
    ("Type", "Order", "Refund"), ("Category", "Sale", "Return"),
    ("what", "Sale", "Return"), ("Doc", "Invoice", "Credit Memo"),
])  # fmt: skip
async def test_rows_that_gave_money_back_are_below_zero(
    database: str, tmp_path: Path, column: str, sold: str, back: str
) -> None:
    """Before, most of them were counted as sales without a word."""
    await people(tmp_path)
    file = sales(tmp_path, f"{column},Total", f"{sold},80.00", f"{back},30.00", f"{sold},5.00", f"{sold},9.00")
    report = await run(file, "purchases")
    assert (await orders(), report.doubts) == (BACK, [])


@pytest.mark.integration
async def test_credits_as_many_as_debits_are_asked_about(database: str, tmp_path: Path) -> None:
    """A bank's book calls what came in a credit."""
    await people(tmp_path)
    file = sales(tmp_path, "DR/CR,Total", "CR,80.00", "DR,30.00", "CR,5.00", "CR,9.00")
    assert [one.column for one in (await tried(file)).asked] == ["DR/CR"]


@pytest.mark.parametrize(("cell", "says"), [
    ("Voided - manager", Says.VOIDED), ("Cancelled: no ID", Says.VOIDED), ("Refund issued", Says.REFUNDED),
    ("Refunded - card", Says.REFUNDED), ("Paid - soon", None), ("manager - voided", None),
])  # fmt: skip
def test_words_with_a_remark(cell: str, says: Says | None) -> None:
    assert said_by(cell) is says


@pytest.mark.integration
async def test_one_unknown_word_costs_its_own_rows(database: str, tmp_path: Path) -> None:
    """Before, the file was refused."""
    await people(tmp_path)
    report = await run(sales(tmp_path, "Status,Total", "Paid,80.00", "Zorp,30.00", "Paid,5.00"), "purchases")
    assert (report.reasons, await orders()) == ({"unknown_status": 1}, {"1": "80.00", "3": "5.00"})
    with pytest.raises(Invalid, match="nobody can tell"):
        await run(sales(tmp_path, "Status,Total", "Paid,80.00", "Zorp,30.00", "Zarp,5.00"), "purchases")


@pytest.mark.integration
@pytest.mark.parametrize("column", [
    "Credited", "Credit Issued", "Store Credit Issued", "Disputed Amount", "Ref. Amt", "Gutschrift", "Amount Credited",
])  # fmt: skip
async def test_what_came_back_in_other_words(database: str, tmp_path: Path, column: str) -> None:
    await people(tmp_path)
    await run(sales(tmp_path, f"Total,{column}", "80.00,30.00", "9.00,0.00", "5.00,0.00"), "purchases")
    assert await orders() == {"1": "50.00", "2": "9.00", "3": "5.00"}


@pytest.mark.integration
@pytest.mark.parametrize("column", ["Adjusted Total", "Net After Refunds", "Final Total", "Total After Returns"])
async def test_a_sum_after_what_came_back_stands(database: str, tmp_path: Path, column: str) -> None:
    await people(tmp_path)
    report = await run(sales(tmp_path, f"Total,{column}", "80.00,50.00", "9.00,9.00", "5.00,5.00"), "purchases")
    assert (await orders(), report.doubts) == ({"1": "50.00", "2": "9.00", "3": "5.00"}, [])


@pytest.mark.integration
async def test_a_final_total_above_the_total_is_none(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await run(sales(tmp_path, "Total,Final Total", "80.00,86.00", "9.00,9.72"), "purchases")
    assert await orders() == {"1": "80.00", "2": "9.00"}


@pytest.mark.integration
async def test_refunds_in_two_ways_add_up(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    columns = "Total,Refund Amount,Store Credit Refund"
    await run(sales(tmp_path, columns, "80.00,10.00,5.00", "9.00,0.00,0.00"), "purchases")
    assert await orders() == {"1": "65.00", "2": "9.00"}
    again = sales(tmp_path, columns, "80.00,10.00,10.00", "9.00,0.00,0.00")
    await run(again, "purchases", policy="overwrite")
    assert (await orders())["1"] == "70.00", "the same sum twice is said twice, and given back once"


@pytest.mark.integration
async def test_any_number_of_sums_beside_the_goods(database: str, tmp_path: Path) -> None:
    """Before, the sixth was left in what was paid for goods."""
    await people(tmp_path)
    beside = "Tax,Tip,Delivery Fee,Service Fee,Bag Fee,Bottle Deposit"
    columns = f"Subtotal,Discount,{beside},Total"
    rows = ("50.00,5.00,4.00,10.00,6.00,2.00,0.10,0.60,67.70", "20.00,0.00,1.60,0.00,0.00,0.00,0.00,0.00,21.60")
    found = await tried(file := sales(tmp_path, columns, *rows))
    assert found.totals.taken.count(" − ") == len(beside.split(","))
    await run(file, "purchases")
    assert (await orders(), found.asked) == ({"1": "45.00", "2": "20.00"}, ())


@pytest.mark.integration
async def test_a_price_with_tax_is_taken_without_it(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    rows = ("Rye,2,10.80,8%", "Gin,1,21.60,8%", "Ale,1,5.00,")
    found = await tried(file := sales(tmp_path, "Item,Qty,Price (tax incl.),Tax Rate", *rows))
    assert found.totals.taken == "“Price (tax incl.)” × “Qty” − the tax of “Tax Rate”"
    await run(file, "purchases")
    assert await orders() == {"1": "20.00", "2": "20.00", "3": "5.00"}


@pytest.mark.integration
async def test_a_refusal_names_the_sheet_that_fits(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    book = openpyxl.Workbook()
    book.active.title = "Summary"
    for row in (["Month", "Orders", "Total"], ["March", 1, 30.0]):
        book.active.append(row)
    sheet = book.create_sheet("Orders")
    for row in (["Order ID", "Date", "Email", "Total"], ["1", "2026-03-01", "a@x.example", 30.0]):
        sheet.append(row)
    book.save(path := tmp_path / "book.xlsx")
    with pytest.raises(Invalid, match="the sheet “Summary”; “Orders” fits"):
        await run(path, "purchases")
    await run(path, "purchases", options={"sheet": "Orders"})
    assert await orders() == {"1": "30.00"}


def test_what_a_report_says_of_itself_in_pairs_is_no_header() -> None:
    lines = [
        "Store,Main,Phone,512-347-0000", "Date,2025-03-31,Total,$35.00", "Order ID,Date,Email,Total",
        "1,03/01/2025,a@q.example,$10.00", "2,03/13/2025,b@q.example,$25.00",
    ]  # fmt: skip
    assert find_header(lines) == (2, ",")
    nameless = ["Ann,512-347-0000,Bath,a@q.example", "Bo,512-347-0001,Bath,b@q.example"]
    assert find_header(nameless) == (0, ",")


@pytest.mark.integration
@pytest.mark.parametrize(("column", "cell", "wanted"), [
    ("Marketing Preferences", "None", ("withdrawn", "withdrawn")),
    ("Marketing Preferences", "Nothing please", ("withdrawn", "withdrawn")),
    ("Marketing Preferences", "SMS only", ("withdrawn", "given")),
    ("Marketing Preferences", "Email only", ("given", "withdrawn")),
    ("Mkt Block", "X", ("withdrawn", "withdrawn")), ("Cancelado", "Sí", ("withdrawn", "withdrawn")),
    ("Contactable", "N", ("withdrawn", "withdrawn")), ("Status", "Opted Out", ("withdrawn", "withdrawn")),
    ("Status", "Stop", ("withdrawn", "withdrawn")), ("No Texts", "☐", ("given", "given")),
    ("Refus SMS", "Non", ("given", "given")), ("Refus SMS", "Oui", ("given", "withdrawn")),
])  # fmt: skip
async def test_noes_are_taken(database: str, tmp_path: Path, column: str, cell: str, wanted: tuple[str, str]) -> None:
    head = f"id,email,phone,Email Opt In,SMS Opt In,Opt In Date,Opt In Source,{column}"
    row = f"1,a@x.example,512-347-0411,Yes,Yes,2026-01-01,till,{cell}"
    await run(write(tmp_path / "people.csv", head, row))
    [person] = await many("SELECT email_consent, sms_consent FROM customers")
    assert (person.email_consent, person.sms_consent) == wanted


@pytest.mark.integration
async def test_a_no_in_french(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "email,Abonné", "a@x.example,Non", "b@x.example,Oui"))
    found = await many("SELECT email_consent FROM customers ORDER BY email")
    assert [row.email_consent for row in found] == ["withdrawn", None]


def test_choices_of_one_way() -> None:
    both = ("email", "sms")
    assert chosen_noes("phone only", both) == both
    assert chosen_noes("No preference", both) == chosen_noes("None selected", both) == ()


def test_refusals_in_other_words() -> None:
    assert (refusal_field("Refus SMS"), refusal_field("Mkt Block")) == ("sms_opt_out", "opt_out")
    assert [clean_refusal(one, NEW_YORK, datetime.now(UTC)) for one in ("Non", "Nein", "☐")] == [None] * 3


@pytest.mark.parametrize(("column", "cell", "gone"), [
    ("Active", "No", True), ("Active", "Yes", False), ("Active", "Discontinued", True), ("Active", "", False),
    ("Discontinued", "Yes", True), ("Discontinued", "No", False), ("Product Status", "archived", True),
    ("Product Status", "active", False), ("Enabled", "0", True),
])  # fmt: skip
def test_what_is_sold_no_more(column: str, cell: str, gone: bool) -> None:
    assert is_gone(cell, column) is gone


@pytest.mark.integration
async def test_what_is_sold_no_more_is_not_offered(database: str, tmp_path: Path) -> None:
    rows = ("A,Rye,20.00,,5,Yes", "B,Gin,30.00,35.00,2,No", "C,Rum,9.00,8.00,1,Discontinued")
    report = await run(write(tmp_path / "stock.csv", "SKU,Name,Price,Promo Price,Qty,Active", *rows), "products")
    assert report.notes == {"no_longer_sold": 2, "sale_price_above_price": 1}
    found = await many("SELECT sku, stock FROM products ORDER BY sku")
    assert [(row.sku, int(row.stock)) for row in found] == [("A", 5), ("B", 0), ("C", 0)]

"""Files as further tills and tools write them, each with the value it should come to. Before, each of them came to
another sum, or lost what it says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.cells import clean_word
from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.cleaning.dates import read_date
from liquor_app.imports.cleaning.orders.row_worth import by_many
from liquor_app.imports.profiles.known_tools import recognise
from liquor_app.imports.readers.formats import open_table
from liquor_app.imports.readers.row_reader import Record
from tests.imports.test_import import rows, run
from tests.imports.test_import_cases import write

ANN = "2026-10-03 18:14,ann@m.example"
SUMS = {
    # "Shipping rate" is what was paid for it: the total adds up with the discount taken off once
    "Wix": (
        "Item,Qty,Price,Shipping rate,Total tax,Discount,Total",
        ("1,@,Malbec,2,20.00,5,3.5,4,56.5", "1,@,Tonic,1,12.00,5,3.5,4,56.5"),
        {"1": "48.00"},
    ),
    "a discount and a total on each row, and a fee nobody knows": (
        "Item,Qty,Price,Insurance,Discount,Total",
        ("1,@,Malbec,2,20.00,1.25,4.00,49.25", "1,@,Tonic,1,12.00,1.25,4.00,49.25"),
        {"1": "48.00"},
    ),
    "discounts of lines, alike by chance": (
        "Item,Qty,Price,Discount,Order Total",
        ("1,@,Malbec,2,20.00,2.00,48.00", "1,@,Tonic,1,12.00,2.00,48.00"),
        {"1": "48.00"},
    ),
    "an amount that is the price of one": (
        "Item,Qty,Amount,Total",
        ("1,@,Malbec,2,20.00,40.00", "1,@,Tonic,1,12.00,12.00"),
        {"1": "52.00"},
    ),
    "net and gross revenue": ("Gross Revenue,Net Revenue,Tax", ("1,@,50.00,45.00,2.81",), {"1": "45.00"}),
    "a discount as a line": (
        "Item,Qty,Price",
        ("1,@,Malbec,2,20.00", "1,@,Case discount,1,-4.00", "2,@,Gin,-1,-8.00"),
        {"1": "36.00", "2": "-8.00"},
    ),
    "Clover's payments": (
        "Payment ID,Tender,Result,Amount,Tax Amount,Tip Amount",
        ("1,@,P1,Credit,SUCCESS,42.50,2.50,5.00", "1,@,P0,Credit,FAIL,42.50,2.50,5.00"),
        {"1": "40.00"},
    ),
    "taken off each piece": (
        "Item,Qty,Price,Discount per unit",
        ("1,@,Malbec,2,24.00,2.00", "1,@,Rum,3,20.00,-1.00", "2,@,Malbec,-1,24.00,2.00"),
        {"1": "101.00", "2": "-22.00"},
    ),
    "kinds that are no sale": (
        "Type,Amount",
        ("1,@,Sale,10.00", "2,@,Layaway Deposit,20.00", "3,@,Account Payment,30.00", "4,@,Gift Card Sale,40.00"),
        {"1": "10.00"},
    ),
    "sums with and without tax": ("Amount Excl. Tax,Amount Incl. Tax", ("1,@,48.00,51.00",), {"1": "48.00"}),
    "returns in a row and a column of their own": (
        "Gross sales,Discounts,Returns,Net sales,Taxes,Total sales",
        (
            "1,@,50.00,-5.00,0.00,45.00,2.81,47.81",
            "1,@,0.00,0.00,-45.00,-45.00,-2.81,-47.81",
            "2,@,30.00,0.00,0.00,30.00,1.88,31.88",
        ),
        {"1": "0.00", "2": "30.00"},
    ),
    "Commerce7": (
        "SubTotal,Product Discount,Coupon Discount,Ship Total,Tax Total,Tip Total,Bottle Deposit Total,Total",
        ("1,@,50.00,0.00,5.00,6.00,2.81,4.00,0.60,58.41", "2,@,20.00,0.00,0.00,6.00,1.25,0.00,0.00,27.25"),
        {"1": "45.00", "2": "20.00"},
    ),
    "what was sold beside what it cost": (
        "Item,Qty,Cost,Retail,Total Cost,Total Retail",
        ("1,@,Malbec,2,10.00,20.00,20.00,40.00", "1,@,Tonic,1,6.00,12.00,6.00,12.00"),
        {"1": "52.00"},
    ),
}


@pytest.mark.parametrize("name", SUMS)
async def test_an_order_comes_to_what_was_paid_for_goods(database: str, tmp_path: Path, name: str) -> None:
    columns, lines, orders = SUMS[name]
    await run(write(tmp_path / "people.csv", "email,name", "ann@m.example,Ann"))
    head = f"Order ID,{'Payment Date' if 'Payment ID' in columns else 'Date'},Email,{columns}"
    report = await run(write(tmp_path / "sales.csv", head, *(one.replace("@", ANN) for one in lines)), "purchases")
    assert report.rejected == 0
    found = await rows("SELECT external_id, total FROM purchases")
    assert {one["external_id"]: one["total"] for one in found} == {key: Decimal(sum) for key, sum in orders.items()}


async def test_times_of_a_column_in_utc_are_no_times_of_the_store(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "email,name", "ann@m.example,Ann"))
    for number, (column, cell) in enumerate(
        (("Created date (UTC)", "2026-10-03 22:14:30"), ("Created_at_utc", "2026-10-03 22:14:30"),
         ("Date", "2026-10-03 18:14:30"), ("Date (UTC)", "2026-10-03 18:14:30 -0400"))
    ):  # fmt: skip
        file = write(
            tmp_path / f"{number}.csv", f"Order ID,{column},Email,Amount", f"{number},{cell},ann@m.example,9.00"
        )
        await run(file, "purchases")
    found = await rows("SELECT occurred_at, local_hour FROM purchases")
    assert {(one["occurred_at"], one["local_hour"]) for one in found} == {
        (datetime(2026, 10, 3, 22, 14, 30, tzinfo=UTC), 18)
    }
    assert len(found) == 4


@pytest.mark.parametrize(
    ("kind", "columns", "fields"),
    [
        (
            "customers",
            "CUST_NO,FST_NAM,LST_NAM,ZIP_COD,PHONE_1,EMAIL_ADRS_1",
            "external_id first_name last_name postal_code phone email",
        ),
        ("customers", "CUSTNUM,LNAME,FNAME,ST,HOMEPHONE", "external_id last_name first_name state phone"),
        ("customers", "Guest ID,Buyer First Name,Guest Last Name,Buyer Email",
         "external_id first_name last_name email"),
        ("customers", "System ID,Public Name,Phone - mobile", "external_id - phone"),
        ("customers", "email,_address_city,_address_region,_address_postcode,_address_telephone",
         "email city state postal_code phone"),
        ("purchases", "TRANSNO,TDATE,TTIME,CUSTNUM,EXTPRICE", "order_id occurred_at time_of_day external_id amount"),
        ("purchases", "Ticket #,Completed At,Customer Public ID,Net Sales", "order_id occurred_at external_id amount"),
        ("products", "SKU,Name,Online Sale Price,Regular price,Cost of goods", "sku name sale_price price cost"),
    ],
)  # fmt: skip
def test_what_further_tools_call_their_columns(kind: str, columns: str, fields: str) -> None:
    named = {column: field for field, column in guess_mapping(columns.split(","), kind).items()}
    assert [named.get(one, "-") for one in columns.split(",")] == fields.split()


def test_a_heading_says_more_than_its_name() -> None:
    columns = ["E-mail address (primary)", "First name*", "ZIP/Postal", "Birth (mm/dd/yyyy)"]
    assert list(guess_mapping(columns, "customers")) == ["email", "first_name", "postal_code", "date_of_birth"]
    assert (
        guess_mapping(["Order ID", "Order Submitted Date", "Email", "Total (inc tax)"], "purchases")["occurred_at"]
        == "Order Submitted Date"
    )


def test_given_names_beside_addresses_number_no_customers() -> None:
    columns = ["Receipt", "Date", "Customer", "Customer Email", "Amount"]
    named = _records(["1", "2026-10-03", "Ann", "ann@m.example", "9.00"])
    assert "customer" not in guess_mapping(columns, "purchases", None, named)
    numbered = _records(["1", "2026-10-03", "YANA-22AB", "ann@m.example", "9.00"])
    assert guess_mapping(columns, "purchases", None, numbered)["customer"] == "Customer"


@pytest.mark.parametrize("written", ["2026-W40", "2026W40"])
def test_a_week_is_no_day(written: str) -> None:
    assert read_date(written) is None
    assert read_date("2026-W40-3") == date(2026, 9, 30)


def test_what_a_workbook_shows_beside_a_number_is_read(tmp_path: Path) -> None:
    """A tenth shown as 10 % was ten cents off, and euros were dollars: only the number's format says so."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Discount", "Share", "Euros", "Pounds", "Dollars", "More dollars", "Plain", "Day"])
    sheet.append([0.1, 0.0625, 12.5, 3, 4, 5.25, 6, datetime(2026, 10, 3)])  # noqa: DTZ001
    formats = ("0%", "0.00%", "[$€-407] #,##0.00", "£#,##0", '"$"#,##0.00', "[$$-409]#,##0.00", '0.0"%"', "yyyy-mm-dd")
    for cell, shown_as in zip(sheet[2], formats, strict=True):
        cell.number_format = shown_as
    book.save(tmp_path / "a.xlsx")
    with open_table(tmp_path / "a.xlsx") as table:
        (row,) = list(table)
    assert row.cells == ["10%", "6.25%", "12.5 €", "3 £", "4", "5.25", "6", "2026-10-03"]


async def test_a_share_and_euros_of_a_workbook(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "email,name", "ann@m.example,Ann"))
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Order ID", "Date", "Email", "Item", "Qty", "Price", "Discount"])
    for order, price_format in ((1, "General"), (2, "#,##0.00 €")):
        sheet.append([order, datetime(2026, 10, 3), "ann@m.example", "Gin", 2, 24, 0.1])  # noqa: DTZ001
        sheet.cell(1 + order, 7).number_format = "0%"
        sheet.cell(1 + order, 6).number_format = price_format
    book.save(tmp_path / "sales.xlsx")
    report = await run(tmp_path / "sales.xlsx", "purchases")
    assert report.reasons == {"foreign_currency": 1}
    assert [one["total"] for one in await rows("SELECT total FROM purchases")] == [Decimal("43.20")]


def test_a_marketing_tools_own_number_is_no_customers() -> None:
    """It would stand against the till's own: the same person's next file of the till would be refused."""
    for column in ("uuid", "Record ID", "LEID", "Klaviyo ID"):
        assert "external_id" not in guess_mapping([column, "email"], "customers")


def test_an_item_of_digits_is_a_number_where_a_description_says_what_it_is() -> None:
    columns = ["Item", "UPC", "Description", "Current Quantity Main St", "Price"]
    found = guess_mapping(columns, "products", None, _records(["7", "", "Old Harbor", "12", "9.00"],
                                                             ["8", "", "Gin", "n/k", "9.00"],
                                                             ["9", "", "Rum", "3", "9.00"]))  # fmt: skip
    assert (found["sku"], found["name"], found["stock"]) == ("Item", "Description", "Current Quantity Main St")
    found = guess_mapping(columns, "products", None, _records(["Old Harbor", "", "Oaky", "12", "9.00"]))
    assert (found.get("sku"), found["name"]) == (None, "Item")


def _records(*cells: list[str]) -> list[Record]:
    return [Record(2 + at, one) for at, one in enumerate(cells)]


async def test_a_list_of_orders_is_none_of_products(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "o.csv", "Order ID,Date,Email,SKU,Item,Qty,Price,Total", f"1,{ANN},G1,Gin,2,24.00,48.00")
    with pytest.raises(Invalid, match="purchases, not products"):
        await run(file, "products")
    assert not await rows("SELECT 1 FROM products")


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?"])
def test_what_a_formula_leaves_is_blank(cell: str) -> None:
    assert clean_word(cell, "postal_code") is None


@pytest.mark.parametrize(
    ("price", "many", "worth"),
    [("8", "2", "16"), ("8", "-1", "-8"), ("-8", "-1", "-8"), ("-4", "1", "-4"), ("-4", None, "-4")],
)
def test_a_return_told_by_two_signs_is_one(price: str, many: str | None, worth: str) -> None:
    assert by_many(Decimal(price), None if many is None else Decimal(many)) == Decimal(worth)


def test_a_web_page_is_called_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "b.xls").write_text("<html><table><tr><th>Email</th></tr></table></html>")
    with pytest.raises(Invalid, match="web page"):
        open_table(tmp_path / "b.xls")


def test_clovers_payments_are_known() -> None:
    columns = ["Payment ID", "Order ID", "Payment Date", "Result", "Amount", "Tax Amount", "Tip Amount", "Tender"]
    found = recognise(columns, "purchases")
    assert found is not None
    assert found.key == "clover_payments"

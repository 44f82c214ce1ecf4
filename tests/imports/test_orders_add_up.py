"""Sums of lines, of whole orders, and of reports: each sale comes to what was paid for it, once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.orders.total_rows import sums_up
from liquor_app.screens.imports.wizard.trial_view import money_words
from tests.imports.test_file_totals import tried
from tests.imports.test_import_cases import many, run, write

pytestmark = pytest.mark.integration
PEOPLE = ("external_id,email,phone,name", "C1,ann@v.example,617-555-0142,Ann Lee",
          "C2,bo@v.example,617-555-0143,Bo Ray", "C3,cy@v.example,617-555-0146,Cy Dunn")  # fmt: skip
PRICES = (
    "Price Per Unit", "Unit Retail", "Unit Amount", "Each", "Selling Price", "Sell Price", "Sold Price", "Retail",
    "Retail Price", "Item Price", "Product Price", "Shelf Price", "Our Price", "Sale Price", "Actual Price",
    "Price Paid",
)  # fmt: skip
WOO = "Order Number,Order Date,Billing Email,Item Name,Quantity,Item Subtotal,Item Total"
ONE, TWO = "1,10/13/2026,ann@v.example", "2,10/14/2026,bo@v.example"


def case(head: str, rows: list[str], **orders: str) -> tuple[str, list[str], dict[str, str]]:
    return head, rows, {name.removeprefix("n"): total for name, total in orders.items()}


CASES = [
    *(
        case(f"Order ID,Date,Email,Item,Qty,{price}", [f"{ONE},Rye,2,20.00", f"{ONE},Gin,1,30.00", f"{TWO},Ale,1,9.00"],
             n1="70.00", n2="9.00")
        for price in PRICES
    ),
    case("Order ID,Date,Email,Item,Qty,Item Price,Cart Discount",
         [f"{ONE},Rye,2,20.00,5.00", f"{ONE},Gin,1,30.00,", f"{TWO},Ale,1,9.00,0.00"], n1="65.00", n2="9.00"),
    case("Order ID,Date,Email,Item,Qty,Line Total,Cart Discount",
         [f"{ONE},Rye,2,40.00,5.00", f"{ONE},Gin,1,30.00,", f"{TWO},Ale,1,9.00,0.00"], n1="65.00", n2="9.00"),
    case("Order ID,Date,Email,Item,Qty,Price,Order Discount",
         [f"{ONE},Rye,2,20.00,5.00", f"{ONE},Gin,1,30.00,5.00", f"{TWO},Ale,1,9.00,0.00"], n1="65.00", n2="9.00"),
    case("Order ID,Date,Email,Item,Qty,Item Price,Order Discount,Order Total",
         [f"{ONE},Rye,2,20.00,5.00,65.00", f"{ONE},Gin,1,30.00,5.00,65.00", f"{TWO},Ale,1,9.00,0.00,9.00"],
         n1="65.00", n2="9.00"),
    *(
        case(f"Order #,Order Date,Customer Email,Product,Qty,Line Total,{off},Order Tax,Order Total",
             [f"{ONE},Rye,2,40.00,7.00,3.94,66.94", f"{ONE},Gin,1,30.00,,3.94,66.94",
              f"{TWO},Ale,1,9.00,0.00,0.56,9.56"],
             n1="63.00", n2="9.00")
        for off in ("Order Discount", "Cart Discount", "Ticket Discount", "Discount Total", "Coupon Amount")
    ),
    case("Order #,Order Date,Customer Email,Product,Qty,Line Total,Order Subtotal,Order Discount,Order Tax,Order Total",
         [f"{ONE},Rye,2,40.00,70.00,7.00,3.94,66.94", f"{ONE},Gin,1,30.00,70.00,7.00,3.94,66.94",
          f"{TWO},Ale,1,9.00,9.00,0.00,0.56,9.56"], n1="63.00", n2="9.00"),
    case("Order #,Order Date,Customer Email,Product,Qty,Line Total,Order Discount",
         [f"{ONE},Rye,1,5.00,7.00", f"{ONE},Gin,1,30.00,7.00", f"{TWO},Ale,1,9.00,"], n1="28.00", n2="9.00"),
    case(WOO, [f"{ONE},Rye,2,40.00,36.00", f"{ONE},Gin,1,30.00,27.00", f"{TWO},Ale,1,9.00,9.00"],
         n1="63.00", n2="9.00"),
    case(f"{WOO},Coupon Code,Order Shipping,Order Tax,Order Total",
         [f"{ONE},Rye,2,40.00,36.00,TEN,6.00,3.94,72.94", f"{ONE},Gin,1,30.00,27.00,TEN,6.00,3.94,72.94",
          f"{TWO},Ale,1,9.00,9.00,,0.00,0.56,9.56"], n1="63.00", n2="9.00"),
    case("Order Number,Order Date,Billing Email,Item Name,Item Quantity,Item Subtotal,Item Total,Coupon Code,"
         "Cart Discount Amount,Order Shipping,Order Tax,Order Total",
         [f"{ONE},Rye,2,40.00,36.00,TEN,7.00,6.00,3.94,72.94", f"{ONE},Gin,1,30.00,27.00,TEN,7.00,6.00,3.94,72.94",
          f"{TWO},Ale,1,9.00,9.00,,0.00,0.00,0.56,9.56"], n1="63.00", n2="9.00"),
    case("Invoice No,Date,Customer ID,Item,Qty,Price,Discount,Tax,Line Total",
         ["1,10/13/2026,C1,Rye,2,20.00,4.00,2.25,38.25", "2,10/14/2026,C2,Ale,1,9.00,0.00,0.56,9.56"],
         n1="36.00", n2="9.00"),
    case("Order ID,Date,Email,Item,Qty,Item Price,Item Total",
         [f"{ONE},Rye,2,20.00,40.00", f"{ONE},Gin,1,30.00,30.00", f"{TWO},Ale,1,9.00,9.00"], n1="70.00", n2="9.00"),
    case("Receipt No,Date,Customer Email,Item,Qty,Regular Price,Sale Price,You Saved",
         [f"{ONE},Rye,2,20.00,18.00,4.00", f"{ONE},Gin,1,30.00,30.00,0.00", f"{TWO},Ale,1,9.00,9.00,0.00"],
         n1="66.00", n2="9.00"),
    case("Receipt,Date,Email,Sale Amount,Amount Tendered,Change Due", [f"{ONE},40.00,50.00,10.00"], n1="40.00"),
    case("Order,Date,Email,Order Total,Refund,Net Payment", [f"{ONE},50.00,20.00,30.00", f"{TWO},9.00,0.00,9.00"],
         n1="30.00", n2="9.00"),
    case("Order,Date,Email,Order Total,Refunded Amount,Net Total",
         [f"{ONE},50.00,20.00,30.00", f"{TWO},9.00,0.00,9.00"],
         n1="30.00", n2="9.00"),
    case("Order,Date,Email,Amount,Refunds,Amount After Refunds", [f"{ONE},50.00,20.00,30.00", f"{TWO},9.00,0.00,9.00"],
         n1="30.00", n2="9.00"),
    case("Order ID,Created At,Email,Subtotal,Tax,Total,Refunded Subtotal,Refunded Tax,Total Refunded",
         [f"{ONE},50.00,3.00,53.00,20.00,1.20,21.20", f"{TWO},9.00,0.54,9.54,0.00,0.00,0.00"], n1="30.00", n2="9.00"),
    case("Date,Receipt,Customer Email,Item,Qty,Amount",
         ["10/13/2026 10:00,1001,ann@v.example,Rye,2,40.00", ",,,Gin,1,30.00",
          "10/14/2026 11:00,1002,bo@v.example,Ale,1,9.00"], n1001="70.00", n1002="9.00"),
    case("Receipt,Date,Customer Email,Item,Qty,Amount",
         ["1001,10/13/2026,ann@v.example,Rye,2,40.00", "1001,10/13/2026,ann@v.example,Gin,1,30.00",
          "1001,,,Subtotal,,70.00", "1002,10/14/2026,bo@v.example,Ale,1,9.00", "1002,,,Subtotal,,9.00",
          ",,,Total,,79.00"], n1001="70.00", n1002="9.00"),
    case("Receipt,Date,Email,Item,Amount", [f"{ONE},Total Wine Gift Set,40.00"], n1="40.00"),
    *(
        case(f"Order ID,Date,Email,Item,Qty,{total}",
             [f"{ONE},Rye,2,$70.00", f"{other},Gin,1,{again}", f"{TWO},Ale,1,$9.00"], n1="70.00", n2="9.00")
        for total in ("Order Total", "Grand Total", "Receipt Total", "Invoice Total")
        for other in (ONE, "1,,") for again in ("", "$70.00")
    ),
    case("Order ID,Date,Email,Item,Qty,Order Tax,Order Total",
         [f"{ONE},Rye,2,3.94,73.94", f"{ONE},Gin,2,3.94,73.94", f"{TWO},Ale,1,0.00,9.00"], n1="70.00", n2="9.00"),
    *(  # an order's total on each of its rows, or on its first, whatever it is called: the lines' own prices count
        case(f"Order number,Date,Email,Item,Qty,Price,Total tax,{total}",
             [f"{ONE},Rye,2,20.00,4.00,74.00", f"{ONE},Gin,1,30.00,4.00,74.00", f"{TWO},Ale,1,9.00,0.50,9.50"],
             n1="70.00", n2="9.00")
        for total in ("Total", "Amount", "Amount Paid", "Net amount", "Revenue", "Value")
    ),
    case("Order number,Date,Email,Item,Qty,Price,Discount,Shipping,Taxes,Total",
         [f"{ONE},Rye,2,20.00,7.00,5.00,4.00,72.00", f"{ONE},Gin,1,30.00,,,,", f"{TWO},Ale,1,9.00,0.00,0.00,0.50,9.50"],
         n1="63.00", n2="9.00"),
    case("Order number,Date,Email,Item,Qty,Price,Tax,Total",  # of alike lines each has its own
         [f"{ONE},Rye,1,20.00,1.00,21.00", f"{ONE},Gin,1,20.00,1.00,21.00", f"{TWO},Ale,1,9.00,0.50,9.50"],
         n1="40.00", n2="9.00"),
    *(  # an order that was paid in two ways has two rows
        case(f"Receipt,Date,Email,{how},{sums}",
             [f"{ONE},{cash},20.00,1.00,21.00", f"{ONE},{card},20.00,1.00,21.00", f"{TWO},{all_},9.00,0.50,9.50"],
             n1="20.00", n2="9.00")
        for sums in ("Subtotal,Tax,Total", "Net Sales,Sales Tax,Grand Total")
        for how, cash, card, all_ in (("Tender,Tender Amount", "Cash,6.00", "Visa,15.00", "Visa,9.50"),
                                      ("Payment Method", "Cash", "Gift", "Cash"),
                                      ("Clerk,Amount Paid", "Sam,6.00", "Eve,15.00", "Sam,9.50"))
    ),
    case("Receipt,Date,Email,Tender,Subtotal",
         [f"{ONE},Cash,20.00", f"{ONE},Visa,25.00", f"{TWO},Visa,9.00"], n1="45.00", n2="9.00"),
    case("Receipt,Date,Email,Subtotal", [f"{ONE},20.00", f"{ONE},20.00", f"{TWO},9.00"], n1="40.00", n2="9.00"),
    case("Order ID,Date,Email,Sub Total,Discount Total,Tax Total,Final Total",
         [f"{ONE},60.00,6.00,3.00,57.00", f"{TWO},9.00,0.00,0.50,9.50"], n1="54.00", n2="9.00"),
    case("Order ID,Date,Email,Subtotal (ex tax),Tax Total,Shipping Cost (inc tax),Shipping Cost (ex tax),"
         "Coupon Discount,Order Total (inc tax),Order Total (ex tax)",
         [f"{ONE},60.00,3.60,5.30,5.00,6.00,62.90,59.00", f"{TWO},9.00,0.54,0.00,0.00,0.00,9.54,9.00"],
         n1="54.00", n2="9.00"),
    *(
        case(f"Invoice No,Date,CustomerAccountNumber,Item,Qty,{one}",
             ["1,10/13/2026,C1,Rye,2,40.00", "1,10/13/2026,C1,Gin,1,30.00", "2,10/14/2026,C2,Ale,1,9.00"],
             n1="70.00", n2="9.00")
        for one in ("Ext Retail", "Ext Sell", "Ext Net", "Net Amt", "Total Net", "Extended Retail")
    ),
    case("Invoice No,Date,Customer Account #,Item,Qty,Cost,PricePer",
         ["1,10/13/2026,C1,Rye,2,9.00,20.00", "2,10/14/2026,C2,Ale,1,4.00,9.00"], n1="40.00", n2="9.00"),
    case("Trans No,Date,Customer ID,Qty,Unit Retail,Ext Retail,Disc Amt",
         ["1,10/13/2026,C1,2,20.00,40.00,5.00", "2,10/14/2026,C2,1,9.00,9.00,0.00"], n1="35.00", n2="9.00"),
    case("Receipt,Date,Customer contacts,Net sales",
         ['1,10/13/2026,"ann@v.example, +1 617-555-0142",40.00', "2,10/14/2026,+1 617-555-0143,9.00",
          '3,10/14/2026,"617-555-0146; cy@v.example",5.00'], n1="40.00", n2="9.00", n3="5.00"),
    case("Order number,Date created,Time,Email,Total", ['1,"Oct 3, 2026",6:14 PM,ann@v.example,40.00'], n1="40.00"),
    *(  # a row for each order, whatever counts its items
        case(f"Order,Date,Email,Status,{many},Subtotal,Promo Discount,Tax,Tip,Order Total",
             [f"{ONE},Completed,3,60.00,6.00,3.00,5.00,62.00", f"{TWO},{gone},1,9.00,0.00,0.50,0.00,9.50"],
             n1="54.00")
        for many, gone in (("Items Count", "Canceled by store"), ("Item Qty", "Voided per manager"),
                           ("Items", "Comped"), ("Items Ordered", "Refunded because of breakage"),
                           ("Item Count", "Rejected"))
    ),
    *(
        case(f"ORDER_UUID,Date,Email,{status},SUBTOTAL,SUBTOTAL_TAX,TOTAL",
             [f"{ONE},{stands},60.00,3.00,55.00", f"{TWO},{gone},9.00,0.50,0.00"], n1="60.00")
        for status, stands, gone in (
            ("FINAL_ORDER_STATUS", "Delivered", "Cancelled"), ("Deal Stage", "Closed Won", "Closed Lost"),
            ("Courier Status", "Delivered", "Returned"), ("Dispatch Stage", "Completed", "Abandoned"),
        )
    ),
    *(  # rows that say what they are
        case(f"Receipt,Date,Email,{kind},Description,Qty,Amount",
             [f"{ONE},Item,Rye,2,40.00", f"{ONE},Item,Gin,1,20.00", f"{ONE},Discount,10% Senior,1,{off}",
              f"{ONE},Tax,State,1,3.00", f"{ONE},{paid},Cash,1,57.00", f"{TWO},Item,Ale,1,9.00",
              f"{TWO},Tax,State,1,0.50", f"{TWO},{paid},Visa,1,9.50"], n1="54.00", n2="9.00")
        for kind in ("Line", "Type", "Line Type", "Kind", "Record Type")
        for off, paid in (("-6.00", "Tender"), ("6.00", "Payment"))
    ),
    case("Name,Email,Financial Status,Subtotal,Taxes,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,"
         "Lineitem price,Refunded Amount",  # of a refund with tax the share of the goods
         ["1,ann@v.example,partially_refunded,60.00,3.00,63.00,0.00,2026-10-03 18:14:00 -0400,3,Rye,20.00,21.00",
          "2,bo@v.example,partially_refunded,60.00,3.00,60.00,0.00,2026-10-03 18:14:00 -0400,3,Rye,20.00,21.00"],
         n1="40.00", n2="39.00"),
    case("Order,Date,Email,Closed,Subtotal,Tax,Total",
         [f"{ONE},Yes,20.00,1.00,21.00", f"{TWO},No,9.00,0.50,9.50"], n1="20.00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "rows", "orders"), CASES, ids=[f"{nth} {one[0][:60]}" for nth, one in enumerate(CASES)]
)
async def test_each_order_comes_to_what_was_paid(
    database: str, tmp_path: Path, head: str, rows: list[str], orders: dict[str, str]
) -> None:
    await run(write(tmp_path / "people.csv", *PEOPLE))
    path = write(tmp_path / "sales.csv", head, *rows)
    trial = await tried(path)
    report = await run(path, "purchases")
    found = await many("SELECT external_id, total FROM purchases ORDER BY 1")
    assert ({row.external_id: str(row.total) for row in found}, report.rejected) == (orders, 0)
    assert trial.totals.money_made == sum(map(Decimal, orders.values()))


async def test_what_an_order_came_to_is_shared_among_its_lines_by_their_pieces(database: str, tmp_path: Path) -> None:
    """Before, an order whose total stood on its first row alone was refused whole, with all its lines."""
    await run(write(tmp_path / "people.csv", *PEOPLE))
    rows = [f"{ONE},Rye,2,70.00", f"{ONE},Gin,1,", f"{TWO},Ale,1,9.00", "3,10/15/2026,C3,Gin,,-10.00", "3,,,Ale,,"]
    report = await run(write(tmp_path / "sales.csv", "Order ID,Date,Customer,Item,Qty,Order Total", *rows), "purchases")
    found = await many("SELECT product, amount FROM purchase_lines ORDER BY amount")
    assert [(one.product, str(one.amount)) for one in found] == [
        ("Gin", "-5.00"), ("Ale", "-5.00"), ("Ale", "9.00"), ("Gin", "23.33"), ("Rye", "46.67"),
    ]  # fmt: skip
    assert (report.rejected, report.notes["amount_of_order_shared"]) == (0, 4)


async def test_a_column_that_says_now_an_orders_total_now_a_lines_is_refused(database: str, tmp_path: Path) -> None:
    """Of two alike rows nobody can tell which it is: 9.00 or 18.00."""
    rows = [f"{ONE},Rye,2,40.00", f"{ONE},Gin,1,30.00", f"{TWO},Ale,1,9.00", f"{TWO},Gin,1,9.00"]
    with pytest.raises(Invalid, match="totals of whole orders beside those of lines"):
        await tried(write(tmp_path / "sales.csv", "Order ID,Date,Email,Item,Qty,Order Total", *rows))


async def test_another_currency_of_an_order_is_shared_among_no_lines(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", *PEOPLE))
    rows = [f"{ONE},Rye,2,EUR 70.00", f"{ONE},Gin,1,"]
    report = await run(write(tmp_path / "sales.csv", "Order ID,Date,Email,Item,Qty,Order Total", *rows), "purchases")
    assert report.reasons == {"foreign_currency": 2}


async def test_the_rows_of_further_payments_are_told(database: str, tmp_path: Path) -> None:
    """Before, an order paid with cash and a card came to twice its sum."""
    await run(write(tmp_path / "people.csv", *PEOPLE))
    rows = [f"{ONE},Cash,20.00", f"{ONE},Visa,20.00", f"{TWO},Visa,9.00"]
    path = write(tmp_path / "sales.csv", "Receipt,Date,Email,Tender,Total", *rows)
    trial = await tried(path)
    assert (trial.totals.money, trial.totals.left_out, trial.totals.money_made) == (
        Decimal("49.00"), Decimal("20.00"), Decimal("29.00"),
    )  # fmt: skip
    assert (await run(path, "purchases")).notes == {"rows_of_no_line": 1}


@pytest.mark.parametrize(
    ("head", "rows", "own"),
    [
        ("Receipt,Date,Customer Email,Item,Qty,Amount",
         ["1001,10/13/2026,ann@v.example,Rye,2,40.00", "1001,10/13/2026,ann@v.example,Gin,1,30.00",
          "Receipt 1001 Total,,,,3,70.00", "1002,10/14/2026,bo@v.example,Ale,1,9.00", "Receipt 1002 Total,,,,1,9.00",
          "Grand Total,,,,4,79.00"], "79.00"),
        ("Receipt,Date,Customer ID,Amount",
         ["1001,10/13/2026,C1,40.00", "1002,10/14/2026,C2,9.00", "Total,,,49.00", "Average,,,24.50", "Count,,,2"],
         "49.00"),
        ("Receipt,Date,Customer ID,Subtotal,Tax,Total",
         ["1001,10/13/2026,C1,40.00,2.50,42.50", "1002,10/14/2026,C2,9.00,0.56,9.56", "TOTALS:,,2,49.00,3.06,52.06"],
         "52.06"),
        ("Customer ID,Order Number,Date,Amount",
         ["C1,1,10/13/2026,5.00", "C1,2,10/14/2026,6.00", "C1 Total,,,11.00", "C2,3,10/13/2026,9.00", "C2 Total,,,9.00",
          "Grand Total,,,20.00"], "20.00"),
        ("Order Number,Email,Date,Amount",
         ["1,ann@v.example,10/13/2026,5.00", "2,bo@v.example,10/13/2026,6.00", ",Total,,11.00"], "11.00"),
        ("Receipt,Customer ID,Date,Item,Qty,Unit Price",
         ["1,C1,13-Oct-2026 6:14 PM,Rye,2 ea,20.00", "1,C1,13-Oct-2026 6:14 PM,Ale,1 ea,9.00"], "49.00"),
    ],
)  # fmt: skip
async def test_the_sums_of_a_report_are_in_no_total(
    database: str, tmp_path: Path, head: str, rows: list[str], own: str
) -> None:
    """They were counted thrice, told as rows sold to nobody, or refused for having no day."""
    await run(write(tmp_path / "people.csv", *PEOPLE))
    path = write(tmp_path / "sales.csv", head, *rows)
    trial = await tried(path)
    report = await run(path, "purchases")
    assert (trial.totals.money, report.rejected) == (Decimal(own), 0)
    assert "no line of a purchase" not in money_words(trial, "purchases")
    assert trial.totals.rows == len(rows)


@pytest.mark.parametrize(
    ("cell", "word"),
    [("Grand Total", "grand total"), ("TOTALS:", "totals"), ("Receipt 1001 Total", "receipt total"), ("Total Wine", ""),
     ("Totally Rye", ""), ("Average", "average"), ("", ""), ("Count Vronsky Vodka", ""), ("x" * 500, "")],
)  # fmt: skip
def test_words_that_sum_up(cell: str, word: str) -> None:
    assert sums_up(cell) == word

"""Sales as tills export them: every sum beside the file's own."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.line_rows import Line, LineReader
from liquor_app.imports.cleaning.row_notes import NOTES
from liquor_app.imports.dry_run import try_file
from liquor_app.imports.profiles.known_tools import ALL, recognise
from liquor_app.imports.profiles.tool_profile import fits
from liquor_app.imports.readers.formats import open_table
from liquor_app.scoring.service import score_customers
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.report.report_words import trial_words
from tests.imports.test_import import run
from tests.imports.test_import_cases import FILES, many, write

KNOWN = {
    "02_shopify_orders": "shopify_orders",
    "03_square_items": "square_items",
    "03_square_transactions": "square_transactions",
    "06_lightspeed_x_sales": "lightspeed_x_sales",
    "07_clover_line_items": "clover_line_items",
    "08_woo_order_lines": "woocommerce_order_lines",
    "08_woo_orders": "woocommerce_orders",
    "21_lightspeed_r_sales": "lightspeed_r_sales",
    "22_woo_orders_packed": "woocommerce_orders_packed",
    "24_woo_advanced_orders": "woocommerce_advanced_left",
    "09_dunnhumby_transaction_data": "dunnhumby_transactions",
    "09_toast_items": "toast_items",
    "09_uci_online_retail": "uci_online_retail",
    "09_winesense_sales": "winesense_sales",
}


async def sold(name: str, customers: str = "", **options: Any) -> tuple[Any, dict[str, Any]]:
    """The report of a file of sales, and every basket by its number."""
    if customers:
        await run(FILES / f"{customers}.csv")
    report = await run(FILES / f"{name}.csv", "purchases", **options)
    found = await many(
        "SELECT p.*, (SELECT count(*) FROM purchase_lines l WHERE l.purchase_id = p.id) AS lines,"
        " (SELECT sum(amount) FROM purchase_lines l WHERE l.purchase_id = p.id) AS of_lines FROM purchases p"
    )
    assert all(one.total == one.of_lines for one in found), "a basket is what its lines are"
    return report, {one.external_id: one for one in found}


@pytest.mark.parametrize("name", KNOWN)
def test_a_tills_file_of_sales_is_recognised(name: str) -> None:
    with open_table(FILES / f"{name}.csv") as table:
        profile = recognise(table.columns, "purchases")
        assert profile is not None
        assert profile.key == KNOWN[name]
        assert [one.key for one in ALL if fits(one, table.columns)] == [profile.key]


async def test_case_02_shopify_orders(database: str) -> None:
    report, baskets = await sold("02_shopify_orders", "01_shopify_customers")
    assert report.rejected == 0
    assert {number: (one.total, one.lines) for number, one in baskets.items()} == {
        "#1001": (Decimal("62.00"), 2), "#1004": (Decimal("25.00"), 2),
    }  # fmt: skip
    assert (baskets["#1001"].discount, baskets["#1001"].coupon_code) == (Decimal("10.00"), "SAVE10")
    assert sum(one.total for one in baskets.values()) == Decimal("87.00"), "62 + 45 less 20 refunded"
    assert report.notes == {"rows_refunded": 1, "rows_voided": 1}
    skus = await many("SELECT sku FROM purchase_lines WHERE sku IS NOT NULL ORDER BY 1")
    assert {one.sku for one in skus} == {"GRG1L", "OHB750"}


async def test_case_03_square_items(database: str) -> None:
    report, baskets = await sold("03_square_items", "03_square_customers")
    assert report.rejected == 0
    assert (baskets["TXN0001ZY"].total, baskets["TXN0001ZY"].discount) == (Decimal("67.00"), Decimal("5.00"))
    assert baskets["TXN0003ZY"].total == Decimal("-24.00"), "a return is a basket below zero"
    spent = await many(
        "SELECT sum(p.total) AS spent FROM purchases p JOIN customers c ON c.id = p.customer_id"
        " WHERE c.email = 'rosa.quint@example.com'"
    )
    assert spent[0].spent == Decimal("43.00")
    assert report.notes == {"rows_without_customer": 1}


async def test_square_transactions_without_tax_tips_and_what_was_given_back(database: str) -> None:
    report, baskets = await sold("03_square_transactions", "03_square_customers")
    assert (report.rejected, report.notes["rows_without_customer"], report.notes["rows_unpaid"]) == (0, 1, 1)
    assert {number: one.total for number, one in baskets.items()} == {
        "TXN0011ZY": Decimal("27.00"), "TXN0012ZY": Decimal("-5.00"), "TXN0014ZY": Decimal("60.00"),
    }  # fmt: skip
    assert baskets["TXN0011ZY"].discount == Decimal("3.00")


async def test_case_06_lightspeed_x_sales(database: str) -> None:
    report, baskets = await sold("06_lightspeed_x_sales", "06_lightspeed_x_customers")
    assert report.rejected == 0
    first = baskets["2001"]
    assert (first.total, first.discount, first.lines) == (Decimal("67.00"), Decimal("5.00"), 2)
    assert baskets["2002"].total == Decimal("-24.00")
    assert report.notes == {"rows_of_no_line": 3}


async def test_case_07_clover_line_items(database: str) -> None:
    report, baskets = await sold("07_clover_line_items", "07_clover_customers")
    assert report.rejected == 0
    assert (baskets["ORDCLV01"].total, baskets["ORDCLV01"].lines) == (Decimal("21.60"), 1)
    assert baskets["ORDCLV01"].occurred_at.isoformat() == "2025-11-30T02:33:00+00:00"
    assert report.notes == {"rows_refunded": 1}


async def test_case_08_woocommerce_order_lines(database: str) -> None:
    report, baskets = await sold("08_woo_order_lines", "08_woo_customers")
    assert {number: one.total for number, one in baskets.items()} == {"501": Decimal("40.00")}
    assert (report.rejected, baskets["501"].coupon_code) == (0, "FALL5")
    assert report.notes["rows_voided"] == 1
    again, baskets = await sold("08_woo_orders")
    assert {number: one.total for number, one in baskets.items()} == {"501": Decimal("40.00")}
    assert again.notes == {"rows_voided": 1, "rows_refunded": 1}
    assert (again.rows, again.rejected) == (1, 0), "rows of the file, not lines"
    lines = await many("SELECT product, quantity, amount, discount FROM purchase_lines ORDER BY product")
    assert [tuple(one) for one in lines] == [
        ("Old Harbor Bourbon", 1, Decimal("20.00"), Decimal("5.00")), ("Tonic 4-pack", 2, Decimal("20.00"), 0),
    ]  # fmt: skip


async def test_lightspeed_r_sales(database: str) -> None:
    report, baskets = await sold("21_lightspeed_r_sales", "21_lightspeed_r_customers")
    assert (report.rejected, report.notes) == (0, {"rows_without_customer": 1})
    first, back = baskets["5001"], baskets["5002"]
    assert (first.total, first.discount, first.lines) == (Decimal("67.00"), Decimal("5.00"), 2)
    assert back.total == Decimal("-21.50"), "a discounted bottle comes back for what was paid, its tax apart"


async def test_woocommerce_orders_with_their_lines_in_one_cell(database: str) -> None:
    report, baskets = await sold("22_woo_orders_packed", "08_woo_customers")
    assert {number: (one.total, one.discount, one.lines) for number, one in baskets.items()} == {
        "601": (Decimal("40.00"), Decimal("5.00"), 2),
        "602": (Decimal("30.00"), Decimal(0), 2),
        "603": (Decimal("50.00"), Decimal(0), 1),
    }
    assert (report.rows, report.created, report.reasons) == (4, 3, {"unknown_customer": 1}), "a row is told once"
    assert report.notes == {"rows_voided": 1}
    again = await run(FILES / "22_woo_orders_packed.csv", "purchases")
    assert (again.unchanged, again.rejected) == (3, 1)
    names = await many("SELECT product FROM purchase_lines WHERE amount = 20 ORDER BY 1")
    assert [one.product for one in names] == ["Old Harbor Bourbon; 750ml", "Tonic 4-pack"]


async def test_case_09_uci_and_wine_till(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "uci.csv", "customer id,name", "17850,Ann", "12583,Bo"))
    report, baskets = await sold("09_uci_online_retail", options={"date_order": "dmy"})
    assert baskets["536365"].total == Decimal("35.64")
    assert baskets["C536379"].total == Decimal("-27.50")
    assert baskets["536370"].total == Decimal("90.00"), "12583.0 is 12583"
    assert report.notes == {"rows_without_customer": 2}
    report, baskets = await sold("09_winesense_sales", "09_winesense_customers")
    assert (report.rejected, baskets["INV-9001"].total) == (0, Decimal("77.98"))


async def test_case_09_toast_names_nobody_and_dunnhumby_no_date(database: str) -> None:
    for name, words in (
        ("09_toast_items", "name no customers"),
        ("09_dunnhumby_transaction_data", "first day plus DAY"),
    ):
        with pytest.raises(Invalid, match=words):
            await run(FILES / f"{name}.csv", "purchases")


async def test_a_return_lowers_what_was_spent_and_is_no_purchase(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "c.csv", "customer id,name", "A-1,Ann"))
    head = "order id,customer id,date,category,quantity,amount"
    rows = ("1,A-1,2026-10-01,Wine,2,50.00", "2,A-1,2026-10-10,Wine,1,20.00", "R-2,A-1,2026-10-12,Wine,-1,-20.00")
    report = await run(write(tmp_path / "p.csv", head, *rows), "purchases")
    assert (report.created, report.rejected) == (3, 0)
    async with transaction() as session:
        await score_customers(session, SYSTEM)
        scored = (await session.execute(text("SELECT total_spent, purchase_frequency FROM customers"))).one()
    assert scored.total_spent == Decimal("50.00")
    assert scored.purchase_frequency == 2


async def test_the_same_sales_again_change_nothing(database: str) -> None:
    for name, people in (("02_shopify_orders", "01_shopify_customers"), ("03_square_items", "03_square_customers")):
        _, first = await sold(name, people)
        again, second = await sold(name)
        assert (again.created, again.updated) == (0, 0)
        assert first == second


async def test_an_orders_status_holds_for_all_its_rows(database: str, tmp_path: Path) -> None:
    """Shopify tells the status, the discount and the refund on an order's first row only."""
    await run(FILES / "01_shopify_customers.csv")
    head = (
        "Name,Email,Financial Status,Created at,Discount Amount,Refunded Amount,Lineitem quantity,Lineitem name,"
        "Lineitem price"
    )
    person = "maryann.delacroix@example.com"
    file = write(
        tmp_path / "orders.csv",
        head,
        f"#1,{person},voided,2026-10-03 18:14:00 -0400,0.00,0.00,1,Rye,50.00",
        f"#1,{person},,2026-10-03 18:14:00 -0400,,,2,Gin,20.00",
        f"#2,{person},paid,2026-10-04 18:14:00 -0400,5.00,0.00,1,Rye,50.00",
        f"#2,{person},,2026-10-04 18:14:00 -0400,,,2,Gin,20.00",
    )
    report = await run(file, "purchases")
    assert report.notes == {"rows_voided": 2}
    assert [one.total for one in await many("SELECT total FROM purchases")] == [Decimal("85.00")]


async def test_what_was_sold_to_nobody_named_is_no_fault_in_any_file(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "c.csv", "customer id,name", "A-1,Ann"))
    head = "order id,customer id,email,date,category,amount"
    rows = (
        "1,A-1,,2026-10-01,Wine,50.00", "2,,,2026-10-01,Wine,9.00", "3,n/a,,2026-10-01,Beer,8.00",
        "4,,noemail@store.example,2026-10-01,Beer,7.00", "5,Z-9,,2026-10-01,Wine,6.00", "6,,ann@,2026-10-01,Wine,5.00",
    )  # fmt: skip
    report = await run(write(tmp_path / "p.csv", head, *rows), "purchases")
    assert (report.rows, report.created) == (3, 1)
    assert report.notes == {"rows_without_customer": 3}
    assert report.reasons == {"unknown_customer": 1, "bad_email": 1}
    assert "3 rows sold to nobody named: left out, and no fault." in trial_words(report)
    nobody = await run(write(tmp_path / "n.csv", head, rows[1]), "purchases")
    assert (
        trial_words(nobody) == "None of the rows becomes anything. 1 row sold to nobody named: left out, and no fault."
    )


async def test_what_was_given_back_is_taken_off_and_never_more(database: str, tmp_path: Path) -> None:
    """Before, WooCommerce's refunds in part and its `wc-` words for a status counted as money, an order that Shopify
    says was cancelled was bought, and who got tax and shipping back as well had bought less than nothing."""
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    item = "name:Gin|product_id:1|sku:G|quantity:1|total:{}|sub_total:{}"
    woo = [
        ("1", "completed", "50.00", item.format(30, 30), item.format(20, 20), "amount:35.00|reason:broken"),
        ("2", "wc-completed", "11.00", item.format("11.00", "11.00"), "", ""),
        ("3", "wc-refunded", "14.00", item.format("14.00", "14.00"), "", ""),
        ("4", "completed", "9.00", item.format("9.00", "9.00"), "", "amount:5.00;amount:9.00"),
    ]  # fmt: skip
    file = write(
        tmp_path / "woo.csv",
        "order_id,status,order_date,billing_email,order_subtotal,line_item_1,line_item_2,coupon_items,refund_items",
        *(f"{n},{s},2026-09-06,a@x.example,{t},{one},{two},code:FALL5|amount:1,{r}" for n, s, t, one, two, r in woo),
    )
    report = await run(file, "purchases")
    assert (report.rejected, report.notes) == (0, {"rows_refunded": 1})
    made = await many("SELECT external_id, total, coupon_code FROM purchases ORDER BY 1")
    assert {one.external_id: one.total for one in made} == {
        "1": Decimal("15.00"), "2": Decimal("11.00"), "4": Decimal(0),
    }  # fmt: skip
    assert {one.coupon_code for one in made} == {"FALL5"}
    assert [one.amount for one in await many("SELECT amount FROM purchase_lines WHERE amount < 0")] == []
    file = write(
        tmp_path / "shopify.csv",
        "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name"
        ",Lineitem price,Cancelled at,Refunded Amount",
        "#1,a@x.example,partially_refunded,USD,45,5,3,53,2026-10-03,1,Rye,45,,50",
        "#2,a@x.example,paid,USD,20,0,0,20,2026-10-03,1,Rye,10,2026-10-04,0",
        "#2,a@x.example,,,,,,,2026-10-03,1,Gin,10,,",
    )
    report = await run(file, "purchases")
    assert report.notes == {"rows_voided": 2}
    assert (await many("SELECT total FROM purchases WHERE external_id LIKE '#%'"))[0].total == 0


@pytest.mark.parametrize("of_today", [True, False])
async def test_squares_times_are_of_the_zone_beside_them(database: str, tmp_path: Path, of_today: bool) -> None:
    """Exports of before have no “Itemization Type”, and a day without a refund has only payments."""
    await run(write(tmp_path / "people.csv", "external id", "C1"))
    file = write(
        tmp_path / "square.csv",
        "Date,Time,Time Zone,Item,Qty,Net Sales,Transaction ID,Event Type,Customer ID" + ",Itemization Type" * of_today,
        "2026-10-03,18:14:30,Central Time (US & Canada),Rye,1,$5.00,T1,Payment,C1" + ",Physical Good" * of_today,
    )
    await run(file, "purchases")
    (made,) = await many("SELECT occurred_at FROM purchases")
    assert made.occurred_at.isoformat() == "2026-10-03T23:14:30+00:00"


async def test_one_order_in_other_clothes_and_prices_less_what_was_taken_off(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    file = write(
        tmp_path / "sales.csv",
        "Receipt,Email,Date,Item,Qty,Unit Price,Discount",
        "1001,a@x.example,2026-01-05,Rye,2 ea,24.00,5.00",
        "'1001,a@x.example,2026-01-05,Gin,x1,10.00,-1.00",
        "1001.0,a@x.example,2026-01-05,Ale,-1,4.00,0.50",
        "5.55E+12,a@x.example,2026-01-06,Ale,1,4.00,9.00",
    )
    report = await run(file, "purchases")
    assert report.rejected == 0
    made = await many("SELECT external_id, total, discount FROM purchases ORDER BY total DESC")
    assert [(one.total, one.discount) for one in made] == [
        (Decimal("48.50"), Decimal("6.50")), (Decimal("0.00"), Decimal("9.00")),
    ]  # fmt: skip
    assert made[0].external_id == "1001"
    assert made[1].external_id.startswith("auto-")


async def test_an_orders_total_on_each_of_its_lines_is_no_lines(database: str, tmp_path: Path) -> None:
    """Before, one order of two lines did not say so: 63.00 became 126.00. Its lines share it."""
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    file = write(
        tmp_path / "sales.csv",
        "Order Number,Email,Order Date,Product,Order Total",
        "1,a@x.example,2026-01-05,Rye,63.00",
        "1,a@x.example,2026-01-05,Gin,63.00",
        "2,a@x.example,2026-01-06,Gin,10.00",
    )
    await run(file, "purchases")
    assert [str(one.total) for one in await many("SELECT total FROM purchases ORDER BY total")] == ["10.00", "63.00"]


async def test_a_column_of_customers_holds_telephone_numbers_too(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "customer id,phone,city,zip", "811,617-555-0142,N/A,n/a"))
    (made,) = await many("SELECT city, postal_code FROM customers")
    assert (made.city, made.postal_code) == (None, None)
    file = write(
        tmp_path / "sales.csv", "Order,Customer,Date,Amount", "1,(617) 555-0142,2026-01-05,10", "2,811,2026-01-05,5"
    )
    report = await run(file, "purchases")
    assert (report.rejected, report.orders) == (0, {"created": 2})


LINE = {name: place for place, name in enumerate(
    ("external_id", "occurred_at", "quantity", "amount", "unit_price", "discount", "coupon_discount", "is_alcohol",
     "store", "time_of_day")
)}  # fmt: skip


def _line(without: tuple[str, ...] = (), shares: frozenset[str] = frozenset(), **cells: str) -> Line:
    told = {"external_id": "C1", "occurred_at": "2026-01-05 10:00", **cells}
    how = Setting(ZoneInfo("America/New_York"), datetime(2026, 11, 1, tzinfo=UTC), shares=shares)
    at = {name: place for name, place in LINE.items() if name not in without}
    return LineReader(at, how)(2, [told.get(name, "") for name in LINE])


@pytest.mark.parametrize(
    ("written", "off"),
    [("10%", "10"), ("-10%", "10"), ("(10%)", "10"), ("10 %", "10"), ("10.5%", "10.50"), ("10 percent", "10"),
     ("10pct off", "10"), ("%10", "10"), ("１０％", "10"), ("10%-", "10"), ("0%", "0"), ("100%", "100")],
)  # fmt: skip
def test_a_discount_in_percent_is_money_off_what_the_line_cost(written: str, off: str) -> None:
    """It cost the line, and with it the order."""
    noted = ("discount_of_percent",) if off != "0" else ()
    priced = _line(("amount",), unit_price="50.00", quantity="2", discount=written)
    assert (priced.discount, priced.amount, priced.notes) == (Decimal(off), 100 - Decimal(off), noted)
    if off == "100":
        return
    paid = _line(("unit_price",), amount=str(100 - Decimal(off)), discount=written)
    assert (paid.discount, paid.amount, paid.notes) == (Decimal(off), 100 - Decimal(off), noted)
    both = _line(amount=str(100 - Decimal(off)), unit_price="50", quantity="2", discount=written)
    assert (both.discount, both.amount) == (Decimal(off), 100 - Decimal(off))


def test_a_return_and_a_coupon_in_percent() -> None:
    back = _line(("amount",), unit_price="50.00", quantity="-2", discount="10%")
    assert (back.amount, back.discount) == (Decimal(-90), Decimal(10))
    coupon = _line(("amount",), unit_price="20", coupon_discount="25%", discount="1.00")
    assert (coupon.amount, coupon.discount, coupon.coupon_discount) == (Decimal(14), Decimal(6), Decimal(5)), "both"


@pytest.mark.parametrize(
    "written", ["110%", "10%-20%", "ten%", "€2.00", "two dollars", "100%", "99.999%", "96%", "1" * 300]
)
def test_a_discount_that_cannot_be_told_is_blank_and_the_line_stays(written: str) -> None:
    line = _line(("unit_price",), amount="90", discount=written)
    assert (line.amount, line.discount, line.notes) == (Decimal(90), Decimal(0), ("discount_left_out",))


@pytest.mark.parametrize(
    ("written", "off"), [("10", "10"), ("0.1", "10"), ("10%", "10"), ("0.5%", "0.50"), ("n/a", "0"), ("0", "0")]
)
def test_a_column_called_one_of_percentages_holds_no_dollars(written: str, off: str) -> None:
    line = _line(("amount",), frozenset({"discount"}), unit_price="100", discount=written)
    assert (line.discount, line.amount) == (Decimal(off), 100 - Decimal(off))
    one = _line(("amount",), frozenset({"discount"}), unit_price="100", discount="1")
    assert (one.discount, one.notes) == (Decimal(0), ("discount_left_out",)), "1 or 100 in a hundred"


@pytest.mark.parametrize(
    ("field", "cell"),
    [("quantity", "a few"), ("is_alcohol", "perhaps"), ("store", "x" * 300), ("time_of_day", "late")],
)
def test_a_bad_cell_beside_what_was_paid_costs_itself(field: str, cell: str) -> None:
    line = _line(("unit_price",), amount="90", **{field: cell})
    assert (line.amount, line.quantity, line.is_alcohol) == (Decimal(90), Decimal(1), True)
    assert line.notes == (f"{field}_left_out",)
    with pytest.raises(Rejected):
        _line(("amount",), unit_price="45", quantity="a few")


async def test_percentages_are_told_and_add_up(database: str, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(
        "order id,email,date,item,qty,price,Discount %,Discount\n"
        "1,a@example.com,2026-01-05,Rye,2,50.00,,10%\n2,a@example.com,2026-01-06,Gin,1,30.00,,perhaps\n"
        "3,a@example.com,2026-01-07,Ale,1,8.00,,0.50\n"
    )
    async with transaction() as session:
        trial = await try_file(
            session, SYSTEM, kind="purchases", path=path, limit=100, watch=True,
            options={"unknown_customers": "create"},
        )  # fmt: skip
    assert (trial.report.created, trial.report.rejected) == (3, 0)
    assert (trial.totals.money, trial.totals.money_made) == (Decimal("127.50"), Decimal("127.50"))
    assert {key: trial.report.notes[key] for key in ("discount_of_percent", "discount_left_out")} == {
        "discount_of_percent": 1, "discount_left_out": 1,
    }  # fmt: skip
    assert [one.reason for one in trial.shown] == [
        NOTES["discount_of_percent"],
        "“Discount” cannot be read and is left blank: 'perhaps'. Correct it in the file, or leave it blank.",
        "",
    ]
    assert "1 discount in percent: worked out as money" in note_words(trial.report.notes)
    assert guess_mapping(["id", "email", "date", "total", "Discount %"], "purchases")["discount"] == "Discount %"


async def test_shopifys_orders_come_to_their_own_subtotal(database: str, tmp_path: Path) -> None:
    """A code for free shipping was taken off the goods, a line's discount twice."""
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    head = (
        "Name,Email,Financial Status,Subtotal,Shipping,Total,Discount Code,Discount Amount,Created at,Lineitem quantity"
        ",Lineitem name,Lineitem price,Lineitem discount,Refunded Amount"
    )
    file = write(
        tmp_path / "shopify.csv",
        head,
        "#1,a@x.example,paid,48.00,8.00,48.00,FREESHIP,8.00,2026-10-03,2,Rye,24.00,0.00,0.00",
        "#2,a@x.example,paid,43.20,0.00,43.20,AUTO,4.80,2026-10-03,2,Rye,24.00,4.80,0.00",
        "#3,a@x.example,paid,60.00,0.00,60.00,TEN,12.00,2026-10-03,1,Rye,24.00,2.00,0.00",
        "#3,,,,,,,,2026-10-03,2,Gin,24.00,0.00,",
        "#4,a@x.example,partially_refunded,62.00,5.00,67.00,TEN,10.00,2026-10-03,1,Rye,24.00,0.00,20.00",
        "#4,,,,,,,,2026-10-03,2,Gin,24.00,0.00,",
        "#5,a@x.example,paid,0.00,0.00,0.00,FREE,24.00,2026-10-03,1,Rye,24.00,0.00,0.00",
        "#6,a@x.example,paid,,0.00,20.00,TEN,4.00,2026-10-03,1,Rye,24.00,0.00,0.00",
    )
    report = await run(file, "purchases")
    assert report.rejected == 0
    made = await many("SELECT external_id, total, discount FROM purchases")
    assert {one.external_id: (str(one.total), str(one.discount)) for one in made} == {
        "#1": ("48.00", "0.00"), "#2": ("43.20", "4.80"), "#3": ("60.00", "12.00"), "#4": ("42.00", "10.00"),
        "#5": ("0.00", "24.00"), "#6": ("20.00", "4.00"),
    }  # fmt: skip


async def test_what_is_taken_off_an_order_is_not_taken_off_each_row(database: str, tmp_path: Path) -> None:
    """5.00 off an order of 30.00, written on both of its rows or on one, leaves the 25.00 that were paid."""
    async with transaction() as session:
        await session.execute(
            text("INSERT INTO customers (id, email, email_key) VALUES (gen_random_uuid(), 'a', 'a@x.example')")
        )
    head = "order_id,email,date,item,qty,price,order discount"
    rows = ["1,a@x.example,2025-01-01,Gin,1,20.00,5.00", "1,a@x.example,2025-01-01,Rum,1,10.00,{}"]
    await run(write(tmp_path / "twice.csv", head, rows[0], rows[1].format("5.00")), "purchases")
    assert [one.total for one in await many("SELECT total FROM purchases")] == [Decimal("25.00")]
    again = await run(write(tmp_path / "once.csv", head, rows[0], rows[1].format("")), "purchases")
    assert again.orders == {"unchanged": 1}


async def test_a_place_is_known_by_whichever_address_it_is_of(database: str, tmp_path: Path) -> None:
    head = "Email,Default Address City,Default Address Province Code,Default Address Zip"
    await run(write(tmp_path / "people.csv", head, "a@x.example,Boston,MA,2118"))
    (kept,) = await many("SELECT city, state, postal_code FROM customers")
    assert tuple(kept) == ("Boston", "MA", "02118")


@pytest.mark.parametrize(
    ("head", "row", "order", "at"),
    [
        ("Ticket,Sale Date,Sale Time,Customer ID,Net Sales", "1,10/03/2026,1814,C1,10.00", "1", "2026-10-03 22:14"),
        ("INVNO,INVDATE,INVTIME,CUSTNO,DESCRIPT,QTY,PRICE", "7,10/03/26,18:14,C1,Rye,1,10.00", "7", "2026-10-03 22:14"),
        ("Beleg,Datum,Uhrzeit,Kundennr,Artikel,Menge,Preis", "9,03.10.2026,18:14,C1,Korn,1,10.00", "9",
         "2026-10-03 22:14"),
        ("Bon,Datum,Kundennr,Artikel,Menge,Preis", "3,03.10.2026 18:14,C1,Korn,1,10.00", "3", "2026-10-03 22:14"),
        ("Reference,Date,Customer ID,Item,Qty,Price", "R1,10/13/2026 10:00,C1,Rye,1,10.00", "R1", "2026-10-13 14:00"),
    ],
)  # fmt: skip
async def test_a_receipts_number_and_its_hour_are_known_by_other_names(
    database: str, tmp_path: Path, head: str, row: str, order: str, at: str
) -> None:
    """Before, the hour was lost (noon for all), or the receipt had a number of ours."""
    await run(write(tmp_path / "people.csv", "external_id,email,name", "C1,ann@v.example,Ann Lee"))
    await run(write(tmp_path / "sales.csv", head, row), "purchases")
    (found,) = await many("SELECT external_id, occurred_at, total FROM purchases")
    assert (found.external_id, f"{found.occurred_at.astimezone(UTC):%Y-%m-%d %H:%M}", str(found.total)) == (
        order, at, "10.00",
    )  # fmt: skip

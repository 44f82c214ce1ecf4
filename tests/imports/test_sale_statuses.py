"""Files of purchases of no tool we know, with a column that says which rows count: what was paid, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.orders.status_rows import StatusRows
from liquor_app.imports.cleaning.orders.status_words import Says, said_by
from liquor_app.imports.dry_run import inspect_file, try_file
from liquor_app.imports.readers.dialect import SAMPLE_ROWS
from liquor_app.imports.readers.row_reader import Record
from liquor_app.screens.imports.wizard.columns_view import column_lines
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.report.report_words import trial_words
from liquor_app.screens.imports.wizard.trial_view import money_words, total_lines
from tests.imports.test_import import rejects, run
from tests.imports.test_import import rows as found_rows
from tests.imports.test_import_cases import many, write

HEAD = "Order Number,Email,Date"


def told(*orders: str) -> list[str]:
    """`1|Rye,50,Paid` is a row of order 1."""
    return [
        f"{number},a@x.example,2026-10-01 10:00,{rest}" for number, _, rest in (one.partition("|") for one in orders)
    ]


async def imported(tmp_path: Path, columns: str, *orders: str) -> tuple[dict[str, str], dict[str, int]]:
    """What each order comes to, and what was left out of the file by which word."""
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    report = await run(write(tmp_path / "sales.csv", f"{HEAD},{columns}", *told(*orders)), "purchases")
    assert report.rejected == 0, report.reasons
    made = await many("SELECT external_id, total FROM purchases ORDER BY 1")
    return {one.external_id: str(one.total) for one in made}, report.notes


FILES: dict[str, tuple[str, tuple[str, ...], dict[str, str], dict[str, int]]] = {
    "of orders": (
        "Total,Status",
        ("1|50.00,Paid", "2|30.00,Voided", "3|20.00,Completed", "4|9.00,Pending", "5|7.00,Refunded", "6|5.00,VOIDED"),
        {"1": "50.00", "3": "20.00"},
        {"rows_voided: voided": 2, "rows_unpaid: pending": 1, "rows_refunded: refunded": 1},
    ),
    "of lines, mixed in one order": (
        "Item,Line Total,Line Status",
        ("1|Rye,50.00,Sold", "1|Gin,30.00,Void", "1|Ale,20.00,Sold", "2|Rum,9.00,Void"),
        {"1": "70.00"},
        {"rows_voided: void": 2},
    ),
    "on an order's first row": (
        "Financial Status,Item,Qty,Price",
        ("1|paid,Rye,1,50.00", "1|,Gin,2,10.00", "2|voided,Rye,1,50.00", "2|,Ale,1,5.00", "3|authorized,Rum,1,9.00"),
        {"1": "70.00"},
        {"rows_voided: voided": 2, "rows_unpaid: authorized": 1},
    ),
    "Spanish": (
        "Producto,Cantidad,Precio,Estado",
        ("1|Ron,1,50.00,Pagado", "2|Vino,2,10.00,Anulada", "3|Ginebra,1,20.00,Pendiente de pago",
         "4|Ron,1,5.00,Devuelto", "5|Ron,1,6.00,Entregado"),
        {"1": "50.00", "5": "6.00"},
        {"rows_voided: anulada": 1, "rows_unpaid: pendiente de pago": 1, "rows_refunded: devuelto": 1},
    ),
    "given back in part, with its sum": (
        "Amount,Amount Refunded,Payment Status",
        ("1|50.00,20.00,partially_refunded", "2|30.00,30.00,refunded", "3|9.00,,paid", "4|8.00,,Declined"),
        {"1": "30.00", "3": "9.00"},
        {"rows_refunded: refunded": 1, "rows_unpaid: declined": 1},
    ),
    "given back in part, on a row of its own": (
        "Item,Amount,Status",
        ("1|Rye,50.00,Partially Refunded", "1|Gin,30.00,Partially Refunded", "1|Gin,-30.00,Partially Refunded"),
        {"1": "50.00"},
        {},
    ),
    "returns below zero, by their word": (
        "Amount,Transaction Status",
        ("1|50.00,Settled", "R1|-50.00,Refund", "2|30.00,Settled", "R2|-10.00,Refunded", "3|8.00,Failed"),
        {"1": "50.00", "2": "30.00", "R1": "-50.00", "R2": "-10.00"},
        {"rows_unpaid: failed": 1},
    ),
    "the sale and what was given back for it, both called refunded": (
        "Item,Amount,Status",
        ("1|Rye,50.00,Refunded", "1|Rye,-50.00,Refunded", "2|Gin,30.00,Refunded", "3|Ale,20.00,Paid",
         "2|Gin,-30.00,Refunded"),
        {"1": "0.00", "3": "20.00"},
        {"rows_refunded: refunded": 2},
    ),
    "of WooCommerce's words, by no export of it": (
        "Total,Order Status",
        ("1|50.00,wc-completed", "2|30.00,wc-processing", "3|20.00,wc-on-hold", "4|9.00,wc-cancelled",
         "5|8.00,wc-failed", "6|7.00,checkout-draft"),
        {"1": "50.00", "2": "30.00"},
        {"rows_unpaid: wc on hold": 1, "rows_voided: wc cancelled": 1, "rows_unpaid: wc failed": 1,
         "rows_unpaid: checkout draft": 1},
    ),
    "a payment beside an order and its parcel": (
        "Total,Order Status,Payment Status,Fulfillment Status",
        ("1|50.00,Open,Paid,Unfulfilled", "2|30.00,Closed,Processing,Fulfilled", "3|20.00,Cancelled,Paid,Returned",
         "4|9.00,Archived,Captured,"),
        {"1": "50.00", "4": "9.00"},
        {"rows_unpaid: processing": 1, "rows_voided: cancelled": 1},
    ),
    "columns that ask": (
        "Item,Amount,Void?,Cancelled at,Refunded",
        ("1|Rye,50.00,No,,No", "1|Gin,9.00,Yes,,No", "2|Ale,20.00,No,2026-10-02 11:00,No", "2|Rum,5.00,No,,No",
         "3|Rum,6.00,FALSE,,Yes"),
        {"1": "50.00"},
        {"rows_voided: void yes": 1, "rows_voided: cancelled at": 2, "rows_refunded: refunded yes": 1},
    ),
    "who voided it, why, and when": (
        "Item,Amount,Voided By,Void Reason,Void Time,Cancellation Reason",
        ("1|Rye,50.00,,,,", "2|Gin,9.00,Sam Poe,,,", "3|Ale,20.00,,wrong item,,", "4|Rum,5.00,,,6:04 PM,",
         "5|Rum,6.00,,,,customer", "6|Rum,7.00,None,n/a,00:00,-"),
        {"1": "50.00", "6": "7.00"},
        {"rows_voided: voided by": 1, "rows_voided: void reason": 1, "rows_voided: void time": 1,
         "rows_voided: cancellation reason": 1},
    ),
    "a column that asks whether it was paid": (
        "Total,Paid",
        ("1|50.00,Yes", "2|30.00,No", "3|20.00,Y", "4|9.00,"),
        {"1": "50.00", "3": "20.00"},
        {"rows_unpaid: paid no": 1, "rows_unpaid: paid": 1},
    ),
    "kinds of rows, all of them known": (
        "Amount,Transaction Type",
        ("1|50.00,Sale", "2|-20.00,Return", "3|30.00,Void", "4|9.00,Sale"),
        {"1": "50.00", "2": "-20.00", "4": "9.00"},
        {"rows_voided: void": 1},
    ),
    "several words in a cell": (
        "Total,Status",
        ("1|50.00,Paid / Shipped", "2|30.00,\"Paid, Refunded\"", "3|20.00,Shipped - Unpaid", "4|9.00,Paid by card"),
        {"1": "50.00", "4": "9.00"},
        {"rows_refunded: paid refunded": 1, "rows_unpaid: shipped unpaid": 1},
    ),
    "of one order, by its state": (
        "Order State,product,amount",
        ("1|complete,Rye,24", "1|pending_payment,Gin,20", "2|closed,Ale,9"),
        {"1": "24.00", "2": "9.00"},
        {"rows_unpaid: pending payment": 1},
    ),
    "nothing was voided": (
        "item,Void?,amount", ("1|Rye,No,5", "1|Gin,No,6", "2|Ale,No,7"), {"1": "11.00", "2": "7.00"}, {},
    ),
    "layaways and house accounts": (
        "Total,Sale Status",
        ("1|50.00,LAYBY", "2|30.00,LAYBY_CLOSED", "3|20.00,ON_ACCOUNT", "4|9.00,Parked", "5|8.00,CLOSED"),
        {"2": "30.00", "5": "8.00"},
        {"rows_unpaid: layby": 1, "rows_unpaid: on account": 1, "rows_unpaid: parked": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
async def test_only_what_was_paid_counts(database: str, tmp_path: Path, name: str) -> None:
    """Before, such a file was refused: "take the column out of the file"."""
    columns, orders, totals, notes = FILES[name]
    made, left_out = await imported(tmp_path, columns, *orders)
    assert {number: total for number, total in made.items() if total != "0.00" or number in totals} == totals
    assert left_out == notes


async def test_what_is_left_out_is_told_by_its_word_and_its_sum(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    columns, orders, _, _ = FILES["of orders"]
    file = write(tmp_path / "sales.csv", f"{HEAD},{columns}", *told(*orders))
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=file, limit=100, watch=True)
    assert (trial.totals.money, trial.totals.left_out, trial.totals.money_made) == (
        Decimal("121.00"), Decimal("51.00"), Decimal("70.00"),
    )  # fmt: skip
    assert "voided or cancelled 2 (“voided” 2), refunded in full 1 (“refunded” 1) and not paid 1 (“pending” 1)" in (
        trial_words(trial.report)
    )
    assert "4 rows are no line of a purchase ($51.00)" in money_words(trial, "purchases")
    assert [line.file for line in total_lines(trial, "purchases")] == ["6", "6", "$121.00"]
    assert trial.unused == []
    assert {line.name: line.by for line in column_lines(inspect_file(file, "purchases"))}["Status"] == (
        "Says which rows count"
    )


@pytest.mark.parametrize(
    ("columns", "row", "words"),
    [
        ("Total,Status", "50.00,Wibble", "Row 2: “Status” says “Wibble”, and nobody can tell by that whether"),
        ("Total,Status", "50.00,2", "“Status” says “2”"),
        ("Total,Status", "50.00,", "“Status” is blank"),
        ("Total,Status", "50.00,\"Paid, Wibble\"", "“Status” says “Paid, Wibble”"),
        ("Total,Payment Status", "50.00,partially_refunded", "no column says how much was given back"),
        ("Total,Status", "50.00,Refund", "of a sum above zero: write what was given back below zero"),
        ("Total,Fulfillment Status", "50.00,unfulfilled", "“Fulfillment Status” says “unfulfilled”"),
        ("Total,Fulfilment Status", "50.00,", "“Fulfilment Status” is blank"),
        ("Total,Void?", "50.00,perhaps", "“Void?” says “perhaps”"),
        ("Total,Is Return", "50.00,Yes", "“Is Return” says “Yes”"),
    ],
)  # fmt: skip
async def test_what_nobody_can_tell_is_asked_before_anything_counts(
    database: str, tmp_path: Path, columns: str, row: str, words: str
) -> None:
    file = write(tmp_path / "sales.csv", f"{HEAD},{columns}", *told(f"1|{row}", f"2|{row}"))
    for dry_run in (True, False):
        with pytest.raises(Invalid) as caught:
            await run(file, "purchases", dry_run=dry_run)
        assert words in caught.value.message
        assert "If the column says nothing of what was paid, take it out." in caught.value.message
    assert await many("SELECT 1 FROM purchases") == []


@pytest.mark.parametrize("chunk", [100, 5_000])
async def test_a_word_that_comes_late_costs_its_order_and_nothing_else(
    database: str, tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused by name, stands in the file of refused rows with its order's other lines, and counts mended."""
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", chunk)
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    paid = [f"{number}|Rye,5.00,Paid" for number in range(1, SAMPLE_ROWS + 100)]
    late = ["9001|Rye,50.00,Paid", "9001|Gin,20.00,Wibble", "9002|Ale,7.00,Partially refunded", "9003|Ale,8.00,Voided"]
    file = write(tmp_path / "sales.csv", f"{HEAD},Item,Amount,Status", *told(*paid, *late))
    report = await run(file, "purchases")
    assert (report.created, report.rejected) == (len(paid), 3)
    assert report.reasons == {"unknown_status": 2, "order_with_refused_row": 1}
    assert report.notes == {"rows_voided: voided": 1}
    reasons = [one["reason"] for one in await found_rows("SELECT reason FROM import_rejects ORDER BY row_number")]
    assert "“Status” says “Wibble”" in reasons[1]
    assert "no column says how much was given back" in reasons[2]
    mended = [one.replace("Wibble", "Paid") for one in late[:2]]
    again = await run(write(tmp_path / "mended.csv", f"{HEAD},Item,Amount,Status", *told(*mended)), "purchases")
    assert (again.created, again.rejected) == (2, 0)
    (order,) = await many("SELECT total FROM purchases WHERE external_id = '9001'")
    assert order.total == Decimal("70.00")


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("Total,State", "50.00,MA"),
        ("Total,Order State", "50.00,ME"),
        ("Total,Estado", "50.00,Nuevo León"),
        ("Total,Paid with", "50.00,card"),
        ("Amount,Paid", "50.00,50.00"),
    ],
)
async def test_places_and_sums_say_nothing_of_what_counts(
    database: str, tmp_path: Path, columns: str, row: str
) -> None:
    made, notes = await imported(tmp_path, columns, f"1|{row}", f"2|{row}")
    assert (made, notes) == ({"1": "50.00", "2": "50.00"}, {})


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("PAID", Says.COUNTS), ("Order Completed", Says.COUNTS), ("payment_received", Says.COUNTS),
        ("Ready for pickup", Says.COUNTS), ("Not Paid", Says.UNPAID), ("Payment: Pending", Says.UNPAID),
        ("authorised", Says.UNPAID), ("Cancelled by customer", Says.VOIDED), ("No pagado", Says.UNPAID),
        ("Parcialmente reembolsado", Says.PARTLY), ("Bezahlt", Says.COUNTS), ("Remboursée", Says.REFUNDED),
        ("Devolución", Says.RETURN), ("paid partially by card", None), ("Shipped and Refunded", Says.REFUNDED),
        ("", None), ("Gold", None), ("Refunded per manager", Says.REFUNDED), ("Delivered by courier", Says.COUNTS),
        ("Voided because of breakage", Says.VOIDED), ("Stand by me", None), ("Gold by customer", None),
    ],
)  # fmt: skip
def test_words_in_the_languages_of_tills(cell: str, says: Says | None) -> None:
    assert said_by(cell) is says


def test_a_return_far_from_its_order_is_not_taken_off_twice() -> None:
    """Refunded orders are left out; a row of theirs below zero that follows elsewhere goes with them, and one that came
    before its sale leaves the sale to count."""
    columns = ["order", "amount", "status"]
    orders = [("1", "50", "Refunded"), ("2", "9", "Paid"), ("1", "-50", "Refunded"), ("3", "-20", "Refunded"),
              ("4", "5", "Paid"), ("3", "20", "Refunded")]  # fmt: skip
    read = StatusRows(columns, {"order_id": 0, "amount": 1}, [], ".")
    kept = [
        one.cells[1] for one in read.rows(Record(at, list(row)) for at, row in enumerate(orders)) if not one.left_out
    ]
    assert kept == ["9", "-20", "5", "20"]


def test_words_of_rows_left_out_are_told_with_how_many() -> None:
    assert note_words({"rows_voided: void": 2, "rows_voided: cancelled": 1, "rows_unpaid: pending": 1}) == (
        " Rows that are no lines of purchases, left out: voided or cancelled 3 (“void” 2, “cancelled” 1) and not paid 1"
        " (“pending” 1)."
    )


ASKED = "Order Number,Email,Date,Item,Amount"


@pytest.mark.parametrize(
    ("head", "rows", "orders"),
    [
        (f"{ASKED},Is Return", ["1,a@x.example,2026-10-01,Gin,30.00,No", "1,a@x.example,2026-10-01,Ale,10.00,Yes"],
         {"1": "20.00"}),
        (f"{ASKED},Refund?", ["1,a@x.example,2026-10-01,Gin,30.00,0", "1,a@x.example,2026-10-02,Gin,30.00,1"],
         {"1": "0.00"}),
        (f"{ASKED},Is Return", ["1,a@x.example,2026-10-01,Gin,30.00,No", "1,a@x.example,2026-10-01,Ale,-10.00,Yes"],
         {"1": "20.00"}),
        (f"{ASKED},Type", ["1,a@x.example,2026-10-01,Gin,30.00,Sale", "1,a@x.example,2026-10-02,Gin,-30.00,Exchange",
                           "1,a@x.example,2026-10-02,Rye,40.00,Exchange"], {"1": "40.00"}),
        (f"{ASKED},Status", ["1,a@x.example,2026-10-01,Gin,30.00,Paid", "2,a@x.example,2026-10-01,Rye,99.00,Training"],
         {"1": "30.00"}),
        ("Order Number,Store,Email,Date,Item,Amount",
         ["1,North,a@x.example,2026-10-01,Gin,30.00", "1,,,,Ale,10.00", "2,North,b@x.example,2026-10-02,Rye,5.00"],
         {"1": "40.00", "2": "5.00"}),
    ],
)  # fmt: skip
async def test_what_is_clear_is_read(
    database: str, tmp_path: Path, head: str, rows: list[str], orders: dict[str, str]
) -> None:
    """Refused before, though nobody could take them for anything else; a first row dates those below it."""
    await run(write(tmp_path / "people.csv", "email", "a@x.example", "b@x.example"))
    report = await run(write(tmp_path / "sales.csv", head, *rows), "purchases")
    found = await many("SELECT external_id, total FROM purchases ORDER BY 1")
    assert ({row.external_id: str(row.total) for row in found}, report.rejected) == (orders, 0)


ANSWERED: dict[str, tuple[tuple[str, ...], str]] = {
    "Result": (("SUCCESS", "FAIL"), "rows_unpaid: fail"),
    "Payment Result": (("Approved", "Declined"), "rows_unpaid: declined"),
    "Outcome": (("success", "timed out"), "rows_unpaid: timed out"),
    "Success": (("TRUE", "FALSE"), "rows_unpaid: success false"),
    "Approved": (("Yes", "No"), "rows_unpaid: approved no"),
    "Is Approved": (("Approved", "Declined"), "rows_unpaid: declined"),
    "Void Flag": (("0", "1"), "rows_voided: void flag"),
    "Voided Flag": (("N", "Y"), "rows_voided: voided flag y"),
    "Void Ind": (("", "V"), "rows_voided: void ind v"),
    "VoidYN": (("N", "Y"), "rows_voided: voidyn y"),
    "Suspended": (("No", "Yes"), "rows_unpaid: suspended yes"),
    "Training": (("0", "-1"), "rows_unpaid: training"),
    "Training Mode": (("FALSE", "TRUE"), "rows_unpaid: training mode true"),
    "Test Order": (("no", "yes"), "rows_unpaid: test order yes"),
    "No Sale": (("N", "Y"), "rows_voided: no sale y"),
    "Error Correct": (("0", "1"), "rows_voided: error correct"),
}  # fmt: skip


@pytest.mark.parametrize("column", ANSWERED)
async def test_columns_that_ask_what_became_of_a_row(database: str, tmp_path: Path, column: str) -> None:
    """Before, the column was left out without a word, and what failed or was voided counted."""
    (stands, falls), why = ANSWERED[column]
    made, notes = await imported(tmp_path, f"Total,{column}", f"1|50.00,{stands}", f"2|30.00,{falls}")
    assert (made, notes) == ({"1": "50.00"}, {why: 1})


@pytest.mark.parametrize("column", ["Training", "Suspended", "Test", "Success", "Result"])
async def test_such_a_column_of_something_else_says_nothing(database: str, tmp_path: Path, column: str) -> None:
    made, notes = await imported(tmp_path, f"Total,{column}", "1|50.00,Sam Poe", "2|30.00,Blue")
    assert (made, notes) == ({"1": "50.00", "2": "30.00"}, {})


async def test_what_clover_paid_back_is_no_sale(database: str, tmp_path: Path) -> None:
    """Before, the column was left out without a question: half of a sale of $50.00 came back, and all of it counted."""
    await run(write(tmp_path / "people.csv", "customer id,email", "C1,a@x.example"))
    head = "Payment Date,Payment ID,Order ID,Customer ID,Amount,Tax Amount,Tip Amount,Result,Tender,Refund Amount"
    rows = ("01-Oct-2026 06:14 PM EDT,P1,O1,C1,54.00,4.00,0.00,SUCCESS,Cash,27.00",
            "01-Oct-2026 06:20 PM EDT,P2,O2,C1,21.60,1.60,0.00,SUCCESS,Cash,0.00",
            "01-Oct-2026 06:25 PM EDT,P3,O3,C1,10.00,0.00,0.00,SUCCESS,Cash,-10.00")  # fmt: skip
    await run(write(tmp_path / "payments.csv", head, *rows), "purchases")
    made = {one.external_id: str(one.total) for one in await many("SELECT external_id, total FROM purchases")}
    assert made == {"O1": "25.00", "O2": "20.00", "O3": "0.00"}


async def test_clovers_payments_that_failed_are_no_sales(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "customer id,email", "C1,a@x.example"))
    head = "Payment Date,Payment ID,Order ID,Customer ID,Amount,Tax Amount,Tip Amount,Result"
    rows = ("01-Oct-2026 06:14 PM EDT,P1,O1,C1,53.13,3.13,0.00,SUCCESS",
            "01-Oct-2026 06:20 PM EDT,P2,O2,C1,31.88,1.88,0.00,FAIL")  # fmt: skip
    report = await run(write(tmp_path / "payments.csv", head, *rows), "purchases")
    made = await many("SELECT external_id FROM purchases")
    assert ([one.external_id for one in made], report.notes) == (["O1"], {"rows_unpaid: fail": 1})


@pytest.mark.parametrize("column", ["Type", "Kind"])
@pytest.mark.parametrize("words", [("S", "R", "V"), ("SL", "RT", "VD"), ("SALE", "RET", "CANC"), ("s", "r", "v")])
async def test_letters_are_kinds_where_what_came_back_is_below_zero(
    database: str, tmp_path: Path, column: str, words: tuple[str, str, str]
) -> None:
    """Before, they were categories, and a void counted."""
    sale, back, void = words
    made, notes = await imported(
        tmp_path, f"{column},Item,Total", f"1|{sale},Rye,50.00", f"2|{back},Ale,-8.00", f"3|{void},Gin,9.00"
    )
    assert (made, notes) == ({"1": "50.00", "2": "-8.00"}, {f"rows_voided: {void.lower()}": 1})


async def test_letters_are_categories_where_nothing_came_back(database: str, tmp_path: Path) -> None:
    """An R may be for red wine, a V for vodka, and either may come back."""
    rows = ("1|R,Rioja,50.00", "2|S,Scotch,30.00", "3|V,Vodka,9.00", "4|S,Scotch,-30.00", "5|R,Rioja,-50.00")
    made, notes = await imported(tmp_path, "Type,Item,Total", *rows)
    assert (list(made.values()), notes) == (["50.00", "30.00", "9.00", "-30.00", "-50.00"], {})


KINDS: dict[str, tuple[str, tuple[str, ...], dict[str, str], dict[str, int]]] = {
    "QuickBooks": (
        "Transaction Type", ("1|Sales Receipt,50.00", "2|Refund Receipt,-8.00"), {"1": "50.00", "2": "-8.00"}, {},
    ),
    "QuickBooks POS": (
        "Receipt Type",
        ("1|Regular,50.00", "2|Reversed,30.00", "3|Reversing,-30.00"),
        {"1": "50.00", "2": "30.00", "3": "-30.00"},
        {},
    ),
    "a reversal by itself": ("Receipt Type", ("1|Regular,50.00", "2|Reversed,30.00"), {"1": "50.00"},
                             {"rows_refunded: reversed": 1}),
    "what is no sale yet": (
        "Txn Type",
        ("1|Sale,50.00", "2|Quote,30.00", "3|Held,9.00", "4|Paid Out,5.00", "5|Paid In,6.00", "6|No Sale,0.00",
         "7|Rtn,-2.00"),
        {"1": "50.00", "7": "-2.00"},
        {"rows_unpaid: quote": 1, "rows_unpaid: held": 1, "rows_unpaid: paid out": 1, "rows_unpaid: paid in": 1,
         "rows_voided: no sale": 1},
    ),
    "WooCommerce": ("Type", ("1|shop_order,50.00", "2|shop_order_refund,-8.00"), {"1": "50.00", "2": "-8.00"}, {}),
    "Square": ("Event Type", ("1|Payment,50.00", "2|Refund,-8.00"), {"1": "50.00", "2": "-8.00"}, {}),
    "a terminal's": ("Transaction Type", ("1|Approved,50.00", "2|Declined,8.00"), {"1": "50.00"},
                     {"rows_unpaid: declined": 1}),
    "how it was sold": ("Order Type", ("1|Delivery,50.00", "2|In-Store,8.00"), {"1": "50.00", "2": "8.00"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
async def test_kinds_of_rows_in_the_words_of_tills(database: str, tmp_path: Path, name: str) -> None:
    column, rows, totals, left_out = KINDS[name]
    made, notes = await imported(tmp_path, f"{column},Total", *rows)
    assert ({number: total for number, total in made.items() if total != "0.00"}, notes) == (totals, left_out)


@pytest.mark.parametrize("column", ["Transaction Type", "Line Type", "Row Kind", "Type"])
@pytest.mark.parametrize("word", ["Wibble", "Sale Line", "Payment"])
async def test_a_kind_nobody_knows_is_named_and_what_to_do(
    database: str, tmp_path: Path, column: str, word: str
) -> None:
    """Before, a refusal named the column, not the word in it that was not read; then the whole file was refused."""
    file = write(
        tmp_path / "sales.csv", f"{HEAD},{column},Total", *told("1|Sale,50.00", f"2|{word},9.00", "3|Return,-9.00")
    )
    report = await run(file, "purchases")
    assert report.reasons["unknown_status"] == 1
    assert f"“{column}” says “{word}”, and nobody can tell by that whether it was paid." in rejects(report)
    only = write(
        tmp_path / "only.csv",
        f"{HEAD},{column},Total",
        *told("1|Sale,50.00", f"2|{word},9.00", f"3|{word},9.00", "3|Return,-9.00"),
    )
    with pytest.raises(Invalid) as caught:
        await run(only, "purchases")
    assert f"“{column}” says “{word}”" in caught.value.message
    assert "Write one of them for a word that is none, or take its rows out." in caught.value.message


@pytest.mark.parametrize("kind", ["Trans Type", "Type"])
async def test_an_exchange_above_zero_is_what_was_paid_on_top(database: str, tmp_path: Path, kind: str) -> None:
    """A file whose returns stand below zero says by its signs what an exchange came to."""
    rows = ("1|Sale,50.00", "2|Return,-15.00", "3|Exchange,7.00", "4|Exchange,-2.00")
    made, notes = await imported(tmp_path, f"{kind},Net Amount", *rows)
    assert (made, notes) == ({"1": "50.00", "2": "-15.00", "3": "7.00", "4": "-2.00"}, {})


async def test_an_exchange_where_nothing_has_a_sign_is_asked(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "sales.csv", f"{HEAD},Trans Type,Net Amount", *told("1|Sale,50.00", "3|Exchange,7.00"))
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    with pytest.raises(Invalid, match="“Trans Type” says “Exchange” of a sum above zero"):
        await run(file, "purchases")


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (
            Says.COUNTS,
            "ONACCOUNT_CLOSED,AWAITING_DISPATCH,DISPATCHED_CLOSED,PICKEDUP_CLOSED,Dispatched,Packed,In transit"
            ",Out for delivery,Ready for dispatch,Tendered,Charged,Final,Sales Receipt",
        ),
        (Says.UNPAID, "ONACCOUNT,FAIL,Quote,Held,Paid Out,Paid In,Timed out"),
        (Says.VOIDED, "No Sale,CANC,Error Correct"),
        (Says.RETURN, "Rtn,RET"),
    ],
)
def test_more_words_of_tills(says: Says, words: str) -> None:
    assert {word: said_by(word) for word in words.split(",")} == dict.fromkeys(words.split(","), says)

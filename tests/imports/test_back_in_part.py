"""Sales of which only a part came back, in the forms tills tell it; orders told twice; and noes that were lost with
their row or their letters. Before, each came to another sum, or to no no."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.answers.coded_columns import coded_field, may_be_codes
from tests.imports.test_import import rejects, rows, run
from tests.imports.test_import_cases import many, write

FILES: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "a status, and how much": (
        "Status,Total,Refund Amount",
        ("1,@,Refunded,80.00,30.00", "2,@,Refunded,40.00,40.00", "3,@,Completed,25.00,0.00", "4,@,Refunded,10.00,"),
        {"1": "50.00", "3": "25.00"},
    ),
    "a yes, and how much": (
        "Total,Refunded,Refunded Amount",
        ("1,@,$80.00,TRUE,$30.00", "2,@,$40.00,FALSE,$0.00", "3,@,$12.00,TRUE,$12.00"),
        {"1": "50.00", "2": "40.00"},
    ),
    "a day, and how much in brackets": (
        "Refunded At,Total,Refund Amount",
        ("1,@,2025-03-05,80.00,(30.00)", "2,@,,40.00,-"),
        {"1": "50.00", "2": "40.00"},
    ),
    "told on an order's first line": (
        "Financial Status,Item,Qty,Price,Refunded Amount",
        ("1,@,refunded,Rye,1,50.00,30.00", "1,@,,Gin,1,30.00,", "2,@,paid,Rum,1,9.00,0.00"),
        {"1": "50.00", "2": "9.00"},
    ),
    "with its tax": (
        "Status,Subtotal,Tax,Total,Refund Amount",
        ("1,@,Refunded,80.00,8.00,88.00,44.00", "2,@,Refunded,40.00,4.00,44.00,44.00", "3,@,Paid,7.00,0.70,7.70,0.00"),
        {"1": "40.00", "3": "7.00"},
    ),
    "what is left beside it": (
        "Status,Total,Refund Amount,Net Total",
        ("1,@,Refunded,80.00,30.00,50.00", "2,@,Paid,40.00,0.00,40.00", "3,@,Paid,7.00,0.00,7.00"),
        {"1": "50.00", "2": "40.00", "3": "7.00"},
    ),
    "what is left, and no status": (
        "Total,Refund Amount,Net Total",
        ("1,@,80.00,30.00,50.00", "2,@,40.00,0.00,40.00", "3,@,7.00,0.00,7.00"),
        {"1": "50.00", "2": "40.00", "3": "7.00"},
    ),
    "a sum under the name of a yes": (
        "Item,Qty,Unit Price,Refunded Qty,Refunded",
        ("1,@,Malbec,4,20.00,1,20.00", "1,@,Rioja,1,10.00,0,0.00", "2,@,Gin,1,30.00,1,1.00"),
        {"1": "70.00", "2": "29.00"},
    ),
    "in cents": (
        "Status,Amount (cents),Refunded (cents)",
        ("1,@,Refunded,8000,3000", "2,@,Paid,4000,0"),
        {"1": "50.00", "2": "40.00"},
    ),
    "and once more as a row": (
        "Status,Total,Refund Amount",
        ("1,@,Refunded,80.00,30.00", "1,@,Refund,-30.00,", "2,@,Partially refunded,60.00,10.00", "2,@,Refund,-10.00,"),
        {"1": "50.00", "2": "50.00"},
    ),
    "a return's discount below zero": (
        "Item,Qty,Price,Subtotal,Discount,Total",
        ("1,@,Rye,2,20.00,40.00,4.00,36.00", "2,@,Rye,-1,20.00,-20.00,-2.00,-18.00", "3,@,Gin,1,9.00,9.00,0.00,9.00"),
        {"1": "36.00", "2": "-18.00", "3": "9.00"},
    ),
    "invoices and credit notes": (
        "Type,Total",
        ("1,@,Invoice,80.00", "2,@,Credit Note,30.00"),
        {"1": "80.00", "2": "-30.00"},
    ),
}  # fmt: skip


async def _come_to(tmp_path: Path, head: str, lines: tuple[str, ...]) -> tuple[dict[str, str], dict[str, int]]:
    await run(write(tmp_path / "people.csv", "email,name", "ann@b.example,Ann"))
    told = (one.replace("@", "2026-03-01 10:00,ann@b.example", 1) for one in lines)
    report = await run(write(tmp_path / "sales.csv", f"Order ID,Date,Email,{head}", *told), "purchases")
    assert report.rejected == 0, report.reasons
    found = await many("SELECT external_id, total FROM purchases ORDER BY 1")
    return {one.external_id: str(one.total) for one in found}, report.notes


@pytest.mark.integration
@pytest.mark.parametrize("name", FILES)
async def test_what_did_not_come_back_was_paid(database: str, tmp_path: Path, name: str) -> None:
    head, lines, orders = FILES[name]
    assert (await _come_to(tmp_path, head, lines))[0] == orders


@pytest.mark.integration
async def test_a_refund_said_of_the_order_on_each_row_is_refused_in_words(database: str, tmp_path: Path) -> None:
    lines = ("1,@,Refunded,Rye,1,50.00,60.00", "1,@,Refunded,Gin,1,30.00,60.00")
    with pytest.raises(Invalid, match="“Refund Total” says what was given back of whole orders"):
        await _come_to(tmp_path, "Status,Item,Qty,Price,Refund Total", lines)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("head", "total", "told"),
    [("Total,Note", "80.00", 1), ("Order Total,Note", "80.00", 1), ("Total,Tender", "160.00", 0),
     ("Amount,Note", "160.00", 0)],
)  # fmt: skip
async def test_an_order_told_twice_word_for_word_is_one(
    database: str, tmp_path: Path, head: str, total: str, told: int
) -> None:
    orders, notes = await _come_to(tmp_path, head, ("1,@,80.00,x", "2,@,9.00,x", "1,@,80.00,x"))
    assert (orders, notes.get("rows_repeated", 0)) == ({"1": total, "2": "9.00"}, told)


@pytest.mark.integration
async def test_the_no_of_a_refused_row_is_heard(database: str, tmp_path: Path) -> None:
    """Of the first the yes stood, though the file's later row says no of that address."""
    report = await run(write(
        tmp_path / "people.csv", "id,name,email,email consent,consent date,consent source",
        "1,Sid,sid@b.example,yes,2025-01-01,till", "2,Sid,SID@b.example,no,2025-06-01,till",
        "3,Tia,tia@b.example,yes,2025-01-01,till", "3,Tia,uma@b.example,yes,2025-01-01,till",
        "4,Uma,uma4@b.example,yes,2025-01-01,till", "3,Tia,uma4@b.example,no,2025-06-01,till",
    ), policy="keep")  # fmt: skip
    assert report.reasons == {"email_of_another": 1, "two_customers": 1}
    assert rejects(report).count("That it says no is taken all the same.") == 2
    found = await rows("SELECT external_id, email_consent FROM customers ORDER BY 1")
    assert {one["external_id"]: one["email_consent"] for one in found} == dict.fromkeys("134", "withdrawn")


@pytest.mark.integration
async def test_in_and_out_in_letters_are_heard_as_noes(database: str, tmp_path: Path) -> None:
    lines = ("a@b.example,2075550101,I,O", "c@b.example,2075550102,O,I", "d@b.example,2075550103,,")
    await run(write(tmp_path / "people.csv", "email,phone,Email Pref,Text Pref", *lines))
    found = await rows("SELECT left(email, 1) AS who, email_consent, sms_consent FROM customers ORDER BY 1")
    assert [tuple(one.values()) for one in found] == [
        ("a", None, "withdrawn"), ("c", "withdrawn", None), ("d", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "cells", "is_told"),
    [("Email Pref", ["H", "T"], True), ("Email Pref", ["O", "O"], True), ("Marketing Preference", ["1", "2"], True),
     ("Phone Type", ["H", "W"], False), ("Email Pref", ["Weekly", "Monthly"], False), ("Wine Pref", ["R", "W"], False)],
)  # fmt: skip
def test_letters_nobody_can_read_are_pointed_out(column: str, cells: list[str], is_told: bool) -> None:
    assert coded_field(column, cells) is None
    assert may_be_codes(column, cells) is is_told

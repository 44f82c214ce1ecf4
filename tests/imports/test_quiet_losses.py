"""Noes and returns that files tell in ways which were passed over without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.imports.cleaning.answers.status_columns import is_of_the_person
from liquor_app.imports.cleaning.orders.money_names import given_back, names_sum_given_back
from liquor_app.imports.cleaning.orders.row_kinds import tells_kinds
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write
from tests.imports.test_reversed_orders import orders, people


@pytest.mark.integration
@pytest.mark.parametrize("column", ["Status", "Contact Status", "Email Status", "Email Consent"])
@pytest.mark.parametrize(
    "cell", ["Do Not Contact", "DNC", "do not contact (asked)", "Deceased", "Passed away", "No contactar"]
)
async def test_who_is_not_to_be_contacted_is_not_texted(database: str, tmp_path: Path, column: str, cell: str) -> None:
    """Before, the no of a status was one to e-mail alone, and the yes to texts beside it stood."""
    head = f"Email,Phone,{column},SMS Opt In,SMS Opt In Date,SMS Opt In Source"
    rows = (
        f"ana@x.example,617-555-0142,{cell},Yes,2024-01-01,till",
        "bo@x.example,617-555-0143,Unsubscribed,Yes,2024-01-01,till",
    )
    await run(write(tmp_path / "people.csv", head, *rows))
    found = await many("SELECT email_consent, sms_consent FROM customers ORDER BY email_key")
    assert [tuple(one) for one in found] == [("withdrawn", "withdrawn"), ("withdrawn", "given")]


@pytest.mark.parametrize(
    ("cell", "column", "is_person"),
    [
        ("No marketing", "Status", True), ("No marketing", "Email Status", False), ("DNC", "Email Status", True),
        ("Opted out", "Status", False), ("Contacted", "Status", False),
    ],
)  # fmt: skip
def test_a_no_to_marketing_is_one_to_the_channel_its_column_names(cell: str, column: str, is_person: bool) -> None:
    assert is_of_the_person(cell, column) is is_person


@pytest.mark.integration
@pytest.mark.parametrize("column", ["Type", "Trans Code", "Transaction Code", "Txn Cd"])
async def test_letters_of_orders_are_kinds(database: str, tmp_path: Path, column: str) -> None:
    """Before, what came back, and what was voided, was added as sold: $127.00."""
    await people(tmp_path)
    rows = (
        "1,a@x.example,2026-10-01,S,80.00", "2,a@x.example,2026-10-02,R,30.00", "3,b@x.example,2026-10-03,V,12.00",
        "4,b@x.example,2026-10-04,S,5.00",
    )  # fmt: skip
    await run(write(tmp_path / "sales.csv", f"Receipt,Email,Date,{column},Total", *rows), "purchases")
    assert await orders() == {"1": "80.00", "2": "-30.00", "4": "5.00"}


def test_letters_beside_products_may_be_theirs() -> None:
    """R may be for red wine, S for sparkling; a code may be a number."""
    rows = [["1", "R", "Rioja"], ["2", "S", "Cava"]]
    assert not tells_kinds(["Receipt", "Type", "Item"], 1, rows)
    assert tells_kinds(["Receipt", "Type", "Total"], 1, [["1", "R", "5.00"], ["2", "S", "5.00"]])
    assert not tells_kinds(["Receipt", "Type", "Total"], 1, [["1", "R", "5.00"], ["2", "R", "5.00"]])
    assert not tells_kinds(["Receipt", "Trans Code", "Total"], 1, [["1", "9411", "5.00"], ["2", "R", "5.00"]])


@pytest.mark.integration
@pytest.mark.parametrize(
    "column",
    ["Reembolsado", "Importe reembolsado", "Reembolso", "Devoluciones", "Monto devuelto", "Remboursé",
     "Montant remboursé", "Erstattet", "Rückerstattung", "Reversed Amount", "Refnd Amt", "Rfd Amt", "Refund Amt",
     "Money Back", "Less Returns", "Amount Credited"],
)  # fmt: skip
async def test_what_came_back_is_taken_off_in_other_words(database: str, tmp_path: Path, column: str) -> None:
    """Before, the column was left out, and what came back was counted as paid."""
    await people(tmp_path)
    rows = ("1,a@x.example,2026-10-01,80.00,30.00", "2,b@x.example,2026-10-02,9.00,0.00")
    await run(write(tmp_path / "sales.csv", f"Receipt,Email,Date,Total,{column}", *rows), "purchases")
    assert await orders() == {"1": "50.00", "2": "9.00"}


@pytest.mark.parametrize("column", ["Total less returns", "Net after refunds", "Política de devoluciones"])
def test_what_is_left_is_not_what_came_back(column: str) -> None:
    assert not given_back(column)
    assert not names_sum_given_back(column)

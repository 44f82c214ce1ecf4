"""Columns whose names do not tell, or tell wrong, are known by what stands in them; a file may have no header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from liquor_app.imports.cleaning.cell_kinds import CellKind, kind_of
from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.dry_run import inspect_file
from liquor_app.imports.readers.dialect import NEVER_EITHER, guess_dialect
from liquor_app.imports.readers.formats import open_table
from liquor_app.imports.readers.row_reader import Record
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["ann@example.com", "", "bo@example.com"], CellKind.EMAIL),
        (["(207) 555-0123", "207-555-0124", "+44 20 7946 0018"], CellKind.PHONE),
        (["yes", "No", "SUBSCRIBED", "never_subscribed"], CellKind.ANSWER),
        (["Jan 5, 2024", "11/1/16 3pm", "2024-01-05"], CellKind.MOMENT),
        (["USD 12.50", "12,50", "(3.00)"], CellKind.MONEY),
        (["2075550123", "2075550124"], None),  # ids, receipts
        (["20240105", "20240106"], None),
        (["Ann", "ann@example.com"], None),
        (["1", "0", "1"], None),
        (["", " "], None),
        (["x" * 1_000_000], None),
    ],
)
def test_what_cells_are(cells: list[str], kind: CellKind | None) -> None:
    assert kind_of(cells) == kind


def guessed(kind: str, columns: list[str], *rows: list[str]) -> dict[str, str]:
    return guess_mapping(columns, kind, None, [Record(number, list(row)) for number, row in enumerate(rows, 2)])


def test_names_that_tell_wrong_are_not_followed() -> None:
    found = guessed(
        "customers",
        ["Customer", "Mobile", "Contact", "Login", "Newsletter", "Born"],
        ["Ann Gray", "yes", "(207) 555-0123", "ann@example.com", "no", "2/3/1980"],
        ["Bo Hill", "no", "(207) 555-0124", "bo@example.com", "yes", "4/5/1970"],
    )
    assert found == {
        "name": "Customer", "phone": "Contact", "email": "Login", "email_consent": "Newsletter",
        "sms_consent": "Mobile", "date_of_birth": "Born",
    }  # fmt: skip
    # an id that is an address is the address
    assert guessed("customers", ["Customer ID", "Name"], ["ann@example.com", "Ann"])["email"] == "Customer ID"


def test_one_bad_cell_does_not_make_another_column() -> None:
    assert guessed("customers", ["Email", "Birthday"], ["ann@example.com", "00-00-0000"], ["not an address", "x"]) == {
        "email": "Email", "date_of_birth": "Birthday",
    }  # fmt: skip


def test_sales_without_telling_names() -> None:
    row = ["Nov 5, 2026 3:10 PM", "ann@example.com", "Rioja", "12.50"]
    assert guessed("purchases", ["When", "Who", "What", "Paid"], row) == {
        "occurred_at": "When", "email": "Who", "amount": "Paid",
    }  # fmt: skip
    # two columns of money: somebody must say which is what the line came to
    assert "amount" not in guessed("purchases", ["When", "Who", "Paid", "Due"], [row[0], row[1], "12.50", "13.50"])


async def test_a_file_without_a_header_loses_nobody(database: str, tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", "ann@example.com,Ann,(207) 555-0123", "bo@example.com,Bo,(207) 555-0124")
    seen = inspect_file(path, "customers")
    assert (seen.columns, seen.mapping) == (
        ["column 1", "column 2", "column 3"], {"email": "column 1", "phone": "column 3"},
    )  # fmt: skip
    report = await run(path, mapping={**seen.mapping, "first_name": "column 2"})
    assert (report.rows, report.created) == (2, 2)
    people: list[Any] = await many("SELECT email, name FROM customers ORDER BY email")
    assert [tuple(one) for one in people] == [("ann@example.com", "Ann"), ("bo@example.com", "Bo")]


def test_a_workbook_without_a_header(tmp_path: Path) -> None:
    book = Workbook()
    for row in ([], ["ann@example.com", "Ann"], ["bo@example.com", None]):
        book.active.append(row)
    book.save(path := tmp_path / "list.xlsx")
    with open_table(path) as table:
        assert table.columns == ["column 1", "column 2"]
        assert [(one.number, one.cells) for one in table] == [
            (2, ["ann@example.com", "Ann"]),
            (3, ["bo@example.com", ""]),
        ]


@pytest.mark.parametrize(
    ("day", "evidence"),
    [("2026-10-01", "No date in the first rows could be read either way"), ("01/10/2026", ""), ("", NEVER_EITHER),
     ("24/11/2026", "1 row such as 24/11/2026 says so"), ("Jan 5, 2026", NEVER_EITHER)],
)  # fmt: skip
def test_dates_that_can_be_one_thing_need_no_check(day: str, evidence: str) -> None:
    """“Please check” stood under dates of 2026-10-01."""
    assert guess_dialect([Record(2, [day])], {"occurred_at": 0}).date_evidence == evidence


@pytest.mark.parametrize(
    ("head", "rows", "customer"),
    [
        ("Customer,Email,Date,Total", ("Ann Lee,a@x.example,2026-10-01,5.00", "Bo O'Ray,b@x.example,2026-10-02,6.00"),
         None),
        ("Client,Phone,Date,Total", ("Ann M. Lee,(617) 555-0142,2026-10-01,5.00", "Jean-Luc Roy,,2026-10-02,6.00"),
         None),
        ("Customer,Contact,Date,Total", ("Zoë Lee,a@x.example,2026-10-01,5.00", "Bo Ray,b@x.example,2026-10-02,6.00"),
         None),
        ("Customer,Email,Date,Total", ("C1,a@x.example,2026-10-01,5.00", "C2,b@x.example,2026-10-02,6.00"),
         "Customer"),
        ("Customer,Email,Date,Total", ("annlee,a@x.example,2026-10-01,5.00", "bo,b@x.example,2026-10-02,6.00"),
         "Customer"),
        ("Customer,Date,Total", ("Ann Lee,2026-10-01,5.00", "Bo Ray,2026-10-02,6.00"), "Customer"),
    ],
)  # fmt: skip
def test_names_of_people_are_no_key_beside_another(head: str, rows: tuple[str, ...], customer: str | None) -> None:
    """A row's e-mail was said to belong to another customer than "Ann Lee", and the row was refused."""
    columns = head.split(",")
    sample = [Record(2 + at, row.split(",")) for at, row in enumerate(rows)]
    assert guess_mapping(columns, "purchases", None, sample).get("customer") == customer


@pytest.mark.parametrize(
    "column",
    ["Inv No", "Inv #", "Inv. Number", "Txn ID", "Trx No", "Txn #", "Trx", "Txn", "Inv", "Doc No", "Doc #",
     "Document Number", "Docket No", "Slip #", "Receipt #", "Slip ID"],
)  # fmt: skip
def test_numbers_of_orders_in_short(column: str) -> None:
    columns = [column, "Email", "Date", "Total"]
    sample = [Record(2 + at, [f"10{at}", "a@x.example", "2026-10-01", "5.00"]) for at in range(2)]
    assert guess_mapping(columns, "purchases", None, sample).get("order_id") == column


@pytest.mark.integration
async def test_a_name_beside_an_address_refuses_no_row(database: str, tmp_path: Path) -> None:
    await run(
        write(tmp_path / "people.csv", "customer id,email,name", "C1,a@x.example,Ann Lee", "C2,b@x.example,Bo Ray")
    )
    head = "Order ID,Customer,Email,Date,Total"
    rows = ("1,Ann Lee,a@x.example,2026-10-01,5.00", "2,Bo Ray,b@x.example,2026-10-02,6.00")
    report = await run(write(tmp_path / "sales.csv", head, *rows), "purchases")
    made = await many(
        "SELECT p.external_id, c.email FROM purchases p JOIN customers c ON c.id = p.customer_id ORDER BY 1"
    )
    assert (report.rejected, [tuple(one) for one in made]) == (0, [("1", "a@x.example"), ("2", "b@x.example")])

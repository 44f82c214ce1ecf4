"""Files as people send them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liquor_app.core.errors import Invalid
from liquor_app.customers.importing.mapping import check_mapping, guess_mapping
from liquor_app.customers.importing.reading import Record, open_table


def read(path: Path) -> tuple[list[str], list[Record]]:
    with open_table(path) as file:
        return file.columns, list(file)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiters_and_encodings_are_recognised(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(delimiter.join(["email", "name"]) + "\n" + delimiter.join(["a@b.co", "José"]), encoding=encoding)
    columns, rows = read(path)
    assert columns == ["email", "name"]
    assert rows == [Record(2, ["a@b.co", "José"])]


def test_a_windows_row_in_a_utf8_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("name\nZoë\n".encode() + "André\n".encode("cp1252"))
    assert [row.cells[0] for row in read(path)[1]] == ["Zoë", "André"]


def test_one_stray_quote_costs_one_row(tmp_path: Path) -> None:
    lines = ["email,name", 'a@b.co,"never closed', *(f"p{n}@b.co,Person {n}" for n in range(200))]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    rows = read(path)[1]
    assert [row.number for row in rows if row.problem] == [2]
    assert len([row for row in rows if not row.problem]) == 200
    assert rows[0].cells == ['a@b.co,"never closed']


def test_a_quoted_cell_may_span_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('email,name\na@b.co,"Ada\nLovelace"\nb@b.co,Bo\n')
    assert [row.cells[1] for row in read(path)[1]] == ["Ada\nLovelace", "Bo"]


def test_ragged_blank_and_endless_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    huge = "x" * 3_000_000
    path.write_text(f"email,name\na@b.co\n,\n\nb@b.co,Bo,,\nc@b.co,Cy,extra\nd@b.co,{huge}\ne@b.co,Eve\n")
    rows = read(path)[1]
    assert [(row.number, bool(row.problem)) for row in rows] == [
        (2, True), (5, False), (6, True), (7, True), (8, False),
    ]  # fmt: skip
    assert rows[1].cells == ["b@b.co", "Bo"]
    assert len(rows[3].cells[0]) <= 500


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"\n\n", "empty"), (b"PK\x03\x04zip", "Excel"), (b"\xd0\xcf\x11\xe0\xa1", "old Excel")],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(Invalid, match=message):
        read(path)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=20))
def test_whatever_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    clean = [[cell.replace("\x00", "").encode("utf-8", "ignore").decode() for cell in row] for row in table]
    text = io.StringIO()
    csv.writer(text).writerows([["left", "right"], *clean])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(text.getvalue().encode())
    wanted = [row for row in clean if any(cell.strip() for cell in row)]
    assert [row.cells for row in read(path)[1]] == wanted


def test_columns_are_recognised_by_the_names_people_use() -> None:
    columns = ["Customer ID", "First Name", "Last Name", "E-Mail Address", "Mobile Phone", "ZIP", "DOB", "Favourite"]
    assert guess_mapping(columns, "customers") == {
        "external_id": "Customer ID",
        "first_name": "First Name",
        "last_name": "Last Name",
        "email": "E-Mail Address",
        "phone": "Mobile Phone",
        "postal_code": "ZIP",
        "date_of_birth": "DOB",
    }
    sales = guess_mapping(["Order No", "Date", "Time", "Customer", "SKU", "Qty", "Net Sales", "Shop"], "purchases")
    assert sales == {
        "order_id": "Order No",
        "customer": "Customer",
        "occurred_at": "Date",
        "time_of_day": "Time",
        "product": "SKU",
        "quantity": "Qty",
        "amount": "Net Sales",
        "store": "Shop",
    }


def test_consent_without_evidence_is_not_taken() -> None:
    assert "email_consent" not in guess_mapping(["email", "email consent"], "customers")
    assert "email_consent" in guess_mapping(["email", "email consent", "consent source", "consent date"], "customers")
    with pytest.raises(Invalid, match="evidence"):
        check_mapping({"email": "a", "email_consent": "b"}, ["a", "b"], "customers")


@pytest.mark.parametrize(
    ("mapping", "kind", "columns", "names"),
    [
        ({"mail": "a"}, "customers", ["a"], "mail"),
        ({"email": "b"}, "customers", ["a"], "'b'"),
        (None, "customers", ["colour", "name"], "colour"),
        (None, "purchases", ["customer", "amount"], "occurred_at"),
        (None, "purchases", ["customer", "date"], "amount"),
    ],
)
def test_a_bad_mapping_names_what_is_wrong(
    mapping: dict[str, str] | None, kind: str, columns: list[str], names: str
) -> None:
    with pytest.raises(Invalid, match=names):
        check_mapping(mapping, columns, kind)

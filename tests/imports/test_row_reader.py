"""Files as people send them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from liquor_app.core.errors import Invalid
from liquor_app.customers.visible_text import narrow
from liquor_app.imports.cleaning.column_mapping import check_mapping, guess_mapping
from liquor_app.imports.readers.dialect import guess_dialect
from liquor_app.imports.readers.formats import open_table
from liquor_app.imports.readers.row_reader import Record
from tests.examples import examples


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


@pytest.mark.parametrize(
    ("header", "lines", "wanted"),
    [
        ("email,name,city", "a@b.co,Ann b@b.co c@b.co,Cy,Bath", "a@b.co|Ann| b@b.co|| c@b.co|Cy|Bath"),
        # two short rows that together are as wide as the header, each its own
        ("id,name,email,city,note", "1,Ann,a@b.co 2,Bo,b@b.co 3", "1|Ann|a@b.co|| 2|Bo|b@b.co|| 3||||"),
        # a note with line breaks nobody put in quotes
        ("id,email,note,city", "1,a@b.co,likes red wine,Bath 2,b@b.co", "1|a@b.co|likes_red_wine|Bath 2|b@b.co||"),
        # its end cut off besides: the rest of it is nobody's
        ("id,email,note,city,state", "1,a@b.co,likes wine,Bath 2,b@b.co", "1|a@b.co|likes|| !3 2|b@b.co|||"),
        # moved by a comma nobody put in quotes, and a report's last words
        ("id,name,email", "1,Ann,a@b.co 2,Bo,Great,b@b.co Total:2", "1|Ann|a@b.co !3 !4"),
        ("name,note,city,street", "Ann,likes wine,Bath,Elm", "Ann|likes|| wine|Bath|Elm|"),
        # first rows of which nothing tells whether they are one
        ("name,note,city", "Ann, ,Bath", "!2 !3"),
    ],
)  # fmt: skip
def test_rows_narrower_and_wider_than_the_header(tmp_path: Path, header: str, lines: str, wanted: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *lines.split(" ")]))
    told = [f"!{row.number}" if row.problem else "|".join(row.cells).replace("\n", "_") for row in read(path)[1]]
    assert told == wanted.split(" ")


def test_ragged_blank_and_endless_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    huge = "x" * 3_000_000
    path.write_text(f"email,name\na@b.co\n,\n\nb@b.co,Bo,,\nc@b.co,Cy,extra\nd@b.co,{huge}\ne@b.co,Eve\n")
    rows = read(path)[1]
    assert [(row.number, bool(row.problem)) for row in rows] == [
        (2, False), (5, False), (6, True), (7, True), (8, False),
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


@example([["", "\x1a"]])
@settings(max_examples=examples(150))
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=20))
def test_whatever_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    clean = [[cell.replace("\x00", "").encode("utf-8", "ignore").decode() for cell in row] for row in table]
    text = io.StringIO()
    csv.writer(text).writerows([["left", "right"], *clean])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(text.getvalue().encode())
    wanted = [list(map(narrow, row)) for row in clean if any(cell.strip() for cell in row)]
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


@pytest.mark.parametrize("word", ["ID", "Number", "No", "No.", "Num", "Nr", "#"])
def test_the_number_of_a_thing_is_known_by_any_word_for_number(word: str) -> None:
    for order in ("Order", "Receipt", "Invoice", "Ticket", "Transaction", "Sale"):
        found = guess_mapping([f"{order} {word}", "Sale Date", f"Customer {word}", "Line Total"], "purchases")
        assert (found["order_id"], found["external_id"]) == (f"{order} {word}", f"Customer {word}")


def test_a_number_sign_is_a_number_and_no_name() -> None:
    """Before, "Customer #" was the customers' name, "Item #" the product's, and "Member #" nothing."""
    for column in ("Customer #", "Cust#", "Member #", "Acct #", "Loyalty #"):
        assert guess_mapping([column, "Customer", "E-Mail #"], "customers") == {
            "external_id": column, "name": "Customer", "email": "E-Mail #",
        }  # fmt: skip
    columns = ["Tran #", "Cust #", "Date", "Dept", "Item #", "Description", "Store #", "Amount"]
    assert guess_mapping(columns, "purchases") == {
        "order_id": "Tran #", "external_id": "Cust #", "occurred_at": "Date", "category": "Dept",
        "product": "Description", "sku": "Item #", "store": "Store #", "amount": "Amount",
    }  # fmt: skip
    assert guess_mapping(["Item #", "Description", "Dept", "UPC #", "Price"], "products") == {
        "sku": "Item #", "name": "Description", "category": "Dept", "upc": "UPC #", "price": "Price",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "field"),
    [(["1001", "1002"], "external_id"), (["Ann Poe", "Bo Roe"], "name"), (["C-7", "C-8"], "external_id")],
)
def test_cust_is_a_number_or_a_name(cells: list[str], field: str) -> None:
    """Before, it was left out."""
    sample = [Record(number, [f"a{number}@r.example", one]) for number, one in enumerate(cells, 2)]
    assert guess_mapping(["Email", "Cust"], "customers", sample=sample) == {"email": "Email", field: "Cust"}
    assert guess_mapping(["Cust", "Date", "Amount"], "purchases")["customer"] == "Cust"


def test_consent_columns_are_taken_with_or_without_evidence() -> None:
    """A no in them counts either way."""
    assert guess_mapping(["email", "SMS Consent"], "customers") == {"email": "email", "sms_consent": "SMS Consent"}
    assert "email_consent" in guess_mapping(["email", "email consent", "consent source", "consent date"], "customers")
    assert check_mapping({"email": "a", "email_consent": "b"}, ["a", "b"], "customers") == {
        "email": 0, "email_consent": 1,
    }  # fmt: skip


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


def test_excel_is_read_as_its_owner_sees_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([])
    sheet.append(["E-Mail", "Name", "When", "Phone"])
    sheet.append(["a@b.co", "José", datetime.fromisoformat("2026-03-01"), 2075550101])
    sheet.append([None, " "])
    sheet.append(["b@b.co", "Bo", datetime.fromisoformat("2026-03-01T19:30"), 12.5])
    sheet.append(["c@b.co", "Cy", None, None, "stray"])
    path = tmp_path / "export.csv"  # the name says nothing; the content tells
    book.save(path)
    columns, rows = read(path)
    assert columns == ["E-Mail", "Name", "When", "Phone"]
    assert [(row.number, row.cells[2:], bool(row.problem)) for row in rows] == [
        (3, ["2026-03-01", "2075550101"], False), (5, ["2026-03-01 19:30:00", "12.5"], False), (6, ["", ""], True),
    ]  # fmt: skip


def test_a_workbook_made_to_burst_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    with pytest.raises(Invalid, match="too large"):
        read(path)


@pytest.mark.parametrize("start", ['"' + "a" * 200_000, "a" * 140_000, ",".join("c" * 9 for _ in range(200_000))])
def test_a_first_row_no_person_wrote_is_refused(tmp_path: Path, start: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(start + "\nx,y\n")
    with pytest.raises(Invalid) as caught:
        read(path)
    assert caught.value.field == "file"


def test_json_orders_carry_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    orders = [
        {"id": "A1", "date": "2026-03-01", "total": 87.5, "customer": {"email": "a@b.co"},
         "lines": [{"product": "Oban", "amount": 79.50}, {"product": "Tonic", "amount": 8}]},
        {"id": "A2", "date": "2026-03-02", "customer": {"email": "b@b.co"}, "product": "Rum", "amount": 20},
    ]  # fmt: skip
    path.write_text(json.dumps(orders, indent=2))
    columns, rows = read(path)
    assert guess_mapping(columns, "purchases") == {
        "order_id": "id", "email": "customer.email", "occurred_at": "date", "product": "product", "amount": "amount",
    }  # fmt: skip
    at = [columns.index(name) for name in ("id", "customer.email", "product", "amount")]
    assert [(row.number, [row.cells[position] for position in at]) for row in rows] == [
        (1, ["A1", "a@b.co", "Oban", "79.5"]), (2, ["A1", "a@b.co", "Tonic", "8"]), (3, ["A2", "b@b.co", "Rum", "20"]),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_lines_lose_only_the_bad_line(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.jsonl"
    good = [json.dumps({"email": f"p{n}@b.co", "name": "Zoë " * 40}, ensure_ascii=False) for n in range(900)]
    path.write_text("\n".join([*good[:450], "nonsense", "[1]", *good[450:]]), encoding=encoding)
    columns, rows = read(path)
    assert columns == ["email", "name"]
    assert [row.number for row in rows if row.problem] == [451, 452]
    assert [row.cells[0] for row in rows if not row.problem] == [f"p{n}@b.co" for n in range(900)]


def test_a_long_array_is_streamed_and_a_broken_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    whole = json.dumps([{"email": f"p{n}@b.co", "note": "x" * 300} for n in range(1000)])
    path.write_text(whole)
    assert len(read(path)[1]) == 1000
    path.write_text(whole[:-40])
    with pytest.raises(Invalid, match="JSON breaks after"):
        read(path)


@pytest.mark.parametrize(("kind", "cells", "order", "mark"), [
    ("dates", ["24/11/2026", "01/02/2026"], "dmy", "."), ("dates", ["11/24/2026", "01/02/2026"], "mdy", "."),
    ("dates", ["01/02/2026"], "mdy", "."), ("numbers", ["12,50", "1.234,50", "7"], "mdy", ","),
    ("numbers", ["1,234.50", "12.5"], "mdy", "."), ("numbers", ["1,234"], "mdy", "."),
])  # fmt: skip
def test_dates_and_numbers_are_told_by_evidence(kind: str, cells: list[str], order: str, mark: str) -> None:
    at = {"occurred_at": 0} if kind == "dates" else {"amount": 0}
    found = guess_dialect([Record(number, [cell]) for number, cell in enumerate(cells)], at)
    assert (found.date_order, found.decimal) == (order, mark)


def test_utf16_without_a_mark_is_recognised_and_nuls_are_not_mistaken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("email,name\na@b.co,José\n".encode("utf-16-le"))
    assert read(path)[1] == [Record(2, ["a@b.co", "José"])]
    path.write_bytes(b"email,name\na@b.co,Nu\x00l\n")
    assert read(path)[1] == [Record(2, ["a@b.co", "Nu\x00l"])]


@pytest.mark.parametrize(
    "before",
    [
        "My Shop\nFrom: 01/01/2026, To: 02/01/2026\n\nPrinted by Sam\n\n",
        "Report date,01/05/2026\n",
        "sep=,\nGenerated:,Sam\n",
    ],
)
def test_titles_of_a_report_are_no_header(tmp_path: Path, before: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{before}email,name\na@x.example,Zoe\n")
    columns, rows = read(path)
    assert columns == ["email", "name"]
    assert [row.cells for row in rows] == [["a@x.example", "Zoe"]]


COLONS = (
    ["Email", "Name", "Consent: Marketing Email", "City"],
    ["Record ID", "First Name", "Opted out of email: Marketing Information"],
    ["Email", "Consent: SMS"],
    ["Order: Number", "Sale: Date", "Gift: Note", "Total: Paid"],
)


@pytest.mark.parametrize("names", COLONS, ids=" ".join)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_colon_in_a_columns_name_makes_no_title_of_it(tmp_path: Path, names: list[str], ending: str) -> None:
    """Before, the header was taken for a report's title: every column lost its name, and a no was lost with it."""
    rows = [["ann@x.example", "2", "no", "12.50"], ["bo@x.example", "3", "yes", "9.00"]]
    held = [names, *([row[: len(names)] for row in rows])]
    path = tmp_path / f"a.{ending}"
    if ending == "csv":
        path.write_text("\n".join(",".join(row) for row in held))
    else:
        book = openpyxl.Workbook()
        for row in held:
            book.active.append(row)
        book.save(path)
    columns, read_of = read(path)
    assert columns == names
    assert [row.cells[0] for row in read_of] == ["ann@x.example", "bo@x.example"]


def test_without_an_address_the_first_row_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Record ID,First Name,Opted out: Marketing\n17,Ann,true\n18,Bo,false\n")
    columns, rows = read(path)
    assert columns == ["Record ID", "First Name", "Opted out: Marketing"]
    assert [row.cells[1] for row in rows] == ["Ann", "Bo"]


def test_a_title_above_a_header_with_a_colon(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Store: Main, Report: Customers\nPrinted: 01/05/2026,\nEmail,Consent: SMS\na@x.example,no\n")
    columns, rows = read(path)
    assert columns == ["Email", "Consent: SMS"]
    assert len(rows) == 1


def test_a_columns_name_may_hold_a_line_break(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('email,"full\nname","phone\n(home)"\na@x.example,"Zoe\nA",\nb@x.example,Bo,\n\x1a')
    columns, rows = read(path)
    assert [" ".join(one.split()) for one in columns] == ["email", "full name", "phone (home)"]
    assert [(row.cells[0], row.problem) for row in rows] == [("a@x.example", ""), ("b@x.example", "")]


def test_a_file_without_names_keeps_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a@x.example,1984-01-01\nb@x.example,Bo\n")
    assert [row.cells[0] for row in read(path)[1]] == ["a@x.example", "b@x.example"]


def test_a_workbook_may_say_first_what_it_is(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Customers"],
        ["From:", date(2026, 1, 5)],
        [],
        ["email", "name"],
        ["a@x.example", "Zoe"],
        ["b@x.example"],
    ):
        sheet.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    columns, rows = read(path)
    assert columns == ["email", "name"]
    assert [(row.number, row.cells) for row in rows] == [(5, ["a@x.example", "Zoe"]), (6, ["b@x.example", ""])]


def test_the_header_again_on_a_next_page_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("email,name\na@x.example,Zoe\nemail,name\nb@x.example,Bo\n")
    assert [(row.number, row.cells[1]) for row in read(path)[1]] == [(2, "Zoe"), (4, "Bo")]


@pytest.mark.parametrize(
    ("before", "line"), [("", 2), ("\n\n", 4), ("Main Street Liquors,,\nCustomer Listing,,\n,,\n", 5), ("sep=,\n", 2)]
)
def test_rows_have_the_numbers_a_spreadsheet_shows(tmp_path: Path, before: str, line: int) -> None:
    """`sep=` is no row of one; a row is counted where it stands, whatever stands above the header."""
    path = tmp_path / "people.csv"
    path.write_text(f"{before}Cust No,Name,Email\n1,Ann,a@x.example\n\n2,Bo,b@x.example\n")
    with open_table(path) as table:
        assert [(one.number, one.cells[0]) for one in table] == [(line, "1"), (line + 2, "2")]


def _of_quotes(path: Path, rows: int, whole: int = 0) -> Path:
    lines = [
        "email,name",
        *(f"w{n}@b.co,Whole {n}" for n in range(whole)),
        *(f'p{n}@b.co,"Open {n}' for n in range(rows)),
    ]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(("whole", "most"), [(0, 1_000), (10, 5_000)])
def test_rows_that_open_a_quote_one_after_the_other_end_the_file(tmp_path: Path, whole: int, most: int) -> None:
    """Before, each of 500,000 was kept as a refused one, and 92 s later the file was told to hold nothing else. Counted
    in rows read, not in seconds."""
    read: list[int] = []
    with open_table(_of_quotes(tmp_path / "a.csv", 200_000, whole)) as file, pytest.raises(Invalid) as refused:
        read.extend(row.number for row in file)
    first = whole + 2
    assert read[-1] == first + most - 2
    assert str(refused.value).startswith(f"Rows {first} to {first + most - 1:,} cannot be read, one after the other")
    assert f"Row {first}: A quotation mark is opened and never closed." in str(refused.value)


def test_unreadable_rows_between_others_cost_themselves_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["email,name", *(f"p{n}@b.co,{'' if n % 500 else chr(34)}P {n}" for n in range(20_000))]))
    assert sum(bool(row.problem) for row in read(path)[1]) == 40


@pytest.mark.parametrize("text", ['id,name\n1,Ann\n2,"Bo\n', 'id,name\n1,"Ann\n2,Bo\n', 'id,name\n1,"Ann'])
def test_a_mark_that_is_never_closed_is_said_so_in_the_last_line_too(tmp_path: Path, text: str) -> None:
    """The parser's own words stood there: "unexpected end of data"."""
    file = tmp_path / "people.csv"
    file.write_text(text)
    with open_table(file) as table:
        problems = [record.problem for record in table if record.problem]
    assert problems == ["A quotation mark is opened and never closed."]

"""Workbooks of several sheets: which one is read is told, before and after, and may be chosen."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.dry_run import inspect_file
from liquor_app.imports.readers.formats import open_table
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.test_import import rows, run
from tests.imports.test_unheard_columns import tried


def _book(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


def _people(*names: str) -> list[list[object]]:
    return [["email", "name"], *([f"{one}@s.example", one] for one in names)]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    sheets = {"Empty": [], "2024": _people("ann"), "Notes": [["see above"]], "2025": _people("bo", "cy")}
    return _book(tmp_path / "list.xlsx", **sheets)


def test_which_sheets_hold_rows(book: Path) -> None:
    with open_table(book) as table:
        assert (table.sheet, table.sheets) == ("2024", ("2024", "2025"))
    with open_table(book, "2025") as table:
        assert (table.sheet, table.sheets) == ("2025", ("2024", "2025"))
        assert [row.cells[1] for row in table] == ["bo", "cy"]
    seen = inspect_file(book, "customers", options={"sheet": "2025"})
    assert (seen.book, seen.rows[0][1]) == (("2025", ("2024", "2025")), "bo")


@pytest.mark.parametrize(
    ("first", "read"),
    [
        ([["Exported by Till 4"], [], ["See the next sheet"]], "People"),
        ([["email"], ["ann@s.example"]], "First"),
        ([["Phone"], [6175550142]], "First"),
        ([["Exported by Till 4"], ["email", "name"]], "First"),
    ],
)
def test_a_sheet_of_words_alone_is_passed_over(tmp_path: Path, first: list[list[object]], read: str) -> None:
    """A workbook that began with "Read me" was refused: no column was known. A list of one column is a list."""
    book = _book(tmp_path / "list.xlsx", First=first, People=_people("ann", "bo"))
    with open_table(book) as table:
        assert table.sheet == read
    alone = _book(tmp_path / "alone.xlsx", First=first, Notes=[["see above"]])
    with open_table(alone) as table:
        assert table.sheet == "First"


def test_a_sheet_there_is_not_is_refused_by_name(book: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no sheet “2026”; it has “Empty”, “2024”, “Notes”, “2025”"):
        open_table(book, "2026")
    plain = tmp_path / "a.csv"
    plain.write_text("email\na@s.example\n")
    with pytest.raises(Invalid, match="no sheets to choose from"):
        open_table(plain, "2024")


def test_a_chart_alone_is_no_sheet_to_choose(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for line in _people("ann"):
        book.active.append(line)
    book.create_chartsheet("Chart")
    book.save(tmp_path / "a.xlsx")
    with open_table(tmp_path / "a.xlsx") as table:
        assert table.sheets == ("Sheet",)


@pytest.mark.integration
async def test_the_other_sheet_is_told_and_can_be_imported(database: str, book: Path) -> None:
    """Before, the second sheet was passed over in silence."""
    trial = await tried(book)
    assert trial.report.notes == {"other_sheets": 1}
    report = await run(book)
    assert (report.created, report.notes) == (1, {"other_sheets": 1})
    assert note_words(report.notes).strip().startswith("1 other sheet of the workbook was not read")
    report = await run(book, options={"sheet": "2025"})
    assert (report.created, report.notes) == (2, {"other_sheets": 1})
    assert len(await rows("SELECT 1 FROM customers")) == 3


@pytest.mark.integration
async def test_a_workbook_of_one_sheet_says_nothing(database: str, tmp_path: Path) -> None:
    assert (await run(_book(tmp_path / "a.xlsx", one=_people("ann"), two=[["a"], ["b"]]))).notes == {}


def test_a_file_that_is_csv_names_no_sheet(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows(_people("ann"))
    with open_table(tmp_path / "a.csv") as table:
        assert (table.sheet, table.sheets) == ("", ())


SALES = [["Order", "Date", "Email", "Item", "Amount"], ["1", "2026-01-05", "ann@s.example", "Rye", 50]]
BACK = [["Order", "Date", "Email", "Item", "Amount"], ["1", "2026-01-06", "ann@s.example", "Rye", -20]]


@pytest.mark.integration
@pytest.mark.parametrize("title", ["Refunds", "Returns 2026", "Refunded orders"])
async def test_a_sheet_of_refunds_is_told_as_one(database: str, tmp_path: Path, title: str) -> None:
    """Before, it was one of "other sheets", and the orders too high by what it says."""
    await run(_book(tmp_path / "people.xlsx", People=_people("ann")))
    path = _book(tmp_path / "sales.xlsx", **{"Sales": SALES, title: BACK, "Stores": [["a", "b"], ["c", "d"]]})
    report = await run(path, "purchases")
    assert report.notes == {"other_sheets": 1, "refund_sheets": 1}
    assert "1 sheet of the workbook is of refunds and was not read" in note_words(report.notes)
    await run(path, "purchases", options={"sheet": title})
    assert [str(one["total"]) for one in await rows("SELECT sum(total) AS total FROM purchases")] == ["30.00"]


@pytest.mark.integration
async def test_what_is_refused_of_a_chosen_sheet_is_its_own(database: str, tmp_path: Path) -> None:
    """Before, the good lines of an order with a refused one were kept as the first sheet's cells."""
    await run(_book(tmp_path / "people.xlsx", People=_people("ann")))
    lines = [
        SALES[0],
        ["7", "2026-01-05", "ann@s.example", "Gin", 30],
        ["7", "2026-01-05", "ann@s.example", "Ale", "x"],
    ]
    path = _book(tmp_path / "sales.xlsx", First=[*SALES, *SALES[1:]], Second=lines)
    report = await run(path, "purchases", options={"sheet": "Second"})
    assert report.rejected == 2
    kept = [one["raw"]["cells"][3] for one in await rows("SELECT raw FROM import_rejects ORDER BY row_number")]
    assert kept == ["Gin", "Ale"]

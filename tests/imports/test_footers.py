"""What closes a list of people is nobody; whoever is called so is somebody."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write

pytestmark = pytest.mark.integration
LEFT_OUT = "SELECT external_id, name FROM customers ORDER BY 1, 2"


async def people() -> list[tuple[str | None, str | None]]:
    return [(one.external_id, one.name) for one in await many(LEFT_OUT)]


@pytest.mark.parametrize(
    "footer",
    [
        "Total,2,", "End of report,,", "Total customers: 2,,", "*** End of Report ***,,", "2 records,,", ",Total: 2,",
        "Grand total,2,", "Page 1 of 1,,", "Customers listed: 2,,", "End of report",
    ],
)  # fmt: skip
async def test_the_last_rows_of_a_list_are_nobody(database: str, tmp_path: Path, footer: str) -> None:
    file = write(tmp_path / "people.csv", "Customer No,Name,Email", "1,Ann,f1@f.example", "2,Bo,f2@f.example", footer)
    report = await run(file)
    assert await people() == [("1", "Ann"), ("2", "Bo")]
    assert (report.created, report.rejected, sum(report.notes.values())) == (2, 0, 1)
    assert "Rows that are about the list itself, left out: sums of the report 1" in note_words(report.notes)


@pytest.mark.parametrize(
    "row", ["3,Total Wine,", "Total,Ann,f3@f.example", "4,End,", "Average,Joe,", "Records,Bo Ray,", "7,Count,"]
)
async def test_whoever_is_called_so_is_somebody(database: str, tmp_path: Path, row: str) -> None:
    report = await run(write(tmp_path / "people.csv", "Customer No,Name,Email", "1,Ann,f1@f.example", row))
    assert (report.created, report.notes) == (2, {})


async def test_a_report_of_sales_ends_so_too(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "Customer No,Name,Email", "1,Ann,f1@f.example"))
    file = write(tmp_path / "sales.csv", "Order ID,Date,Email,Item,Amount", "1,10/13/2026,f1@f.example,Rye,20.00",
                 "2,10/14/2026,f1@f.example,Gin,30.00", "End of report,,,,", "Total orders: 2,,,,")  # fmt: skip
    report = await run(file, "purchases")
    assert (report.rejected, report.notes["rows_of_totals: end of report"]) == (0, 1)
    assert [str(one.total) for one in await many("SELECT total FROM purchases ORDER BY external_id")] == [
        "20.00", "30.00"
    ]  # fmt: skip

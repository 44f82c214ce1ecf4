"""Rows of one order that name two totals of it: before, they were added up without a word."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.view import reason_lines
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write
from tests.imports.test_orders_add_up import tried

pytestmark = pytest.mark.integration
ANN = "ann@d.example"


async def _taken(tmp_path: Path, head: str, *rows: str) -> tuple[dict[str, str], Path]:
    await run(write(tmp_path / "people.csv", "email,name", f"{ANN},Ann"))
    path = write(tmp_path / "sales.csv", head, *(one.replace("@", ANN) for one in rows))
    await run(path, "purchases")
    return {one.external_id: str(one.total) for one in await many("SELECT external_id, total FROM purchases")}, path


@pytest.mark.parametrize("column", ["Order Total", "Invoice Total", "Grand Total", "Order Amount"])
@pytest.mark.parametrize(
    "rows",
    [
        ["1,2026-01-05,@,Rye,1,50.00", "1,2026-01-05,@,Gin,1,80.00"],
        ["1,2026-01-05,@,Rye,1,50.00", "1,2026-01-05,@,Gin,1,50.00", "1,2026-01-05,@,Ale,1,80.00"],
        ["1,2026-01-05,@,Rye,1,50.00", "3,2026-01-05,@,Gin,1,9.00", "1,2026-01-07,@,Ale,1,80.00"],
    ],
)
async def test_an_order_of_two_totals_is_refused(database: str, tmp_path: Path, column: str, rows: list[str]) -> None:
    made, path = await _taken(tmp_path, f"Order,Date,Email,Item,Qty,{column}", *rows, "2,2026-01-06,@,Gin,1,30.00")
    assert {"1", "2"} & made.keys() == {"2"}
    trial = await tried(path)
    told = [one.reason for one in trial.shown if one.outcome == "rejected"]
    assert any("$50.00 and $80.00, and nobody can tell which holds" in one for one in told)
    assert "Two totals of one order" in [one.words for one in reason_lines(trial.report.reasons)]


async def test_a_total_said_again_elsewhere_is_counted_once(database: str, tmp_path: Path) -> None:
    """Before, an order whose rows lie apart came to as many times its total."""
    rows = ["1,2026-01-05,@,Rye,50.00,2.00", "2,2026-01-06,@,Gin,30.00,1.00", "1,2026-01-05,@,Ale,50.00,2.00"]
    made, path = await _taken(tmp_path, "Order,Date,Email,Item,Order Total,Tax", *rows)
    assert made == {"1": "48.00", "2": "29.00"}
    assert (await tried(path)).totals.money == Decimal("80.00")


async def test_totals_that_may_be_of_rows_are_added_up_and_told(database: str, tmp_path: Path) -> None:
    rows = ["1,2026-01-05,@,50.00", "1,2026-01-05,@,80.00", "2,2026-01-06,@,30.00"]
    made, path = await _taken(tmp_path, "Order,Date,Email,Total", *rows)
    assert made == {"1": "130.00", "2": "30.00"}
    trial = await tried(path)
    assert "1 row names another total than a row of the same order before it" in note_words(trial.report.notes)
    assert any("name different totals" in one.reason for one in trial.shown)


@pytest.mark.parametrize(
    ("head", "rows", "came_to"),
    [
        ("Order,Date,Email,Order Total", ["1,2026-01-05,@,50.00", "1,2026-01-06,@,-20.00"], "30.00"),
        ("Order,Date,Email,Order Total,Status", ["1,2026-01-05,@,50.00,Void", "1,2026-01-05,@,80.00,Paid"], "80.00"),
        ("Order,Date,Email,Item,Total", ["1,2026-01-05,@,Rye,50.00", "1,2026-01-05,@,Gin,80.00"], "130.00"),
    ],
)
async def test_what_differs_for_a_reason_counts(
    database: str, tmp_path: Path, head: str, rows: list[str], came_to: str
) -> None:
    made, path = await _taken(tmp_path, head, *rows)
    assert made == {"1": came_to}
    assert not {"totals_of_order_added"} & (await tried(path)).report.notes.keys()

"""A row of the kind "void" that takes money off its order, beside the sale or in a later file."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.imports.dry_run import ImportReport, try_file
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.trial_view import total_lines
from tests.imports.test_import_cases import many, write
from tests.imports.test_reversed_orders import bring, orders, people
from tests.imports.test_undo import everything

pytestmark = pytest.mark.integration
HEAD = "Receipt,Txn Type,Email,Date,Item,Qty,Amount"


def row(number: str, kind: str, item: str, amount: str, *, qty: str = "1", who: str = "a@x.example") -> str:
    clock = "10:05" if kind.lower().startswith("v") else "10:00"
    return f"{number},{kind},{who},2026-10-01 {clock},{item},{qty},{amount}"


async def told(tmp_path: Path, *rows: str, name: str = "sales.csv", head: str = HEAD) -> ImportReport:
    return await bring(tmp_path, *rows, head=head, name=name, again=name != "sales.csv")


SALE, VOID = row("200", "SALE", "Rye", "50.00"), row("200", "VOID", "Rye", "-50.00", qty="-1")
OTHER = row("201", "SALE", "Ale", "8.00")


@pytest.mark.parametrize("rows", list(permutations((SALE, VOID, OTHER))))
async def test_a_void_beside_its_sale_takes_it_back(database: str, tmp_path: Path, rows: tuple[str, ...]) -> None:
    """Before, the sale stood: 50.00 nobody paid."""
    await people(tmp_path)
    report = await told(tmp_path, *rows)
    assert await orders() == {"200": "0.00", "201": "8.00"}
    assert report.rejected == 0
    before = await everything()
    await told(tmp_path, *rows, name="again.csv")
    assert await everything() == before


async def test_one_line_of_several_is_voided(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, SALE, row("200", "SALE", "Gin", "20.00"), VOID)
    assert await orders() == {"200": "20.00"}


@pytest.mark.parametrize("void", [VOID, row("200", "Void", "Rye", "50.00", qty="-1"), VOID.replace("a@x.example", "")])
async def test_a_later_file_voids_a_line(database: str, tmp_path: Path, void: str) -> None:
    await people(tmp_path)
    await told(tmp_path, SALE, row("200", "SALE", "Gin", "20.00"), OTHER)
    await told(tmp_path, void, row("202", "SALE", "Rum", "9.00"), name="later.csv")
    assert await orders() == {"200": "20.00", "201": "8.00", "202": "9.00"}
    before = await everything()
    await told(tmp_path, void, row("202", "SALE", "Rum", "9.00"), name="again.csv")
    assert await everything() == before


@pytest.mark.parametrize("amount", ["50.00", "0.00", ""])
async def test_a_void_of_no_sum_below_zero_still_leaves_its_order_out(
    database: str, tmp_path: Path, amount: str
) -> None:
    await people(tmp_path)
    report = await told(tmp_path, row("200", "VOID", "Rye", amount), OTHER)
    assert await orders() == {"201": "8.00"}
    assert report.notes == {"rows_voided: void": 1}


@pytest.mark.parametrize("who", ["a@x.example", ""])
@pytest.mark.parametrize("size", [1, 5_000])
async def test_a_void_of_an_order_nobody_knows_makes_none(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str, size: int
) -> None:
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", size)
    await people(tmp_path)
    report = await told(tmp_path, row("300", "VOID", "Rye", "-50.00", qty="-1", who=who), OTHER)
    assert await orders() == {"201": "8.00"}
    assert (report.rejected, report.rows, report.notes) == (0, 1, {"rows_of_unknown_voids": 1})
    assert "voids of orders nobody knows 1" in note_words(report.notes)
    assert not await many("SELECT 1 FROM import_lines")


async def test_a_void_makes_no_customer(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    rows = (row("300", "VOID", "Rye", "-50.00", who="new@x.example"), OTHER)
    report = await bring(tmp_path, *rows, head=HEAD, options={"unknown_customers": "create"})
    assert report.notes.get("customers_made", 0) == 0
    assert [one.email for one in await many("SELECT email FROM customers ORDER BY 1")] == ["a@x.example", "b@x.example"]


async def test_a_void_and_its_status_say_it_once(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    rows = (f"{SALE},Completed", f"{VOID},Voided", f"{OTHER},Completed")
    await told(tmp_path, *rows, head=f"{HEAD},Status")
    assert await orders() == {"200": "0.00", "201": "8.00"}


async def test_of_a_return_that_is_all_nobody_makes_more_of_it(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    report = await told(tmp_path, row("9", "RETURN", "Rye", "-20.00"), row("9", "VOID", "Rye", "-50.00"), OTHER)
    assert await orders() == {"201": "8.00", "9": "-20.00"}
    assert report.notes["rows_of_unknown_voids"] == 1


async def test_the_preview_tells_what_it_comes_to(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    path = write(tmp_path / "sales.csv", HEAD, SALE, VOID, row("300", "VOID", "Gin", "-9.00"), OTHER)
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=path, limit=20, watch=True)
    assert [(one.file, one.made) for one in total_lines(trial, "purchases")] == [
        ("4", "3"), ("3", "2"), ("−$1.00", "$8.00"),
    ]  # fmt: skip
    assert str(trial.totals.left_out) == "-9.00"


@pytest.mark.parametrize("column", ["TranType", "TransType", "Trans Type", "Tran Type"])
async def test_kinds_of_one_letter(database: str, tmp_path: Path, column: str) -> None:
    """Before, `TranType` was no column that says what a row is, and a void counted."""
    await people(tmp_path)
    rows = (
        row("1", "S", "Rye", "50.00"), row("1", "V", "Rye", "-50.00"), row("2", "S", "Ale", "8.00"),
        row("3", "R", "Ale", "-8.00"), row("4", "V", "Gin", "9.00"),
    )  # fmt: skip
    await told(tmp_path, *rows, head=HEAD.replace("Txn Type", column))
    assert await orders() == {"1": "0.00", "2": "8.00", "3": "-8.00"}

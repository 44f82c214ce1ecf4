"""The register of an order is kept, and two receipts that share a number are told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.customers.lists import list_sales
from liquor_app.screens.customers.field_values import place_words
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.trial_view import trial_lines
from tests.imports.test_file_totals import tried
from tests.imports.test_import_cases import many, run, write
from tests.imports.test_registers import told
from tests.imports.test_reversed_orders import people, state
from tests.imports.test_undo import everything, undo

pytestmark = pytest.mark.integration
HEAD = "Store,Register,Receipt,Date,Email,Item,Amount"


async def _places() -> list[tuple[str, str | None, str | None]]:
    found = await many("SELECT external_id, store, register FROM purchases ORDER BY 1")
    return [(row.external_id, row.store, row.register) for row in found]


async def test_the_register_is_kept_beside_the_store(database: str, tmp_path: Path) -> None:
    """Before, it told one number from another, and was forgotten."""
    await people(tmp_path)
    path = write(tmp_path / "a.csv", HEAD, "Main,2,7,2025-03-01,a@x.example,Rye,10.00")
    trial = await tried(path)
    (line,) = trial_lines(trial.shown, now())
    assert "Store: Main · Register: 2" in line.becomes
    before = await everything()
    await run(path, "purchases")
    assert await _places() == [("7", "Main", "2")]
    async with transaction() as session:
        (row,) = (await list_sales(session, SYSTEM)).items
    assert (row.register, place_words(row)) == ("2", "Main / 2")
    again = await run(path, "purchases")
    assert again.orders == {"unchanged": 1}
    for import_id in await many("SELECT id FROM imports WHERE kind = 'purchases' ORDER BY id DESC"):
        await undo(await state(import_id.id))
    assert await everything() == before


async def test_a_known_order_learns_its_register_and_undoing_forgets_it(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    bare = "Store,Receipt,Date,Email,Item,Amount"
    await run(write(tmp_path / "a.csv", bare, "Main,7,2025-03-01,a@x.example,Rye,10.00"), "purchases")
    before = await everything()
    path = write(tmp_path / "b.csv", HEAD, "Main,2,7,2025-03-01,a@x.example,Rye,10.00")
    assert (await run(path, "purchases")).orders == {"updated": 1}
    assert await _places() == [("7", "Main", "2")]
    again = await run(write(tmp_path / "c.csv", bare, "Main,7,2025-03-01,a@x.example,Rye,10.00"), "purchases")
    assert again.orders == {"unchanged": 1}
    second = await many("SELECT id FROM imports WHERE kind = 'purchases' ORDER BY id")
    await undo(await state(second[2].id))
    await undo(await state(second[1].id))
    assert await everything() == before


async def test_a_register_that_stands_for_the_store_is_one(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, "Receipt,Date,Email,Total,Till", "7,2025-03-01,a@x.example,10.00,T2")
    assert await _places() == [("7", "T2", "T2")]
    async with transaction() as session:
        (row,) = (await list_sales(session, SYSTEM)).items
    assert place_words(row) == "T2"


CLASH = {"orders_of_two_receipts": 1}


@pytest.mark.parametrize(
    ("head", "first", "second", "notes"),
    [
        ("Receipt,Date,Email,Item,Amount", "1,2026-09-03 10:00,a@x.example,Gin,10.00",
         "1,2026-09-03 17:30,a@x.example,Rye,40.00", CLASH),
        ("Receipt,Date,Email,Total", "1,2026-09-03 10:00,a@x.example,10.00", "1,2026-09-03 17:30,a@x.example,40.00",
         CLASH),
        ("Receipt,Date,Email,Item,Amount", "1,2026-09-03,a@x.example,Gin,10.00", "1,2026-09-03,a@x.example,Rye,40.00",
         {"orders_replaced": 1}),
        ("Receipt,Date,Email,Item,Amount", "1,2026-09-03 10:00,a@x.example,Gin,10.00",
         "1,2026-09-03 10:05,a@x.example,Gin,12.00", {}),
        ("Receipt,Date,Email,Total", "1,2026-09-03 10:00,a@x.example,10.00", "1,2026-09-03 10:00,a@x.example,12.00",
         {}),
        ("Receipt,Date,Email,Item,Amount", "1,2026-09-03 10:00,a@x.example,Gin,10.00",
         "1,2026-09-05 10:00,a@x.example,Rye,40.00", {"orders_moved": 1}),
    ],
    ids=["lines", "whole orders", "cut over two files", "a correction", "a corrected sum", "another day"],
)  # fmt: skip
async def test_two_receipts_of_one_number_in_two_files(
    database: str, tmp_path: Path, head: str, first: str, second: str, notes: dict[str, int]
) -> None:
    """One file a register, named nowhere: before, whole orders became one without a word."""
    await people(tmp_path)
    await run(write(tmp_path / "till 1.csv", head, first), "purchases")
    path = write(tmp_path / "till 2.csv", head, second)
    assert (await tried(path)).report.notes == notes
    assert (await run(path, "purchases")).notes == notes
    assert ("a column “Register” into each of their files" in note_words(notes)) == (notes == CLASH)

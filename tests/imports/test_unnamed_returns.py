"""A till asks who buys once: what is given back of an order is its buyer's, also where its row names nobody."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.imports.dry_run import try_file
from liquor_app.screens.imports.wizard.trial_view import trial_lines
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, one, write
from tests.imports.test_reversed_orders import HEAD, bring, orders, people, sold
from tests.imports.test_undo import everything, state, undo

pytestmark = pytest.mark.integration

SALE = sold("2", "Ale", "20.00", "Paid")
BACK = sold("2", "Ale", "-5.00", "Refund", who="", day="03")
OTHER = sold("3", "Gin", "30.00", "Paid", who="b@x.example")
WALK_IN = sold("4", "Gin", "30.00", "Paid", who="")
WALK_BACK = sold("4", "Gin", "-30.00", "Refund", who="")


async def owners() -> dict[str, str]:
    found = await many("SELECT p.external_id, c.email FROM purchases p JOIN customers c ON c.id = p.customer_id")
    return {row.external_id: row.email for row in found}


async def test_a_later_file_gives_back_without_a_name(database: str, tmp_path: Path) -> None:
    """Before, the row was left out as sold to nobody, and 5.00 stayed earned."""
    await people(tmp_path)
    await bring(tmp_path, SALE, OTHER)
    report = await bring(tmp_path, BACK, name="back.csv")
    assert (report.rejected, report.notes.get("rows_without_customer")) == (0, None)
    assert await orders() == {"2": "15.00", "3": "30.00"}
    before = await everything()
    again = await bring(tmp_path, BACK, name="again.csv", again=True)
    assert set(again.orders) == {"unchanged"}
    assert await everything() == before


@pytest.mark.parametrize("rows", list(permutations((SALE, BACK, OTHER))))
async def test_in_one_file_wherever_it_stands(database: str, tmp_path: Path, rows: tuple[str, ...]) -> None:
    await people(tmp_path)
    report = await bring(tmp_path, *rows)
    assert (report.rows, report.rejected) == (3, 0)
    assert await orders() == {"2": "15.00", "3": "30.00"}
    assert await owners() == {"2": "a@x.example", "3": "b@x.example"}


async def test_a_chunk_apart_and_for_buyers_the_file_makes(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", 2)
    rows = (BACK, OTHER, WALK_BACK, sold("5", "Ale", "1.00", "Paid", who="c@x.example"), SALE, WALK_IN)
    report = await bring(tmp_path, *rows, options={"unknown_customers": "create"})
    assert report.notes == {"customers_made": 3, "rows_without_customer": 2}
    assert await orders() == {"2": "15.00", "3": "30.00", "5": "1.00"}
    assert sorted(row.email for row in await many("SELECT email FROM customers")) == [
        "a@x.example", "b@x.example", "c@x.example",
    ]  # fmt: skip
    assert not await many("SELECT 1 FROM import_lines")


@pytest.mark.parametrize("unread", ["when?,Ale,-5.00,Refund", "2026-10-03 10:00,Ale,lots,Paid"])
async def test_of_an_order_nobody_knows_it_is_left_out_as_any_sale_to_nobody(
    database: str, tmp_path: Path, unread: str
) -> None:
    await people(tmp_path)
    report = await bring(tmp_path, OTHER, WALK_IN, WALK_BACK, f"7,,{unread}")
    assert (report.rows, report.rejected, report.notes) == (1, 0, {"rows_without_customer": 3})
    assert await orders() == {"3": "30.00"}


async def test_what_is_sold_to_nobody_under_a_known_number_does_not_take_its_place(
    database: str, tmp_path: Path
) -> None:
    await people(tmp_path)
    await bring(tmp_path, SALE)
    await bring(tmp_path, sold("2", "Gin", "90.00", "Paid", who=""), name="other.csv")
    assert await orders() == {"2": "20.00"}


async def test_a_refused_row_of_the_order_keeps_it_whole(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    report = await bring(tmp_path, BACK, sold("2", "Ale", "20.00", "Paid", day="99"), OTHER)
    assert report.rejected == 2, "the order has a row nobody can read: all of it waits for a mended file"
    assert await orders() == {"3": "30.00"}


async def test_the_preview_shows_it_and_an_undo_takes_it_back(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await bring(tmp_path, SALE)
    path = write(tmp_path / "back.csv", HEAD, BACK, WALK_BACK)
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=path, limit=20, watch=True)
    (shown,) = trial.shown
    assert (shown.order, shown.outcome) == ("2", "updated")
    assert trial.totals.money_made == Decimal("-5.00")
    [line] = trial_lines(trial.shown, now())
    assert "a@x.example" in str(line), line
    before = await everything()
    report = await run(path, "purchases")
    assert report.notes["rows_without_customer"] == 1
    assert await orders() == {"2": "15.00"}
    imported = await one("SELECT id FROM imports WHERE file_name = 'back.csv'")
    await undo(await state(imported.id))
    assert await orders() == {"2": "20.00"}
    assert await everything() == before

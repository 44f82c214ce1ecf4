"""Two registers give one number on one day, to one customer: two orders (ADR 139)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.imports.dry_run import ImportReport, inspect_file, try_file
from tests.imports.test_import_cases import many, run, write
from tests.imports.test_reversed_orders import people
from tests.imports.test_undo import everything

pytestmark = pytest.mark.integration


async def told(tmp_path: Path, *lines: str, name: str = "sales.csv", **options: Any) -> ImportReport:
    return await run(write(tmp_path / name, *lines), "purchases", options=options)


async def orders() -> list[tuple[str, str, str]]:
    found = await many(
        "SELECT p.external_id, p.total, c.email FROM purchases p JOIN customers c ON c.id = p.customer_id ORDER BY 1"
    )
    return [(one.external_id, str(one.total), one.email[0]) for one in found]


R1, R2 = "1,2025-03-01,a@x.example,10.00", "1,2025-03-01,a@x.example,12.00"
MORE = "2,2025-03-02,b@x.example,5.00"
TWO = {("10.00", "a"), ("12.00", "a"), ("5.00", "b")}


@pytest.mark.parametrize("column", [
    "Register", "Till", "Terminal ID", "Register #", "POS Terminal", "Location", "Store", "Branch", "Caja",
    "Workstation",
])  # fmt: skip
async def test_one_number_of_two_tills_is_two_orders(database: str, tmp_path: Path, column: str) -> None:
    """Before, they were one of 22.00, which nobody bought."""
    await people(tmp_path)
    lines = (f"Receipt,Date,Email,Total,{column}", f"{R1},T1", f"{R2},T2", f"{MORE},T2")
    report = await told(tmp_path, *lines)
    assert (report.rejected, report.orders) == (0, {"created": 3})
    assert {one[1:] for one in await orders()} == TWO
    before = await everything()
    again = await told(tmp_path, *lines, name="again.csv")
    assert (again.orders, await everything()) == ({"unchanged": 3}, before)


@pytest.mark.parametrize("second", ["10.00", "12.00"])
@pytest.mark.parametrize("size", [1, 5_000])
async def test_two_registers_of_one_store(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, second: str
) -> None:
    """Before, the register was left out where the file names the store, too."""
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", size)
    await people(tmp_path)
    lines = (
        "Store,Register,Receipt,Date,Email,Item,Qty,Amount",
        "Main,1,1,2025-03-01,a@x.example,Rye,1,10.00", f"Main,2,1,2025-03-01,a@x.example,Rye,1,{second}",
        "Main,2,1,2025-03-01,a@x.example,Ale,1,3.00", "Main,2,2,2025-03-02,b@x.example,Gin,1,5.00",
    )  # fmt: skip
    report = await told(tmp_path, *lines)
    assert (report.rejected, report.orders) == (0, {"created": 3})
    assert await orders() == [
        ("1 · MAIN / 1", "10.00", "a"), ("1 · MAIN / 2", f"{float(second) + 3:.2f}", "a"),
        ("2 · MAIN / 2", "5.00", "b"),
    ]  # fmt: skip
    assert {row.store for row in await many("SELECT store FROM purchases")} == {"Main"}
    before = await everything()
    again = await told(tmp_path, lines[0], *reversed(lines[1:]), name="again.csv")
    assert (again.orders, await everything()) == ({"unchanged": 3}, before)


async def test_the_preview_says_so(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    path = write(tmp_path / "a.csv", "Store,Till,Receipt,Date,Email,Total", f"Main,1,{R1}", f"Main,2,{R2}")
    seen = inspect_file(path, "purchases")
    assert (seen.mapping["store"], seen.mapping["register"]) == ("Store", "Till")
    assert (seen.dialect.numbering, seen.dialect.numbering_evidence) == (
        "register", "Number 1 was sold anew at 2 registers",
    )  # fmt: skip
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=path, limit=20, watch=True)
    assert (trial.numbering, sorted(one.order for one in trial.shown)) == ("register", ["1 · MAIN / 1", "1 · MAIN / 2"])
    one = write(tmp_path / "b.csv", "Register,Receipt,Date,Email,Total", f"1,{R1}", f"2,{R2}")
    assert inspect_file(one, "purchases").dialect.numbering_evidence == "Number 1 was sold anew at 2 registers"


async def test_where_each_store_begins_anew_its_registers_do_not_matter(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    lines = (
        "Store,Register,Receipt,Date,Email,Item,Amount",
        "North,1,1,2025-03-01,a@x.example,Rye,10.00", "South,1,1,2025-03-01,b@x.example,Rye,12.00",
        "North,2,1,2025-03-04,a@x.example,Rye,-4.00",
    )  # fmt: skip
    await told(tmp_path, *lines)
    assert await orders() == [("1 · NORTH", "6.00", "a"), ("1 · SOUTH", "12.00", "b")]


async def test_lines_of_one_order_fetched_from_two_stores_are_one(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = "Receipt,Date,Email,Item,Amount,Store"
    await told(
        tmp_path,
        head,
        "7,2025-03-01 10:00,a@x.example,Rye,10.00,North",
        "7,2025-03-01 10:00,a@x.example,Gin,5.00,South",
    )
    assert await orders() == [("7", "15.00", "a")]
    await told(
        tmp_path,
        head,
        "8,2025-03-01 10:00,a@x.example,Rye,10.00,North",
        "8,2025-03-01 17:30,a@x.example,Gin,5.00,South",
    )
    assert [one[1] for one in await orders()] == ["15.00", "10.00", "5.00"]


async def test_a_drawn_number_is_one_order_wherever(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    drawn = "5f0c2d9e-7a41-4f0b-9a55-0b5d2f9f3a11"
    rows = (f"{drawn},2025-03-01,a@x.example,Rye,10.00,R1", f"{drawn},2025-03-01,a@x.example,Gin,5.00,R2")
    await told(tmp_path, "Receipt,Date,Email,Item,Amount,Register", *rows)
    assert await orders() == [(drawn, "15.00", "a")]


async def test_what_comes_back_at_another_register_is_the_sales(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    rows = ("5,2025-03-01,a@x.example,30.00,R1", "5,2025-03-02,a@x.example,-10.00,R2")
    await told(tmp_path, "Receipt,Date,Email,Amount,Register", *rows)
    assert await orders() == [("5", "20.00", "a")]


SORTED = [f"Main,1,{nth},2025-03-01,a@x.example,10.00" for nth in range(1, 6)]
SECOND = [f"Main,2,{nth},2025-03-01,a@x.example,20.00" for nth in range(1, 6)]


@pytest.mark.parametrize("size", [1, 3, 5_000])
async def test_a_file_sorted_by_register_begins_anew(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", size)
    monkeypatch.setattr("liquor_app.imports.readers.formats.SAMPLE_ROWS", 3)
    await people(tmp_path)
    report = await told(tmp_path, "Store,Register,Receipt,Date,Email,Amount", *SORTED, *SECOND)
    assert (report.rows, report.created, report.rejected, report.orders) == (10, 10, 0, {"created": 10})
    assert (await many("SELECT count(*) AS n FROM import_lines"))[0].n == 0
    report = await told(tmp_path, "Store,Register,Receipt,Date,Email,Amount", *SECOND[:2], name="later.csv")
    assert report.orders == {"unchanged": 2}, "a later file of the same columns follows"


async def test_what_was_one_before_is_not_made_twice(database: str, tmp_path: Path) -> None:
    """Orders that were taken by their bare number, or by their store's, keep it."""
    await people(tmp_path)
    head = "Store,Register,Receipt,Date,Email,Amount"
    await told(tmp_path, head, *SORTED[:2], numbering="shop")
    await told(tmp_path, head, "South,1,9,2025-03-01,a@x.example,9.00", name="s.csv", numbering="store")
    rows = (*SORTED[:1], *(one.replace(",1,", ",2,", 1).replace("10.00", "4.00") for one in SORTED[4:5]), SORTED[4])
    report = await told(tmp_path, head, *rows, "South,1,9,2025-03-01,a@x.example,9.00", name="all.csv")
    assert report.orders == {"unchanged": 2, "created": 2}
    assert sorted(one[0] for one in await orders()) == ["1", "2", "5 · MAIN / 1", "5 · MAIN / 2", "9 · SOUTH"]


async def test_what_somebody_said_holds(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, "Register,Receipt,Date,Email,Total", f"1,{R1}", f"2,{R2}", numbering="shop")
    assert await orders() == [("1", "22.00", "a")]


async def test_lightspeeds_registers(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = "Date,Receipt Number,Line Type,Customer Code,Register,Details,Sku,Quantity,Subtotal,Discount,Status"
    await run(write(tmp_path / "p.csv", "customer_code,email", "C1,a1@x.example"))
    rows = (
        "2025-03-01,1,Sale Line,C1,Till 1,Rye,S1,1,10.00,0,Closed",
        "2025-03-01,1,Sale Line,C1,Till 2,Gin,S2,1,12.00,0,Closed",
    )  # fmt: skip
    await told(tmp_path, head, *rows)
    assert [one[:2] for one in await orders()] == [("1 · TILL 1", "10.00"), ("1 · TILL 2", "12.00")]

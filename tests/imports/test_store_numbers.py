"""Receipt numbers that begin anew in each store: two orders, not one of somebody else (ADR 120)."""

from __future__ import annotations

from itertools import permutations
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
HEAD = "Receipt,Store,Email,Date,Item,Amount,Status"


def row(number: str, store: str, who: str, item: str, amount: str, *, day: str = "01", status: str = "Paid") -> str:
    email = f"{who}@x.example" if who else ""
    return f"{number},{store},{email},2026-10-{day} 10:00,{item},{amount},{status}"


NORTH, SOUTH = row("1001", "North", "a", "Rye", "50.00"), row("1001", "South", "b", "Gin", "30.00")
MORE = row("1001", "South", "b", "Ale", "5.00")
STORES: dict[str, Any] = {"numbering": "store"}
SHOP: dict[str, Any] = {"numbering": "shop"}


async def told(tmp_path: Path, *rows: str, name: str = "sales.csv", **options: Any) -> ImportReport:
    return await run(write(tmp_path / name, HEAD, *rows), "purchases", options=options)


async def owned() -> set[tuple[str, str, str]]:
    found = await many("SELECT c.email, p.store, p.total FROM purchases p JOIN customers c ON c.id = p.customer_id")
    return {(one.email[0], one.store, str(one.total)) for one in found}


@pytest.mark.parametrize("size", [1, 2, 5_000])
@pytest.mark.parametrize("rows", list(permutations((NORTH, SOUTH, MORE))))
async def test_two_stores_are_two_orders(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, rows: tuple[str, ...]
) -> None:
    """Before, the second was refused as another customer's. Nobody has to say it: the first rows do."""
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", size)
    await people(tmp_path)
    report = await told(tmp_path, *rows)
    assert (report.rejected, report.orders) == (0, {"created": 2})
    assert await owned() == {("a", "North", "50.00"), ("b", "South", "35.00")}
    before = await everything()
    again = await told(tmp_path, *reversed(rows), name="again.csv")
    assert (again.orders, await everything()) == ({"unchanged": 2}, before)


async def test_a_later_file_of_one_store_follows_the_files_before(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, NORTH, SOUTH)
    report = await told(tmp_path, row("1001", "South", "b", "Gin", "30.00"), name="south.csv")
    assert (report.orders, report.rejected) == ({"unchanged": 1}, 0)
    report = await told(tmp_path, row("1002", "South", "a", "Gin", "9.00"), name="new.csv")
    await told(tmp_path, row("1002", "North", "b", "Gin", "8.00"), name="north.csv")
    assert await owned() == {
        ("a", "North", "50.00"), ("b", "South", "30.00"), ("a", "South", "9.00"), ("b", "North", "8.00"),
    }  # fmt: skip


async def test_what_was_imported_before_it_was_said_is_no_second_order(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    first = await told(tmp_path, NORTH, row("1001", "South", "b", "Gin", "30.00"), **SHOP)
    assert first.reasons == {"order_of_another_customer": 1, "order_with_refused_row": 1}
    await told(tmp_path, NORTH, name="north.csv", **SHOP)
    report = await told(tmp_path, NORTH, SOUTH, name="again.csv", **STORES)
    assert report.orders == {"created": 1, "unchanged": 1}
    assert await owned() == {("a", "North", "50.00"), ("b", "South", "30.00")}
    gone = row("1001", "North", "a", "Rye", "50.00", status="Voided")
    await told(tmp_path, gone, SOUTH, name="void.csv", **STORES)
    assert await owned() == {("a", "North", "0.00"), ("b", "South", "30.00")}
    broken = (row("1001", "North", "a", "Rye", "much"), row("1001", "North", "a", "Ale", "7.00"))
    report = await told(tmp_path, *broken, name="broken.csv", **STORES)
    assert report.reasons == {"bad_amount": 1, "order_with_refused_row": 1}


async def test_one_buyer_is_one_order_unless_it_is_said(database: str, tmp_path: Path) -> None:
    """Lines of one order at two registers; the same number sold to one customer twice is nothing a file shows."""
    await people(tmp_path)
    rows = (NORTH, row("1001", "South", "a", "Gin", "30.00"))
    await told(tmp_path, *rows)
    assert {total for _, _, total in await owned()} == {"80.00"}


async def test_the_same_number_of_one_store_is_still_one_orders(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    for store in ("North", "NORTH", ""):
        report = await told(tmp_path, NORTH, row("1001", store, "b", "Gin", "30.00"), name=f"{store or 'none'}.csv")
        assert report.reasons == {"order_of_another_customer": 1, "order_with_refused_row": 1}


async def test_what_is_given_back_goes_to_its_own_order(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, NORTH, SOUTH, MORE)
    back = (
        row("1001", "North", "a", "Rye", "-10.00", day="03", status="Refund"),
        row("1001", "South", "", "Gin", "-3.00", day="03", status="Refund"),
    )
    await told(tmp_path, *back, name="back.csv")
    assert await owned() == {("a", "North", "40.00"), ("b", "South", "32.00")}
    await told(tmp_path, row("1001", "South", "b", "Gin", "30.00", day="03", status="Voided"), name="void.csv")
    assert await owned() == {("a", "North", "40.00"), ("b", "South", "0.00")}


async def test_who_is_not_named_has_nobody_elses_name(database: str, tmp_path: Path) -> None:
    """Before, a sale to nobody at one store was the buyer's of the same number at another, also in a file that shows
    nothing else."""
    await people(tmp_path)
    nobodys = row("1001", "South", "", "Gin", "30.00")
    report = await told(tmp_path, NORTH, nobodys, row("1001", "North", "", "Ale", "5.00"))
    assert await owned() == {("a", "North", "55.00")}
    assert report.notes == {"rows_without_customer": 1}
    report = await told(tmp_path, row("7", "South", "", "Gin", "3.00"), row("7", "", "b", "Gin", "4.00"), name="b.csv")
    assert ("b", "South", "7.00") in await owned()
    report = await told(tmp_path, row("8", "South", "", "Gin", "3.00"), row("8", "North", "b", "Gin", "4.00"), name="c")
    assert ("b", "North", "4.00") in await owned()
    assert report.notes == {"rows_without_customer": 1}


async def test_a_row_without_a_store_is_of_the_one_before(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, NORTH, row("1001", "", "", "Ale", "5.00"), SOUTH, row("1001", "", "", "Ale", "6.00"))
    assert await owned() == {("a", "North", "55.00"), ("b", "South", "36.00")}


async def test_a_refused_row_keeps_its_own_order_back(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    report = await told(
        tmp_path, NORTH, SOUTH, row("1001", "South", "b", "Ale", "much"), row("1002", "North", "a", "Ale", "9")
    )
    assert report.reasons == {"bad_amount": 1, "order_with_refused_row": 1}
    assert await owned() == {("a", "North", "50.00"), ("a", "North", "9.00")}
    kept = await many("SELECT raw FROM import_rejects ORDER BY row_number")
    assert [one.raw["cells"][0] for one in kept] == ["1001", "1001"]
    assert {one.raw["order"] for one in kept} == {"1001 · SOUTH"}


async def test_the_preview_shows_both_and_says_why(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    path = write(tmp_path / "sales.csv", HEAD, NORTH, SOUTH)
    seen = inspect_file(path, "purchases").dialect
    assert seen.numbering == "store"
    assert seen.numbering_evidence == "Number 1001 was sold anew in 2 stores"
    assert inspect_file(write(tmp_path / "n.csv", HEAD, NORTH), "purchases").dialect.numbering == "shop"
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=path, limit=20, watch=True)
    assert sorted(one.order for one in trial.shown) == ["1001 · NORTH", "1001 · SOUTH"]
    assert {one.record.told[0] for one in trial.shown} == {"1001"}


async def test_what_is_given_back_at_another_store_shows_nothing(tmp_path: Path) -> None:
    back = row("1001", "South", "b", "Rye", "-10.00", day="03", status="Refund")
    assert inspect_file(write(tmp_path / "n.csv", HEAD, NORTH, back), "purchases").dialect.numbering == "shop"


SORTED = [row(str(nth), "North", "a", "Rye", "10.00") for nth in range(1, 6)]
SOUTHERN = [row(str(nth), "South", "b", "Gin", "20.00", day="09") for nth in range(1, 6)]


@pytest.mark.parametrize("size", [1, 3, 5_000])
async def test_a_file_sorted_by_store_shows_it_late_and_begins_anew(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Before, the first rows showed nothing, and all of both stores was refused."""
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", size)
    monkeypatch.setattr("liquor_app.imports.readers.formats.SAMPLE_ROWS", 3)
    await people(tmp_path)
    bad = row("6", "South", "b", "Ale", "much")
    report = await told(tmp_path, bad, *SORTED, *SOUTHERN)
    assert (report.rows, report.created, report.rejected, report.orders) == (11, 10, 1, {"created": 10})
    assert report.reasons == {"bad_amount": 1}
    assert await owned() == {("a", "North", "10.00"), ("b", "South", "20.00")}
    assert (await many("SELECT count(*) AS n FROM import_lines"))[0].n == 0
    before = await everything()
    again = await told(tmp_path, *SORTED, *SOUTHERN, name="again.csv")
    assert (again.orders, await everything()) == ({"unchanged": 10}, before)


@pytest.mark.parametrize("who", ["a", "b"])
async def test_a_file_of_each_store_takes_no_order_of_the_other(database: str, tmp_path: Path, who: str) -> None:
    """Before, the second store's sale took the place of the first's of the same customer, without a word."""
    await people(tmp_path)
    await told(tmp_path, NORTH)
    await told(tmp_path, row("1001", "South", who, "Gin", "30.00", day="09"), name="south.csv")
    assert await owned() == {("a", "North", "50.00"), (who, "South", "30.00")}
    report = await told(tmp_path, NORTH, name="north.csv")
    assert report.orders == {"unchanged": 1}


async def test_one_buyer_on_two_days_is_two_orders(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, NORTH, row("1001", "South", "a", "Gin", "30.00", day="05"))
    assert await owned() == {("a", "North", "50.00"), ("a", "South", "30.00")}


async def test_what_somebody_said_holds(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, NORTH, **SHOP)
    report = await told(tmp_path, row("1001", "South", "a", "Gin", "30.00", day="09"), name="south.csv", **SHOP)
    assert report.orders == {"updated": 1}


async def test_a_file_without_stores_before_is_the_same_orders(database: str, tmp_path: Path) -> None:
    """Before, everything counted twice once the till wrote the store as well."""
    await people(tmp_path)
    bare = write(tmp_path / "bare.csv", "Receipt,Email,Date,Item,Amount", "1001,a@x.example,2026-10-01 10:00,Rye,50.00")
    await run(bare, "purchases")
    report = await told(tmp_path, NORTH, SOUTH)
    assert report.orders == {"created": 1, "updated": 1}
    assert await owned() == {("a", "North", "50.00"), ("b", "South", "30.00")}


async def test_another_tills_columns_are_asked_anew(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, NORTH, SOUTH)
    rows = ("5,R1,a@x.example,2026-10-02,30.00", "5,R2,a@x.example,2026-10-02,-10.00")
    report = await run(write(tmp_path / "till.csv", "receipt,register,email,date,amount", *rows), "purchases")
    assert report.orders == {"created": 1}


async def test_a_trial_and_a_preview_tell_it_too(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, NORTH)
    path = write(tmp_path / "south.csv", HEAD, row("1001", "South", "a", "Gin", "30.00", day="09"))
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=path, limit=20, watch=True)
    assert (trial.numbering, [one.order for one in trial.shown]) == ("store", ["1001 · SOUTH"])
    assert len(await many("SELECT 1 FROM purchases")) == 1


async def test_a_refund_at_another_store_costs_nobody_elses_order(database: str, tmp_path: Path) -> None:
    """Before, who had bought under that number at the store of the refund lost the order with it."""
    await people(tmp_path)
    head = f"{HEAD},Original Receipt"
    rows = [f"{one}," for one in (NORTH, SOUTH)] + [row("8", "South", "a", "Rye", "-10.00", day="03") + ",1001"]
    report = await run(write(tmp_path / "sales.csv", head, *rows), "purchases")
    assert report.reasons == {"refund_at_another_store": 1}
    assert await owned() == {("a", "North", "50.00"), ("b", "South", "30.00")}
    mended = [f"{one}," for one in (NORTH, SOUTH)] + [row("8", "North", "a", "Rye", "-10.00", day="03") + ",1001"]
    await run(write(tmp_path / "mended.csv", head, *mended), "purchases")
    assert await owned() == {("a", "North", "40.00"), ("b", "South", "30.00")}


@pytest.mark.parametrize("who", ["a", ""])
@pytest.mark.parametrize("status", ["Voided", "Refunded"])
async def test_a_void_at_one_store_takes_back_nothing_of_another(
    database: str, tmp_path: Path, who: str, status: str
) -> None:
    """Before, the other store's order of that number was lowered to nothing, though the row names its store."""
    await people(tmp_path)
    await told(tmp_path, NORTH)
    gone = row("1001", "South", who, "Rye", "30.00", day="09", status=status)
    report = await told(tmp_path, gone, row("1002", "South", "b", "Gin", "5.00"), name="south.csv")
    assert await owned() == {("a", "North", "50.00"), ("b", "South", "5.00")}
    assert report.notes.get("reversals_of_another_customer") == 1
    await told(tmp_path, row("1001", "north", who, "Rye", "50.00", day="09", status=status), name="north.csv")
    assert ("a", "North", "0.00") in await owned()


async def test_what_comes_back_elsewhere_leaves_the_order_at_its_store(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, NORTH)
    await told(tmp_path, row("1001", "South", "", "Rye", "-5.00", day="09", status="Refund"), name="back.csv")
    assert await owned() == {("a", "North", "45.00")}


async def test_an_order_that_becomes_another_stores_is_told(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await told(tmp_path, NORTH)
    report = await told(tmp_path, row("1001", "South", "a", "Ale", "40.00"), name="south.csv")
    assert (report.orders, report.notes) == ({"updated": 1}, {"orders_moved": 1})

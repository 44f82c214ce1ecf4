"""Drop folders: each file once, when it is whole, one after the other; what fails is kept and told, silence too."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core import config, queue
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.core.files import drop_root
from liquor_app.imports.drop_folders.drop_sources import create_source, get_source, request_look, update_source
from liquor_app.imports.drop_folders.lists import list_drop_files
from liquor_app.imports.drop_folders.look import Looked, look_at, request_due_looks, retry_file
from liquor_app.imports.drop_folders.settle_file import discard_file, take_as_it_seems
from liquor_app.imports.drop_folders.tasks import TASKS as LOOKS
from liquor_app.imports.tasks import TASKS as IMPORTS
from liquor_app.imports.undo.discard_upload import discard_upload
from liquor_app.imports.undo.undo_locally import undo_locally
from liquor_app.imports.uploads import start_import
from liquor_app.organization.bell import list_notifications
from liquor_app.screens.imports.drop_folders.view import file_line, source_line
from tests.imports.test_import_cases import many, one
from tests.people import ensure_shop
from tests.privacy.test_former_identifiers import FIRST, add, erase

pytestmark = pytest.mark.integration
STOCK = "sku,name,price,stock\nG-1,Gin,20,{stock}\nG-2,Rum,abc,4\n"
SALES = "order id,email,date,amount\n{order},ann@x.example,2026-11-01 10:00,{amount}\n"


@pytest.fixture
def root(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The drop root of this test."""
    monkeypatch.setenv("LIQUOR_DROP_FOLDER", str(tmp_path / "drop"))
    (tmp_path / "drop" / "till").mkdir(parents=True)
    config.get_settings.cache_clear()
    yield tmp_path / "drop"
    monkeypatch.undo()
    config.get_settings.cache_clear()


async def source(**told: Any) -> UUID:
    async with transaction() as session:
        await ensure_shop(session)
        made = await create_source(session, SYSTEM, {"name": "Till", "folder": "till", "kind": "products", **told})
    return made.id


async def look(source_id: UUID) -> Looked:
    """A look, and the imports it asked for."""
    found = await look_at(source_id)
    for job in await many("SELECT id FROM jobs WHERE name = 'import_file' AND status = 'queued'"):
        await queue.run(job.id, IMPORTS)
    return found


async def log() -> list[Any]:
    async with transaction() as session:
        return list((await list_drop_files(session, SYSTEM)).items)


async def test_a_file_is_read_once_when_it_looks_the_same_twice(root: Path) -> None:
    till = await source()
    (root / "till" / "stock.csv").write_text(STOCK.format(stock=3))
    assert await look(till) == Looked(waiting=1)
    assert await look(till) == Looked(taken=1)
    [row] = await log()
    assert (row.state, row.right, row.warned, row.refused) == ("completed", 2, 1, 0)
    assert (await one("SELECT stock FROM products WHERE sku = 'G-1'")).stock == 3
    assert await look(till) == Looked(), "the same file is not read again"
    assert len(await many("SELECT 1 FROM imports")) == 1
    async with transaction() as session:
        assert await list_notifications(session, SYSTEM) == [], "nobody's bell rings every hour"


async def test_a_file_that_is_still_written_is_waited_for(root: Path) -> None:
    till, file = await source(), root / "till" / "stock.csv"
    file.write_text("sku,name\nG-1")
    (root / "till" / "next.csv.part").write_text("half")
    await look(till)
    file.write_text(STOCK.format(stock=3))
    assert await look(till) == Looked(waiting=1), "it grew: it must look the same once more"
    os.utime(file, ns=(1_700_000_000_000_000_000,) * 2)
    assert await look(till) == Looked(waiting=1), "it was touched"
    assert await look(till) == Looked(taken=1)
    assert [row.name for row in await log()] == ["stock.csv"]
    file.unlink()
    (root / "till" / "gone.csv").write_text("x")
    await look(till)
    (root / "till" / "gone.csv").unlink()
    assert await look(till) == Looked(), "what waited and is gone is forgotten"


async def test_orders_of_the_same_content_are_not_taken_twice_and_their_sum_is_told(root: Path) -> None:
    till = await source(kind="purchases")
    async with transaction() as session:
        await session.execute(
            text("INSERT INTO customers (email, email_key) VALUES ('ann@x.example', 'ann@x.example')")
        )
    (root / "till" / "a.csv").write_text(SALES.format(order="A1", amount="30.50"))
    await look(till)
    await look(till)
    (root / "till" / "b.csv").write_text(SALES.format(order="A1", amount="30.50"))
    await look(till)
    assert await look(till) == Looked(repeated=1)
    rows = {row.name: row for row in await log()}
    assert (rows["a.csv"].state, rows["a.csv"].total) == ("completed", Decimal("30.50"))
    assert (rows["b.csv"].state, rows["b.csv"].reason) == ("repeated", "Its content came before, as a.csv.")
    assert len(await many("SELECT 1 FROM purchases")) == 1


async def test_what_was_undone_is_taken_when_it_comes_again(root: Path) -> None:
    people = "email,name\nann@x.example,Ann\n"
    till = await source(kind="customers")
    (root / "till" / "a.csv").write_text(people)
    await look(till)
    await look(till)
    first = (await one("SELECT id FROM imports")).id
    await undo_locally(SYSTEM, first)
    assert await many("SELECT 1 FROM customers") == []
    (root / "till" / "b.csv").write_text(people)
    await look(till)
    assert await look(till) == Looked(taken=1)
    assert len(await many("SELECT 1 FROM customers")) == 1


async def test_a_drop_folder_takes_back_what_a_later_file_voids(root: Path) -> None:
    till = await source(kind="purchases")
    async with transaction() as session:
        await session.execute(text("INSERT INTO customers (email, email_key) VALUES ('a@x.example', 'a@x.example')"))
    head = "order id,email,date,item,amount,status"
    row = "{0},a@x.example,2026-10-01 10:00,{1},{2},{3}".format
    bought = (row(1, "Rye", 50, "Paid"), row(1, "Gin", 30, "Paid"), row(2, "Ale", 20, "Paid"))
    for name, rows in (("a", bought), ("b", (row(1, "Rye", 50, "Voided"), bought[2]))):
        (root / "till" / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n")
        await look(till)
        await look(till)
    made = await many("SELECT external_id, total FROM purchases ORDER BY 1")
    assert [(one.external_id, str(one.total)) for one in made] == [("1", "0.00"), ("2", "20.00")]
    files = {one.name: one for one in await log()}
    assert (files["a.csv"].taken_back, files["b.csv"].taken_back) == (None, 1)
    assert file_line(files["b.csv"], now()).rows == "1 taken, 1 left out, 1 known order taken back"
    assert (files["b.csv"].warned, files["b.csv"].left_out) == (0, 1), "it is no fault of its row"
    (root / "till" / "c.csv").write_text("\n".join([head, row(2, "Ale", -5, "Refund"), row(2, "Ale", -5, "Refund")]))
    await look(till)
    await look(till)
    assert [str(one.total) for one in await many("SELECT total FROM purchases ORDER BY external_id")] == [
        "0.00",
        "10.00",
    ]
    [told] = [file_line(one, now()) for one in await log() if one.name == "c.csv"]
    assert (told.rows, told.total) == ("2 taken", "\N{MINUS SIGN}$10.00")


async def test_the_same_stock_again_says_that_it_is_still_so(root: Path) -> None:
    """An hour later nothing was sold: the figures are as fresh as the file."""
    till, file = await source(), root / "till" / "stock.csv"
    for hours in (30, 1):
        file.write_text(STOCK.format(stock=3))
        os.utime(file, (time.time() - hours * 3600,) * 2)
        await look(till)
        await look(till)
    assert len(await many("SELECT 1 FROM imports")) == 2
    told = await one("SELECT extract(epoch FROM now() - stock_at) / 3600 AS hours FROM products WHERE sku = 'G-1'")
    assert 0.9 < told.hours < 1.2


async def test_files_of_a_till_come_in_one_after_the_other_the_oldest_first(root: Path) -> None:
    till = await source()
    for name, stock, age in (("b.csv", 1, 50), ("a.csv", 9, 10), ("c.csv", 5, 30)):
        (root / "till" / name).write_text(STOCK.format(stock=stock))
        os.utime(root / "till" / name, (time.time() - age,) * 2)
    await look(till)
    assert await look_at(till) == Looked(taken=1, waiting=2)
    assert await look_at(till) == Looked(waiting=2), "the first is not done yet"
    for _ in range(3):
        await look(till)
    assert (await one("SELECT stock FROM products WHERE sku = 'G-1'")).stock == 9, "the youngest's word holds"
    rows = sorted(await log(), key=lambda row: row.modified)
    assert [row.name for row in rows] == ["b.csv", "c.csv", "a.csv"]


async def test_what_fails_is_kept_and_tried_again_with_what_the_folder_says_now(root: Path) -> None:
    till = await source(kind="customers")
    (root / "till" / "stock.csv").write_text(STOCK.format(stock=3))
    await look(till)
    await look(till)
    [row] = await log()
    assert (row.state, "No column says who the customer is" in row.reason) == ("failed", True)
    async with transaction() as session:
        assert [one.title for one in await list_notifications(session, SYSTEM)] != []
        await update_source(session, SYSTEM, till, {"kind": "products"})
        await retry_file(session, SYSTEM, row.id)
    await look(till)
    [row] = await log()
    assert (row.state, row.right, row.reason) == ("completed", 2, None)
    with pytest.raises(Conflict, match="Only a file that failed"):
        async with transaction() as session:
            await retry_file(session, SYSTEM, row.id)


async def test_an_empty_file_is_told_and_may_come_again(root: Path) -> None:
    till = await source()
    (root / "till" / "empty.csv").touch()
    await look(till)
    assert await look(till) == Looked(failed=1)
    [row] = await log()
    assert (row.state, row.reason) == ("failed", "It is empty.")
    async with transaction() as session:
        await retry_file(session, SYSTEM, row.id)
    (root / "till" / "empty.csv").unlink()
    with pytest.raises(Conflict):
        async with transaction() as session:
            await retry_file(session, SYSTEM, row.id)


async def test_two_workers_that_look_at_once_hand_a_file_over_once(root: Path) -> None:
    uploads = Path(config.get_settings().data_dir) / "files" / "imports"
    there = {path.name for path in uploads.glob("*")}  # other tests' of this process
    till = await source()
    (root / "till" / "stock.csv").write_text(STOCK.format(stock=3))
    await look_at(till)
    found = await asyncio.gather(*(look_at(till) for _ in range(4)))
    assert sum(one.taken for one in found) == 1
    assert len(await many("SELECT 1 FROM imports")) == 1
    kept = await one("SELECT file_key FROM imports")
    assert {path.name for path in uploads.glob("*")} - there == {kept.file_key}, "no copy is left"


async def test_the_clock_asks_for_those_whose_time_has_come(root: Path) -> None:
    till = await source()
    other = await source(name="Other", folder="other", is_paused=True)
    async with transaction() as session:
        assert await request_due_looks(session) == 1
        assert await request_due_looks(session) == 1, "asked twice"
    [job] = await many("SELECT id, args FROM jobs WHERE name = 'look_drop_folder'")
    assert job.args == {"source_id": str(till)}, "it is one job, and not the paused one's"
    await queue.run(job.id, LOOKS)
    async with transaction() as session:
        assert await request_due_looks(session) == 0, "not before its minutes are over"
        with pytest.raises(Conflict, match="paused"):
            await request_look(session, SYSTEM, other)
        await update_source(session, SYSTEM, other, {"is_paused": False})
    await look(other)
    async with transaction() as session:
        row = await get_source(session, SYSTEM, other)
    assert row.problem == "The folder other cannot be opened: it is not there."


async def test_silence_is_told_once(root: Path) -> None:
    till = await source(silent_hours=3)

    async def told() -> list[str]:
        async with transaction() as session:
            await request_due_looks(session)
            return [one.title for one in await list_notifications(session, SYSTEM)]

    assert await told() == []
    async with transaction() as session:
        await session.execute(text("UPDATE drop_sources SET created_at = now() - interval '4 hours'"))
        assert (await get_source(session, SYSTEM, till)).is_silent
    assert await told() == ["Till sends nothing"]
    assert await told() == ["Till sends nothing"]
    (root / "till" / "stock.csv").write_text(STOCK.format(stock=3))
    await look(till)
    async with transaction() as session:
        assert not (await get_source(session, SYSTEM, till)).is_silent
        await session.execute(text("UPDATE drop_files SET seen_at = now() - interval '4 hours'"))
        await session.execute(text("UPDATE drop_sources SET silence_told_at = now() - interval '5 hours'"))
    assert await told() == ["Till sends nothing"] * 2


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "name"), ({"kind": "stocks"}, "kind"), ({"policy": "x"}, "policy"),
    ({"every_minutes": 4}, "every_minutes"), ({"every_minutes": "soon"}, "every_minutes"),
    ({"silent_hours": 0}, "silent_hours"), ({"options": {"profile": "shopify_orders"}}, "profile"),
    ({"options": {"x": 1}}, "options"),
    ({"kind": "purchases", "options": {"unknown_customers": "x"}}, "unknown_customers"),
    ({"options": {"decimal": "!"}}, "decimal"), ({"folder": "a/../b"}, "folder"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "field"), WRONG)
async def test_what_makes_no_sense_is_said_by_its_field(root: Path, told: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await source(**told)
    assert refused.value.field == field


async def test_a_name_and_a_folder_are_one_source_s(root: Path) -> None:
    await source()
    for told in ({"folder": "other"}, {"name": "Other", "folder": "TILL"}):
        with pytest.raises(Conflict):
            await source(**told)


async def test_what_comes_is_found_among_any_number_of_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drop_root, "MOST_LISTED", 3)
    till, problem = await source(), "SELECT problem FROM drop_sources"
    for number in range(5):
        file = root / "till" / f"stock-{number}.csv"
        file.write_text(STOCK.format(stock=number))
        os.utime(file, (1_700_000_000 - number, 1_700_000_000 - number))
    listed = await drop_root.drop_root().files("till")
    assert ([file.name for file in listed], listed.left_out) == (["stock-2.csv", "stock-1.csv", "stock-0.csv"], 2)
    await look(till)
    assert (await one(problem)).problem == (
        "The folder holds 5 files. The newest 3 are looked at: move away what was imported."
    )
    (root / "till" / "new.csv").write_text(STOCK.format(stock=99))
    while (await look(till)).waiting:
        pass
    assert (await one("SELECT stock FROM products WHERE sku = 'G-1'")).stock == 99
    for number in range(5):
        (root / "till" / f"stock-{number}.csv").unlink()
    await look(till)
    assert (await one(problem)).problem is None


async def test_a_file_named_after_somebody_who_was_erased_is_not_taken_again(root: Path) -> None:
    """It lies in the shop's own folder still; what is kept of it names nobody."""
    source_id = await source(kind="customers")
    (root / "till" / "zora-quillmark.csv").write_text("email,name\nnell@example.com,Nell\n")
    await look(source_id)
    assert (await look(source_id)).taken == 1
    customer = await add(**FIRST)
    await erase(customer)
    kept = [row.name for row in await log()]
    assert len(kept) == 1
    assert "quillmark" not in kept[0]
    assert await look(source_id) == Looked()
    assert [row.name for row in await log()] == kept


KINDS = {
    "customers": "email,name,city\nann@x.example,Ann,Bath\n",
    "purchases": SALES.format(order="A1", amount="30.50"),
    "products": STOCK.format(stock=3),
}


@pytest.mark.parametrize(("folder", "kind"), [(a, b) for a in KINDS for b in KINDS if a != b])
async def test_a_file_of_another_kind_is_said_and_taken_as_what_it_is(root: Path, folder: str, kind: str) -> None:
    till = await source(kind=folder)
    (root / "till" / "a.csv").write_text(KINDS[kind])
    await look(till)
    await look(till)
    [row] = await log()
    assert (row.state, row.seems) == ("failed", kind)
    async with transaction() as session:
        line = source_line(await get_source(session, SYSTEM, till), "", now())
        told = file_line(row, now())
        assert (line.state, line.tone) == ("Needs a look", "amber")
        taken = await take_as_it_seems(session, SYSTEM, row.id)
        assert (await take_as_it_seems(session, SYSTEM, row.id)).id == taken.id, "the same again"
    assert told.take_as == {"purchases": "orders"}.get(kind, kind)
    assert "looks like" in told.reason
    assert (taken.kind, taken.status, taken.file_name) == (kind, "preview", "a.csv")
    options = {"unknown_customers": "create"} if kind == "purchases" else {}
    async with transaction() as session:
        job = (await start_import(session, SYSTEM, taken.id, kind=kind, options=options)).job_id
    assert job is not None
    await queue.run(job, IMPORTS)
    [row] = await log()
    assert (row.state, row.refused) == ("completed", 0)
    async with transaction() as session:
        assert source_line(await get_source(session, SYSTEM, till), "", now()).state == "Ready"


async def test_a_file_that_failed_is_discarded_and_warned_of_no_more(root: Path) -> None:
    till = await source(kind="customers")
    (root / "till" / "a.csv").write_text(KINDS["products"])
    (root / "till" / "empty.csv").touch()
    for _ in range(3):
        await look(till)
    rows = {row.name: row for row in await log()}
    async with transaction() as session:
        assert (await get_source(session, SYSTEM, till)).failed == 2
        with pytest.raises(Conflict, match="another kind"):
            await take_as_it_seems(session, SYSTEM, rows["empty.csv"].id)
        await discard_file(session, SYSTEM, rows["empty.csv"].id)
        await discard_file(session, SYSTEM, rows["empty.csv"].id)
        taken = await take_as_it_seems(session, SYSTEM, rows["a.csv"].id)
        assert (await get_source(session, SYSTEM, till)).failed == 1, "it is not imported yet"
        with pytest.raises(Conflict, match="waits to be imported"):
            await discard_file(session, SYSTEM, rows["a.csv"].id)
        await discard_upload(session, SYSTEM, taken.id)
        assert (await get_source(session, SYSTEM, till)).failed == 0
    assert {row.state for row in await log()} == {"discarded"}
    assert await look(till) == Looked(), "and nothing of it comes back"
    viewer = Actor(ActorKind.USER, None, "Vi", Role.USER)
    for door in (take_as_it_seems, discard_file):
        with pytest.raises(Forbidden):
            async with transaction() as session:
                await door(session, viewer, rows["a.csv"].id)

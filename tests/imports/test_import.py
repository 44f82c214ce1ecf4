"""Imports into the real database."""

from __future__ import annotations

import asyncio
import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.customers.baskets import wait_for_lines, write_baskets
from liquor_app.customers.editing.change_customer import delete_customer
from liquor_app.doubles.merge_profiles import merge_profiles
from liquor_app.imports import chunks
from liquor_app.imports.dry_run import ImportReport, inspect_file
from liquor_app.imports.local_import import import_local
from liquor_app.imports.tasks import Tell
from liquor_app.imports.uploads import resume_import
from tests.people import add_customer

pytestmark = pytest.mark.integration


async def untold(done: int, total: int) -> None:
    pass


DIRTY = """Customer ID,E-Mail,First Name,Last Name,Mobile,State,Date of birth,Email consent,Consent source,Consent date
1,ada@example.com,Ada,Lovelace,(207) 555-0101,Maine,1980-02-29,yes,till,2026-01-05
2,BO@Example.com,Bo,,207-555-0102,ME,,no,web form,2026-02-01
3,not-an-address,Cy,,,ME,,,,
4,dee@example.com,Dee,,12345,ME,,,,
5,ada@example.com,Ada,King,,ME,,,,
6,eve@example.com,=cmd()|calc,,+44 20 7946 0018,,,,,
7,fay@example.com,Fay,,,,2099-01-01,,,
8,gus@example.com,Gus,,,,,yes,,
9,"hal@example.com
10,ida@example.com,Ida,,,NY,,,,
,,Nobody,,,,,,,
10,IDA@example.com,Ida,,,NY,,,,
11,jo@example.com,Jo,,,,,,,,ragged
"""


async def run(path: Path, kind: str = "customers", tell: Tell = untold, **options: Any) -> ImportReport:
    return await import_local(SYSTEM, kind, path, tell=tell, **options)


async def rows(sql: str) -> list[Any]:
    async with transaction() as session:
        return list((await session.execute(text(sql))).mappings())


async def rows_gone(table: str) -> None:
    async with transaction() as session:
        await session.execute(text(f"DELETE FROM {table}"))


def adds_up(report: ImportReport) -> bool:
    return report.created + report.updated + report.unchanged + report.rejected == report.rows


def rejects(report: ImportReport) -> str:
    assert report.rejects_file is not None
    return Path(report.rejects_file).read_text(encoding="utf-8-sig")


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(DIRTY)
    return path


async def test_a_dirty_file(database: str, dirty: Path) -> None:
    report = await run(dirty)
    assert adds_up(report)
    assert (report.rows, report.created, report.updated, report.unchanged) == (13, 8, 0, 1)
    assert report.reasons == {"unreadable_row": 2, "no_identity": 1, "email_of_another": 1}
    assert report.notes == {
        "email_left_out": 1, "phone_left_out": 1, "date_of_birth_left_out": 1, "consent_without_evidence": 1,
        "repeated_first_stands": 1, "country_of_phone": 1,
    }  # fmt: skip
    people = await rows("SELECT * FROM customers ORDER BY email_key")
    assert [person["email_key"] for person in people] == [
        "ada@example.com", "bo@example.com", "dee@example.com", "eve@example.com", "fay@example.com", "gus@example.com",
        "ida@example.com", None,
    ]  # fmt: skip
    ada, bo, dee, eve, fay, gus, ida, cy = people
    assert (cy["external_id"], cy["name"], dee["phone"], fay["of_age_on"]) == ("3", "Cy", None, None)
    assert gus["email_consent"] is None
    assert (ada["name"], ada["phone"], ada["state"], ada["external_id"]) == ("Ada Lovelace", "+12075550101", "ME", "1")
    assert ada["timezone"] == ida["timezone"] == "America/New_York"
    assert (ada["email_consent"], bo["email_consent"], eve["email_consent"]) == ("given", "withdrawn", None)
    assert (bo["email"], eve["phone"], eve["name"]) == ("BO@Example.com", "+442079460018", "=cmd()|calc")
    assert (bo["country"], eve["country"]) == ("US", "GB")
    evidence = await rows("SELECT channel, status, source, at FROM consents ORDER BY at")
    assert [tuple(row.values()) for row in evidence] == [
        ("email", "given", "till", datetime(2026, 1, 5, tzinfo=UTC)),
        ("email", "withdrawn", "web form", datetime(2026, 2, 2, 4, 59, 59, 999_999, UTC)),
    ]
    assert (await rows("SELECT count(*) AS n FROM jobs WHERE name = 'score_customers'"))[0]["n"] == 1


async def test_the_same_file_again_changes_nothing(database: str, dirty: Path) -> None:
    for policy in ("fill", "overwrite", "keep"):
        first = await run(dirty, policy=policy)
        before = await rows("SELECT * FROM customers ORDER BY id")
        again = await run(dirty, policy=policy)
        assert again.unchanged == 9 if policy != "overwrite" else again.unchanged + again.updated == 9
        assert (again.created, again.rejected, again.reasons) == (0, first.rejected, first.reasons)
        after = await rows("SELECT * FROM customers ORDER BY id")
        if policy != "overwrite":
            assert after == before
        assert len(await rows("SELECT 1 FROM consents WHERE NOT evidence ? 'again'")) == 2
        assert len(await rows("SELECT 1 FROM consents")) == 3, "a no said again is kept once, however often"


async def test_the_rejects_can_be_mended_and_imported(database: str, dirty: Path, tmp_path: Path) -> None:
    report = await run(dirty)
    content = rejects(report)
    refused = list(csv.DictReader(content.splitlines()))
    assert [int(row["import_row"]) for row in refused] == [6, 10, 12, 14]
    assert (refused[2]["import_field"], refused[2]["First Name"]) == ("email", "Nobody")
    assert refused[2]["import_reason"] == "The row has neither an e-mail, a phone nor a customer number."
    mended = tmp_path / "mended.csv"
    mended.write_text(content.replace(",,Nobody,,", ",,Nobody,,'+12075550104"))
    assert refused[1]["import_line"] == '9,"hal@example.com'
    second = await run(mended)
    assert (second.created, second.rejected) == (1, 3)
    assert (await rows("SELECT phone FROM customers WHERE name = 'Nobody'"))[0]["phone"] == "+12075550104"


async def test_the_rejects_file_runs_nothing_in_a_spreadsheet(database: str, tmp_path: Path) -> None:
    path = tmp_path / "evil.csv"
    path.write_text('email,name,=HYPERLINK("x")\nbad,"=cmd|\' /C calc\'!A0",@SUM(1)\n')
    report = await run(path)
    cells = [cell for row in csv.reader(rejects(report).splitlines()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


async def test_policies(database: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("email,name,city\na@example.com,Ada,\n")
    await run(path)
    path.write_text("email,name,city\na@example.com,Bea,Rye\n")
    assert (await run(path, policy="keep")).unchanged == 1
    assert (await run(path, policy="fill")).updated == 1
    assert (await rows("SELECT name, city FROM customers"))[0] == {"name": "Ada", "city": "Rye"}
    assert (await run(path, policy="overwrite")).updated == 1
    assert (await rows("SELECT name FROM customers"))[0]["name"] == "Bea"


async def test_a_dry_run_says_the_same_and_writes_nothing(database: str, dirty: Path) -> None:
    dry = await run(dirty, dry_run=True)
    assert not await rows("SELECT 1 FROM customers")
    assert not await rows("SELECT 1 FROM jobs")
    real = await run(dirty)
    assert (dry.created, dry.rejected, dry.reasons) == (real.created, real.rejected, real.reasons)


async def test_duplicates_in_different_chunks_are_one_customer(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 7)
    path = tmp_path / "a.csv"
    lines = [f"p{number % 10}@example.com,{'' if number < 10 else 'Rye'}" for number in range(50)]
    path.write_text("\n".join(["email,city", *lines]))
    seen: list[int] = []

    async def tell(done: int, total: int) -> None:
        seen.append(done)

    report = await run(path, tell=tell)
    assert (report.created, report.updated, report.unchanged) == (10, 10, 30)
    assert seen == [7, 14, 21, 28, 35, 42, 49, 50, 50]
    assert len(await rows("SELECT 1 FROM customers WHERE city = 'Rye'")) == 10


async def test_only_marketers_import_and_bad_choices_are_named(database: str, dirty: Path) -> None:
    viewer = Actor(ActorKind.API_KEY, None, "till", Role.USER)
    for dry_run in (False, True):
        with pytest.raises(Forbidden):
            await import_local(viewer, "customers", dirty, dry_run=dry_run, tell=untold)
        for options in ({"kind": "orders"}, {"kind": "customers", "policy": "merge"}):
            with pytest.raises(Invalid) as caught:
                await run(dirty, dry_run=dry_run, **options)
            assert caught.value.field in options
        with pytest.raises(Invalid, match=r"no file gone\.csv"):
            await run(dirty.with_name("gone.csv"), dry_run=dry_run)


def test_a_preview_shows_columns_guess_and_first_rows(dirty: Path) -> None:
    preview = inspect_file(dirty, "customers", rows=2)
    assert preview.mapping["external_id"] == "Customer ID"
    assert preview.columns[1] == "E-Mail"
    assert [row[0] for row in preview.rows] == ["1", "2"]


# --- purchases ---

SALES = """order_id,customer,occurred_at,category,brand,product,quantity,amount,discount,store
A1,ada@example.com,2026-03-01 19:30,Whisky,Oban,Oban 14,1,79.00,0,Main St
A1,ada@example.com,2026-03-01 19:30,Mixers,Fever,Tonic,4,8.00,2.00,Main St
A2,7,3/2/2026,Wine,,Rioja,2,"1,024.50",,
A3,nobody@example.com,2026-03-02,Wine,,,1,10,,
A6,7,2026-03-03,Wine,,,1,10,,
A6,ada@example.com,2026-03-03,Wine,,,1,10,,
A4,ada@example.com,,Wine,,,1,10,,
A5,ada@example.com,2026-03-05,Wine,,,1,-10,,
"""


@pytest.fixture
async def buyers(database: str) -> None:
    async with transaction() as session:
        await session.execute(
            text("INSERT INTO customers (email, email_key, external_id) VALUES"
                 " ('ada@example.com', 'ada@example.com', NULL), (NULL, NULL, '7')")
        )  # fmt: skip


async def baskets(session: AsyncSession) -> dict[str, Any]:
    found = await session.execute(
        text("SELECT p.external_id, p.occurred_at, p.local_hour, p.total, p.discount, p.alcohol_total, p.store,"
             " (SELECT count(*) FROM purchase_lines l WHERE l.purchase_id = p.id) AS lines, p.id"
             " FROM purchases p ORDER BY 1")
    )  # fmt: skip
    return {row["external_id"]: row for row in found.mappings()}


async def test_lines_become_baskets(buyers: None, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    report = await run(path, "purchases")
    assert adds_up(report)
    assert (report.rows, report.created) == (8, 4)
    assert report.reasons == {
        "unknown_customer": 1, "order_of_another_customer": 1, "order_with_refused_row": 1, "no_time": 1,
    }  # fmt: skip
    async with transaction() as session:
        found = await baskets(session)
    assert list(found) == ["A1", "A2", "A5"]
    a1, a2, a5 = found.values()
    assert a5["total"] == Decimal("-10.00"), "a return"
    assert (a1["total"], a1["discount"], a1["lines"], a1["local_hour"]) == (Decimal("87.00"), Decimal("2.00"), 2, 19)
    assert a1["occurred_at"] == datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    assert (a2["total"], a2["lines"], a2["local_hour"]) == (Decimal("1024.50"), 1, None)
    jobs = await rows("SELECT name, args FROM jobs ORDER BY name")
    assert [job["name"] for job in jobs] == ["roll_up", "score_customers"]
    assert jobs[0]["args"] == {"since": "2026-03-01"}


async def test_purchases_again_change_nothing_and_corrections_replace(
    buyers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 2)  # the lines of A1 lie in different chunks
    path = tmp_path / "sales.csv"
    path.write_text(SALES)
    await run(path, "purchases")
    async with transaction() as session:
        before = await baskets(session)
    again = await run(path, "purchases")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 4)
    path.write_text(SALES.replace("79.00", "69.00"))
    kept = await run(path, "purchases", policy="keep")
    assert (kept.updated, kept.unchanged) == (0, 4)
    corrected = await run(path, "purchases")
    assert (corrected.created, corrected.updated, corrected.unchanged) == (0, 2, 2)
    async with transaction() as session:
        after = await baskets(session)
    assert after["A1"]["id"] == before["A1"]["id"]
    assert (after["A1"]["total"], after["A1"]["lines"]) == (Decimal("77.00"), 2)


async def test_purchases_without_order_numbers_are_recognised_again(buyers: None, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    lines = ["customer,date,amount", "7,2026-03-01 10:00,5", "7,2026-03-01 10:00,6", "7,2026-03-02 10:00,7"]
    path.write_text("\n".join(lines))
    assert (await run(path, "purchases")).created == 3
    async with transaction() as session:
        assert sorted(row["total"] for row in (await baskets(session)).values()) == [Decimal(7), Decimal(11)]
    assert (await run(path, "purchases")).unchanged == 3


async def test_an_interrupted_file_is_gone_on_with_or_begun_anew(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 10)
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["email", *(f"p{number}@example.com" for number in range(50))]))

    async def stop(done: int, total: int) -> None:
        if done >= 30:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        await run(path, tell=stop)
    assert len(await rows("SELECT 1 FROM customers")) == 30
    assert (await rows("SELECT status, rows FROM imports"))[0] == {"status": "failed", "rows": 30}
    anew = await run(path, again=True, policy="keep")
    assert (anew.created, anew.unchanged) == (20, 30), "other choices are another import; what was taken is recognised"
    await rows_gone("customers")
    seen: list[tuple[int, int]] = []

    async def resumed(done: int, begun: datetime) -> None:
        seen.append((done, begun.tzinfo is not None))

    rest = await run(path, resumed=resumed)
    assert seen == [(30, True)]
    assert (rest.rows, rest.created, rest.unchanged) == (50, 50, 0), "the report is of the whole file"
    assert len(await rows("SELECT 1 FROM customers")) == 20, "only what was left was read"
    assert (await run(path)).created == 30, "one that came to its end is begun anew"


async def test_one_file_is_imported_once_at_a_time(database: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("email\nada@example.com")

    async def meanwhile(done: int, total: int) -> None:
        with pytest.raises(Conflict, match="right now"):
            await run(path)

    assert (await run(path, tell=meanwhile)).created == 1
    row = (await rows("SELECT id FROM imports"))[0]
    async with transaction() as session:
        await session.execute(text("UPDATE imports SET status = 'failed'"))
        with pytest.raises(Conflict, match="Run the command again"):
            await resume_import(session, SYSTEM, row["id"])


async def test_an_order_with_a_refused_line_is_refused_whole_and_comes_back_whole(
    buyers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 2)  # an order's lines lie in different chunks
    head = "order_id,customer,occurred_at,category,product,quantity,amount"
    lines = (
        "B1,7,2026-03-01,Wine,Rioja,1,20.00", "B2,7,2026-03-01,Wine,Cava,1,9.00", "B1,7,2026-03-01,Beer,Ale,1,x",
        # too wide, its quote never closed, or cut off: by the numbers around it, it is B3's, B4's and B5's
        "B3,7,2026-03-02,Wine,Rioja,1,20.00", "B3,7,2026-03-02,Wine,Rioja, old,1,20.00",
        'B4,7,2026-03-02,"Wine,Rioja,1,20.00', "B4,7,2026-03-02,Wine,Rioja,1,20.00", "B5,,2026-03-03,Wine,Cava,1,1.00",
        "2026-03-03", "B5,7,2026-03-03,Wine,Rioja,1,20.00", "B6,7,2026-03-04,Wine,Rioja,1,20.00",
    )  # fmt: skip
    path = tmp_path / "sales.csv"
    path.write_text("\n".join([head, *lines, *(f"F{n},7,2026-03-05,Wine,Rioja,1,20.00" for n in range(70))]))
    report = await run(path, "purchases")
    assert adds_up(report)
    assert report.reasons == {"bad_amount": 1, "unreadable_row": 3, "order_with_refused_row": 5}
    async with transaction() as session:
        found = await baskets(session)
    assert {number: row["total"] for number, row in found.items() if number[0] == "B"} == {
        "B2": Decimal("9.00"), "B6": Decimal("20.00"),
    }  # fmt: skip
    refused = list(csv.DictReader(rejects(report).splitlines()))
    assert [row["import_order"] for row in refused] == ["B1", "B1", "B3", "B3", "B4", "B4", "B5", "B5", "B5"]
    assert refused[0]["import_reason"].startswith("Row 4 of the same order was refused: “amount”")
    mended = tmp_path / "mended.csv"
    mended.write_text(
        rejects(report).replace(",1,x,", ",1,8.00,")
        .replace(',,,,,,,6,,"The row has', 'B3,7,2026-03-02,Wine,"Rioja, old",1,20.00,6,,"The row has')
    )  # fmt: skip
    again = await run(mended, "purchases")
    async with transaction() as session:
        found = await baskets(session)
    assert {number: (found[number]["total"], found[number]["lines"]) for number in ("B1", "B3")} == {
        "B1": (Decimal("28.00"), 2), "B3": (Decimal("40.00"), 2),
    }  # fmt: skip
    assert again.rejected == 5, "B4 and B5 were not mended"
    corrected = await run(path, "purchases")
    assert (corrected.created, corrected.updated) == (0, 0)


async def test_lines_without_an_order_number_are_refused_with_those_of_the_same_moment(
    buyers: None, tmp_path: Path
) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(
        "customer,date,amount\n7,2026-03-01 10:00,5\n7,2026-03-01 10:00,x\n7,2026-03-02 10:00,4\n7,2026-99-02,3\n"
    )
    report = await run(path, "purchases")
    assert report.reasons == {"bad_amount": 1, "order_with_refused_row": 1, "bad_occurred_at": 1}
    mended = tmp_path / "mended.csv"
    mended.write_text(rejects(report).replace(",x,", ",6,").replace("2026-99-02", "2026-03-02 10:00"))
    for _ in range(2):
        await run(mended, "purchases")
    async with transaction() as session:
        totals = sorted(row["total"] for row in (await baskets(session)).values())
    assert totals == [Decimal(3), Decimal(4), Decimal(11)], "of whose order nothing told, it takes nobody's place"
    path.write_text(path.read_text().replace(",x", ",6"))
    assert (await run(path, "purchases")).unchanged == 3, "the file itself, mended, is the same orders"


async def test_a_customer_named_on_one_row_of_an_order_bought_all_of_it(buyers: None, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(
        "order_id,customer,date,amount\nC1,,2026-03-01,5\nC1,7,2026-03-01,6\nC1,,2026-03-01,7\nC2,,2026-03-01,8\n"
    )
    report = await run(path, "purchases")
    assert (report.created, report.notes) == (3, {"rows_without_customer": 1})
    async with transaction() as session:
        assert [row["total"] for row in (await baskets(session)).values()] == [Decimal(18)]


async def test_dates_and_commas_of_a_file_are_its_own(buyers: None, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("order;customer;date;amount\nE1;7;24/03/2026;1.234,50\nE2;7;01/02/2026;1.200\n")
    assert (await run(path, "purchases")).created == 2
    async with transaction() as session:
        found = await baskets(session)
    assert (found["E1"]["total"], found["E2"]["total"]) == (Decimal("1234.50"), Decimal("1200.00"))
    assert found["E2"]["occurred_at"].date() == date(2026, 2, 1)
    with pytest.raises(Invalid, match="date_order"):
        await run(path, "purchases", options={"date_order": "ymd"})
    as_said = await run(path, "purchases", options={"date_order": "mdy"})
    assert as_said.reasons == {"bad_occurred_at": 1}


@pytest.mark.parametrize("form", ["xlsx", "json", "jsonl"])
async def test_every_format_makes_the_same_people(database: str, tmp_path: Path, form: str) -> None:
    people = [{"E-Mail": f"p{n}@example.com", "Name": f"José {n}", "DOB": "1980-02-29"} for n in range(40)]
    people += [{"E-Mail": "nobody", "Name": "Bad", "DOB": None}]
    path = tmp_path / "people.bin"
    if form == "xlsx":
        book = openpyxl.Workbook()
        for row in [list(people[0]), *([*one.values()] for one in people)]:
            book.active.append(row)
        book.save(path)
    else:
        path.write_text(json.dumps(people) if form == "json" else "\n".join(map(json.dumps, people)))
    report = await run(path)
    assert (report.created, report.reasons) == (40, {"bad_email": 1})
    assert (await rows("SELECT name, of_age_on, birthday_md FROM customers ORDER BY name LIMIT 1"))[0] == {
        "name": "José 0", "of_age_on": date(2001, 3, 1), "birthday_md": 229,
    }  # fmt: skip
    (refused,) = csv.DictReader(rejects(report).splitlines())
    assert (refused["E-Mail"], refused["Name"]) == ("nobody", "Bad")


async def test_whose_profile_is_merged_or_deleted_while_their_file_is_read(database: str, tmp_path: Path) -> None:
    """Lines wait with the buyer they were understood as. Merged twice meanwhile they are the last one's that stayed; of
    somebody deleted nothing is written, for the deleted profile would have purchases again."""
    async with transaction() as session:
        a, b, c, gone = [
            await add_customer(session, email=f"{name}@example.com", email_key=f"{name}@example.com")
            for name in ("a", "b", "c", "gone")
        ]
    path = tmp_path / "sales.csv"
    path.write_text(
        "order_id,email,date,amount\n1,a@example.com,2026-03-05,10\n2,b@example.com,2026-03-05,20\n"
        "3,c@example.com,2026-03-05,30\n4,gone@example.com,2026-03-05,40\n"
    )
    told = 0

    async def tell(done: int, total: int) -> None:
        nonlocal told
        told += 1
        if told == 1:
            async with transaction() as session:
                assert await session.scalar(text("SELECT count(*) FROM import_lines")) == 4
                await merge_profiles(session, SYSTEM, b, a, reason="same")
                await merge_profiles(session, SYSTEM, c, b, reason="same")
                await delete_customer(session, SYSTEM, gone)

    report = await run(path, "purchases", tell)
    assert (report.created, report.unchanged, report.rejected) == (3, 1, 0)
    bought = await rows("SELECT customer_id, CAST(total AS int) AS total FROM purchases ORDER BY total")
    assert [tuple(row.values()) for row in bought] == [(c, 10), (c, 20), (c, 30)]
    touched = await rows("SELECT customer_id FROM touched_customers")
    assert {row["customer_id"] for row in touched} >= {c}
    assert gone not in {row["customer_id"] for row in touched}


async def test_a_merge_waits_for_baskets_that_are_being_written(database: str) -> None:
    """Else it would move what it sees, and the basket written beside it would stay with the profile that went."""
    async with transaction() as session:
        first, second = [
            await add_customer(session, email=f"{name}@example.com", email_key=f"{name}@example.com")
            for name in ("x", "y")
        ]
    async with transaction() as writing:
        await wait_for_lines(writing)
        await writing.execute(
            text(
                "INSERT INTO basket_lines VALUES ('7', 1, :id, now(), 3, NULL, NULL, NULL, NULL, NULL, 'Wine', NULL, 1,"
                " 5, 0, 0, true)"
            ),
            {"id": second},
        )
        await write_baskets(writing, ZoneInfo("UTC"), keep=False)

        async def merge() -> None:
            async with transaction() as session:
                await merge_profiles(session, SYSTEM, first, second, reason="same")

        merging = asyncio.create_task(merge())
        waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        async with asyncio.timeout(20):
            while not await writing.scalar(waits):  # noqa: ASYNC110 (the database says so to whoever asks)
                await asyncio.sleep(0.01)
    await merging
    assert [row["customer_id"] for row in await rows("SELECT customer_id FROM purchases")] == [first]


ADA, BO = ("C1", "ada@example.com"), ("C2", "bo@example.com")


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        pytest.param(
            [("C1", "new@example.com"), ("", "ada@example.com")],
            [(None, "ada@example.com"), ("C1", "new@example.com"), BO], id="to somebody new",
        ),
        pytest.param(
            [("C2", "new@example.com"), ("C1", "bo@example.com")],
            [("C1", "bo@example.com"), ("C2", "new@example.com")], id="from the second to the first",
        ),
        pytest.param(
            [("C1", "new@example.com"), ("C2", "ada@example.com")],
            [("C1", "new@example.com"), ("C2", "ada@example.com")], id="from the first to the second",
        ),
    ],
)  # fmt: skip
async def test_keys_that_change_hands_within_one_file(
    database: str, tmp_path: Path, rows: list[tuple[str, str]], wanted: list[tuple[str | None, str]]
) -> None:
    """It ended in "somebody else kept changing the same customers", whom nobody was changing."""
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    header = "Customer ID,E-Mail,First Name\n"
    first.write_text(header + "".join(f"{number},{email},Pat\n" for number, email in (ADA, BO)))
    second.write_text(header + "".join(f"{number},{email},Pat\n" for number, email in rows))
    await run(first)
    report = await run(second, policy="overwrite")
    assert not report.rejected, report
    async with transaction() as session:
        found = await session.execute(text("SELECT external_id, email_key FROM customers"))
        assert sorted(map(str, map(tuple, found))) == sorted(map(str, wanted))

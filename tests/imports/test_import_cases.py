"""Files as shops really have them, each with the value it should come to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import clock
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.customers.ages.sealed_dates import open_birth_date
from liquor_app.customers.consents import record_consent
from liquor_app.customers.editing.change_customer import create_customer, update_customer
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.suppressions import add_suppressions
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.moment_cells import clean_consent_moment
from liquor_app.imports.cleaning.number_cells import clean_signed
from liquor_app.organization.models import Channel
from tests.imports.test_import import rows, run

NEW_YORK = ZoneInfo("America/New_York")


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


async def one(sql: str, **values: Any) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).one()


async def many(sql: str) -> list[Any]:
    async with transaction() as session:
        return list(await session.execute(text(sql)))


@pytest.mark.parametrize("policy", ["keep", "fill", "overwrite"])
async def test_case_12_a_withdrawal_is_not_beaten_by_a_bare_day(database: str, tmp_path: Path, policy: str) -> None:
    """Withdrawn today at a known moment; a file says yes "today", whichever calendar's today that is."""
    async with transaction() as session:
        person = await create_customer(session, SYSTEM, {"email": "person@c12.example", "name": "Same Day"})
        for status in (ConsentStatus.GIVEN, ConsentStatus.WITHDRAWN):
            await record_consent(session, SYSTEM, person.id, channel=Channel.EMAIL, status=status, source="counter")
    for day in {clock.now().date(), clock.now().astimezone(NEW_YORK).date()}:
        file = write(
            tmp_path / f"{day}.csv",
            "email,name,email_consent,consent_source,consent_at",
            f"PERSON@c12.example,Same Day,yes,Shopify export,{day}",
        )
        report = await run(file, policy=policy)
        assert report.rejected == 0
    kept = await one("SELECT email_consent FROM customers")
    assert kept.email_consent == "withdrawn"
    latest = await one("SELECT max(at) AS at FROM consents")
    assert latest.at <= clock.now(), "no evidence lies in the future"


def test_case_12_a_bare_day_counts_from_its_first_moment_for_yes_and_to_its_last_for_no() -> None:
    now = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # still the 23rd in New York

    def moment(cell: str, *, given: bool) -> datetime | None:
        return clean_consent_moment(cell, NEW_YORK, now, given=given)

    assert moment("2026-11-24", given=True) == datetime(2026, 11, 24, tzinfo=UTC)
    assert moment("2026-11-20", given=True) == datetime(2026, 11, 20, tzinfo=UTC)
    assert moment("2026-11-20", given=False) == datetime(2026, 11, 21, 4, 59, 59, 999_999, UTC)
    assert moment("2026-11-24", given=False) == now, "a no of today is one of now"
    assert moment("2026-11-20 10:00", given=True) == datetime(2026, 11, 20, 15, tzinfo=UTC)
    with pytest.raises(Rejected, match="future"):
        moment("2026-11-24 00:01", given=True)
    with pytest.raises(Rejected):
        moment("2027-11-24", given=True)


async def test_case_12_a_no_of_the_same_moment_wins(database: str, tmp_path: Path) -> None:
    at = "2026-01-05 10:00"
    head = "email,email_consent,consent_source,consent_at"
    await run(write(tmp_path / "yes.csv", head, f"a@c12.example,yes,till,{at}"))
    await run(write(tmp_path / "no.csv", head, f"a@c12.example,no,till,{at}"))
    assert (await one("SELECT email_consent FROM customers")).email_consent == "withdrawn"
    await run(write(tmp_path / "again.csv", head, f"a@c12.example,yes,till,{at}"))
    assert (await one("SELECT email_consent FROM customers")).email_consent == "withdrawn"


@pytest.mark.parametrize("policy", ["fill", "overwrite", "keep"])
async def test_a_withdrawal_needs_no_evidence(database: str, tmp_path: Path, policy: str) -> None:
    """Before, a column of consent without a source and a date beside it was dropped without a word, and every "no" in
    it with it: who had said no was written to."""
    async with transaction() as session:
        for name in ("ann", "bo", "cy"):
            person = await create_customer(session, SYSTEM, {"email": f"{name}@c8.example", "name": name})
            for channel in Channel:
                await record_consent(
                    session, SYSTEM, person.id, channel=channel, status=ConsentStatus.GIVEN, source="counter"
                )
    file = write(
        tmp_path / "no.csv",
        "email,email consent,sms consent",
        "ann@c8.example,yes,withdrawn",
        "bo@c8.example,weekly,STOP",
        "cy@c8.example,,",
        "dee@c8.example,yes,no",
    )
    report = await run(file, policy=policy)
    assert (report.rows, report.rejected, report.created, report.updated, report.unchanged) == (4, 0, 1, 2, 1)
    assert report.notes == {"consent_without_evidence": 2, "email_consent_left_out": 1}
    kept = await many("SELECT name, email_consent, sms_consent FROM customers ORDER BY email")
    assert [(one.email_consent, one.sms_consent) for one in kept] == [
        ("given", "withdrawn"), ("given", "withdrawn"), ("given", "given"), (None, "withdrawn"),
    ]  # fmt: skip
    told = await many("SELECT channel, source, at FROM consents WHERE status = 'withdrawn'")
    assert {(one.channel, one.source) for one in told} == {("sms", "no.csv, column sms consent")}
    assert all(one.at <= clock.now() for one in told)
    for _ in range(2):
        again = await run(file, policy=policy)
        assert (again.unchanged, len(await many("SELECT 1 FROM consents WHERE status = 'withdrawn'"))) == (4, 6)
    told = await many("SELECT 1 FROM consents WHERE evidence ? 'again'")
    assert len(told) == 3, "that they said it again is kept once each"


@pytest.mark.parametrize("evidence", [",", "till,", ",2026-01-05", "till,someday", "till,1066-10-14"])
async def test_a_withdrawal_is_taken_whatever_stands_beside_it(database: str, tmp_path: Path, evidence: str) -> None:
    head = "email,email_consent,sms_consent,consent_source,consent_at"
    report = await run(write(tmp_path / "no.csv", head, f"a@c8.example,yes,no,{evidence}"))
    assert report.rejected == 0
    kept = await one("SELECT email_consent, sms_consent FROM customers")
    assert (kept.email_consent == "given", kept.sms_consent) == (evidence == "till,2026-01-05", "withdrawn")


async def test_case_35_a_placeholder_is_no_proof_of_age_and_a_birthday_enters_the_ledger(
    database: str, tmp_path: Path
) -> None:
    file = write(
        tmp_path / "people.csv",
        "external_id,email,phone,date_of_birth",
        "1,a@c35.example,2075550101,1900-01-01",
        "2,b@c35.example,2075550102,1970-01-01",
        "3,c@c35.example,2075550103,01/01/1970",
        "4,d@c35.example,2075550104,1984-06-02",
    )
    tried = await run(file, dry_run=True)
    report = await run(file)
    assert (report.created, report.rejected) == (4, 0)
    assert report.notes == tried.notes == {"placeholder_birthday": 3}
    born = {
        row["external_id"]: open_birth_date(row["date_of_birth_encrypted"])
        for row in await rows("SELECT * FROM customers")
    }
    assert born == {"1": None, "2": None, "3": None, "4": date(1984, 6, 2)}
    plain = {
        row["external_id"]: (row["of_age_on"], row["birthday_md"]) for row in await rows("SELECT * FROM customers")
    }
    assert plain == {"1": (None, None), "2": (None, None), "3": (None, None), "4": (date(2005, 6, 2), 602)}
    (entry,) = await rows("SELECT a.*, c.external_id FROM age_ledger a JOIN customers c ON c.id = a.customer_id")
    assert (entry["external_id"], entry["verified"], entry["method"]) == ("4", False, "date of birth, from a file")
    assert open_birth_date(entry["date_of_birth_encrypted"]) == date(1984, 6, 2)
    assert (entry["evidence"]["import"], entry["evidence"]["row"]) == ("people.csv", 5)


async def test_case_35_a_file_makes_nobody_older(database: str, tmp_path: Path) -> None:
    """Of two dates the younger counts: a minor by their own word stays one, whatever a later file says."""
    minor = clock.now().date() - timedelta(days=12 * 365)
    head = "external_id,date_of_birth"
    await run(write(tmp_path / "a.csv", head, f"1,{minor}", "2,1970-03-04"))
    await run(write(tmp_path / "b.csv", head, "1,1970-03-04", f"2,{minor}"), policy="overwrite")
    found = await rows("SELECT date_of_birth_encrypted FROM customers")
    assert {open_birth_date(row["date_of_birth_encrypted"]) for row in found} == {minor}
    told = [row["evidence"]["import"] for row in await rows("SELECT evidence FROM age_ledger ORDER BY at, id")]
    assert sorted(told) == ["a.csv", "a.csv", "b.csv"]


FILES = Path(__file__).parent / "files"


async def counted() -> int:
    return int((await one("SELECT count(*) AS n FROM purchases")).n)


@pytest.mark.parametrize(
    ("name", "mapping", "words"),
    [
        ("02_shopify_orders.csv", {}, ["Financial Status", "is blank", "map the order's number"]),
        ("06_lightspeed_x_sales.csv", {}, ["Line Type"]),
        (
            "06_lightspeed_x_sales.csv",
            {"external_id": "Customer Code", "occurred_at": "Date", "amount": "Subtotal", "order_id": "Receipt Number"},
            ["Line Type", "“Line Type” says “Sale Line”", "take its rows out"],
        ),
    ],
)
async def test_read_column_by_column_cases_02_and_06_are_refused_in_words_and_never_counted(
    database: str, name: str, mapping: dict[str, str], words: list[str]
) -> None:
    """Before: Shopify's order totals were added to its lines (232.14 for 87.00), Lightspeed's counted twice."""
    for dry_run in (True, False):
        with pytest.raises(Invalid) as caught:
            await run(FILES / name, "purchases", mapping=mapping, dry_run=dry_run, options={"profile": ""})
        assert caught.value.field == "mapping"
        for word in words:
            assert word in caught.value.message
    assert await counted() == 0
    (kept,) = await rows("SELECT status, error FROM imports")
    assert kept["status"] == "failed"
    assert words[0] in kept["error"]


HEAD = "order id,email,date"
LINES = ("7,a@x.example,2026-03-01", "7,a@x.example,2026-03-01", "7,a@x.example,2026-03-01")


@pytest.mark.parametrize(
    ("columns", "cells", "blamed"),
    [
        ("item,Refunded Amount,amount", ["Rye,,5", "Gin,,6", "Ale,,7"], "Refunded Amount"),
        ("item,Event Type,amount", ["Rye,Payment,5", "Gin,Payment,6", "Ale,Refund,7"], "Event Type"),
        ("Lineitem name,Total,Lineitem price", ["Rye,30,10", "Gin,,12", "Ale,,8"], "Total"),
        ("item_name,order_total,item_total", ["Rye,30,10", "Gin,30,12", "Ale,30,8"], "order_total"),
        ("product,total,price", ["Rye,30,10", "Gin,,12", "Ale,,8"], "total"),
        ("product,total,units", [",30,", "Gin,12,1", "Ale,18,1"], "total"),
        ("product,price,quantity,Total", ["Rye,10,1,30", "Gin,12,1,30", "Ale,8,1,30"], "Total"),
        ("product,price,quantity,Total", ["Rye,10,1,30", "Rye,10,1,30", "Rye,10,1,30"], "Total"),
        ("product,price,quantity,amount", ["Rye,10,1,30", "Gin,12,1,30", "Ale,8,1,30"], "amount"),
        ("sku,product,amount", ["1,,24", "1,Rye,24"], "amount"),
        ("product,amount", [",24", "Rye,24"], "amount"),
        ("Kind,product,amount", ["Item,Rye,24", "Visa Tender,Rye,24"], "Kind"),
        ("Doc,product,amount", ["Invoice,Rye,24", "Refund receipt,Gin,24"], "Doc"),
    ],
)
async def test_cases_02_and_06_by_any_other_name(
    database: str, tmp_path: Path, columns: str, cells: list[str], blamed: str
) -> None:
    """Whatever the columns are called: told by name, by the words in them, or by sums that do not fit."""
    file = write(
        tmp_path / "sales.csv",
        f"{HEAD},{columns}",
        *(f"{line},{cell}" for line, cell in zip(LINES, cells, strict=False)),
    )
    mapping = {"order_id": "order id", "email": "email", "occurred_at": "date"}
    mapping["amount"] = next(name for name in ("amount", "total", "Total", "order_total") if name in columns.split(","))
    mapping |= {"unit_price": "price"} if "price" in columns.split(",") else {}
    with pytest.raises(Invalid) as caught:
        await run(file, "purchases", mapping=mapping)
    assert f"“{blamed}”" in caught.value.message
    assert any(way in caught.value.message for way in ("map ", "take its rows out"))
    assert await counted() == 0


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("product,total", ["Rye,30", "Gin,12", "Ale,18.50"]),
        ("product,amount", ["Rye,5", "Gin,5", "Ale,5"]),
        ("product,price,quantity", ["Rye,30,1", "Gin,12,2", "Ale,18,1"]),
        ("product,category,net sales", ["Rye,Spirits,30", "Gin,Spirits,12", "Ale,Beer,18"]),
        ("product,price,quantity,total", ["Rye,10,3,30", "Gin,15,2,30", "Ale,30,1,30"]),
        ("product,price,quantity,total", ["Rye,10,3,30", "Gin,12,2,24", "Ale,8,1,8"]),
        ("product,price,quantity,total", ["Rye,10,2,18", "Gin,12,2,22", "Ale,8,1,7.50"]),
        ("Order State,product,amount", ["MA,Rye,5", "ME,Gin,6", "MA,Ale,7"]),
        ("Shipping State,product,amount", ["MA,Rye,5", ",Gin,6", "Ontario,Ale,7"]),
        ("product,amount", ["Chicken tender,5", "Void of Course,6", "Many Returns,7"]),
    ],
)
async def test_plain_lines_are_counted_as_before(database: str, tmp_path: Path, columns: str, cells: list[str]) -> None:
    people = write(tmp_path / "people.csv", "email", "a@x.example")
    await run(people)
    file = write(
        tmp_path / "sales.csv",
        f"{HEAD},{columns}",
        *(f"{line},{cell}" for line, cell in zip(LINES, cells, strict=True)),
    )
    report = await run(file, "purchases")
    assert (report.rows, report.rejected) == (3, 0)
    assert await counted() == 1


SINGLE = [f"{number},a@x.example,2026-03-01,Rye,Sale,5.00,5.00" for number in range(1, 1_500)]


@pytest.mark.parametrize(
    ("late", "blamed"),
    [
        (["1500,a@x.example,2026-03-01,Rye,Refund,5.00,5.00"], "what"),
        (["1500,a@x.example,2026-03-01,Rye,Sale Return,5.00,5.00"], "what"),
        ([f"{order},a@x.example,2026-03-01,{what},Sale,30,{price}"
          for order in range(1500, 1520) for what, price in (("Rye", 10), ("Gin", 12), ("Ale", 8))], "amount"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chunk", [100, 5_000])
async def test_cases_02_and_06_are_watched_to_the_last_row(
    database: str, tmp_path: Path, late: list[str], blamed: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before: only the first thousand rows were looked at, and a refund in row 1,500 was money earned."""
    monkeypatch.setattr("liquor_app.imports.chunks.CHUNK_ROWS", chunk)
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    file = write(tmp_path / "sales.csv", f"{HEAD},product,what,amount,price", *SINGLE, *late)
    for dry_run in (True, False):
        with pytest.raises(Invalid, match=f"“{blamed}”"):
            await run(file, "purchases", dry_run=dry_run)
    assert await counted() == 0
    kept = await rows("SELECT status, error FROM imports WHERE kind = 'purchases'")
    assert [(row["status"], f"“{blamed}”" in row["error"]) for row in kept] == [("failed", True)]
    honest = write(tmp_path / "honest.csv", f"{HEAD},product,what,amount,price", *SINGLE)
    assert (await run(honest, "purchases")).rejected == 0
    assert await counted() == len(SINGLE)


async def test_a_line_without_its_amount_is_refused_where_others_have_one(database: str, tmp_path: Path) -> None:
    """Deep in a file, beyond what is looked at first: its price is not taken for what was paid."""
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    lines = [f"{number},a@x.example,2026-03-01,5.00,9.00" for number in range(1, 1_200)]
    file = write(tmp_path / "sales.csv", f"{HEAD},amount,price", *lines, "1200,a@x.example,2026-03-01,,9.00")
    report = await run(file, "purchases")
    assert report.reasons == {"no_amount": 1}


@pytest.mark.parametrize("written", ["Massachusetts", "massachusetts", "Mass.", "MA", "ma", "US-MA", "MA, USA"])
async def test_case_34_a_state_is_read_alike_in_form_api_and_import(
    database: str, tmp_path: Path, written: str
) -> None:
    """Before: a typed "Massachusetts" was kept as it was, and no law of MA held for that customer."""
    async with transaction() as session:
        made = await create_customer(session, SYSTEM, {"email": "form@x.example", "state": written})
        changed = await create_customer(session, SYSTEM, {"email": "later@x.example"})
        changed = await update_customer(session, SYSTEM, changed.id, {"state": written})
    await run(write(tmp_path / "people.csv", "email,state", f'file@x.example,"{written}"'))
    assert {made.state, changed.state, *(row["state"] for row in await rows("SELECT state FROM customers"))} == {"MA"}
    assert (made.timezone, changed.timezone) == ("America/New_York", "America/New_York")


@pytest.mark.parametrize(
    ("written", "kept"),
    [("NA", None), ("N.A.", None), ("n/a", None), ("None", None), ("null", None), ("-", None), ("on", "ON"),
     ("GU", "GU"), ("Bavaria", "Bavaria")],
)  # fmt: skip
async def test_case_34_what_is_no_state_is_read_alike_too(
    database: str, tmp_path: Path, written: str, kept: str | None
) -> None:
    """Before: "NA" was a state without laws; whoever had one got Massachusetts' coupons."""
    async with transaction() as session:
        made = await create_customer(session, SYSTEM, {"email": "form@x.example", "state": written})
        changed = await create_customer(session, SYSTEM, {"email": "later@x.example", "state": "MA"})
        changed = await update_customer(session, SYSTEM, changed.id, {"state": written})
    await run(write(tmp_path / "people.csv", "email,state", f'file@x.example,"{written}"'))
    assert {made.state, changed.state, *(row["state"] for row in await rows("SELECT state FROM customers"))} == {kept}


@pytest.mark.parametrize(
    "written",
    ["1899-12-30", "1899-12-30 00:00:00", "12/30/1899", "30.12.1899", "1753-01-01", "1/1/1753", "0001-01-01",
     "01/01/0001", "1900-01-00", "1/0/1900", "0/0/1900", "9999-12-31", "12/31/9999", "0000-00-00", "00-00-0000",
     "00/00/0000", "00/00/00", "1601-01-01T00:00:00Z", "0", "1970-01-01", "1900-01-01"],
)  # fmt: skip
async def test_case_35_a_date_no_program_knew_costs_the_birthday_and_not_the_person(
    database: str, tmp_path: Path, written: str
) -> None:
    """Before: the whole row was refused, consent, address and all, for the first day of somebody's calendar."""
    file = write(tmp_path / "people.csv", "email,name,date_of_birth", f"a@c35.example,Ada,{written}")
    report = await run(file)
    assert (report.created, report.rejected, report.notes) == (1, 0, {"placeholder_birthday": 1})
    (kept,) = await rows("SELECT name, date_of_birth_encrypted FROM customers")
    assert (kept["name"], kept["date_of_birth_encrypted"]) == ("Ada", None)
    assert await rows("SELECT 1 FROM age_ledger") == []


@pytest.mark.parametrize("written", ["1984-02-30", "2999-01-01", "13/13/1980", "soon"])
async def test_a_mistyped_birthday_costs_itself_and_proves_nothing(database: str, tmp_path: Path, written: str) -> None:
    file = write(tmp_path / "people.csv", "email,name,date_of_birth", f"a@c35.example,Ada,{written}")
    report = await run(file)
    assert (report.created, report.rejected, report.notes) == (1, 0, {"date_of_birth_left_out": 1})
    assert (await one("SELECT date_of_birth_encrypted AS sealed FROM customers")).sealed is None
    assert await rows("SELECT 1 FROM age_ledger") == []


FILES = Path(__file__).parent / "files"


async def test_case_10_a_bad_cell_costs_itself_and_never_the_person(database: str) -> None:
    report = await run(FILES / "10_people.csv")
    assert (report.rows, report.created, report.rejected) == (18, 18, 0)
    kept = {one.name: one for one in await many("SELECT * FROM customers")}
    assert kept["Ann"].email == kept["Ann"].email_key == "ann@c10.example"
    assert [kept[name].email for name in ("Bob", "Cat", "Dan")] == [
        "bob@c10.example", "cat@c10.example", "dan@c10.example",
    ]  # fmt: skip
    assert [kept[name].phone for name in ("Eve", "Fay", "Hal", "Ida", "Gus")] == [
        "+16175550235", "+16175550237", None, "+16175550239", "+16175550238",
    ]  # fmt: skip
    assert [kept[name].country for name in ("Jo", "Ky", "Li")] == ["US", "GB", "US"]
    assert [kept[name].of_age_on for name in ("A1", "A2", "A3", "A4", "A5", "A6")] == [
        None, None, date(2005, 7, 4), date(2005, 7, 4), None, date(1951, 7, 4),
    ]  # fmt: skip
    assert report.notes == {
        "phone_left_out": 1, "date_of_birth_left_out": 1, "birthday_without_year": 2,
    }, "one of them as Square writes it: 0000-07-04"  # fmt: skip


async def test_case_11_consent_in_everybodys_words(database: str) -> None:
    report = await run(FILES / "11_consents.csv")
    assert (report.created, report.rejected) == (6, 0)
    kept = {one.email[:2]: one.email_consent for one in await many("SELECT email, email_consent FROM customers")}
    assert kept == {"c1": "given", "c2": None, "c3": None, "c4": "withdrawn", "c5": "given", "c6": None}
    assert report.notes == {"consent_without_evidence": 1, "address_given_up": 1}
    given = await many(
        "SELECT at FROM consents JOIN customers c ON c.id = customer_id WHERE status = 'given' ORDER BY at"
    )
    assert [one.at for one in given] == [
        datetime(2026, 1, 5, 0, tzinfo=UTC), datetime(2026, 1, 5, 15, 11, 12, tzinfo=UTC),
    ]  # fmt: skip


async def test_case_13_numbers_of_nobody_merge_nobody(database: str) -> None:
    """The rows have no other identity: they are refused in words, and nobody becomes anybody else."""
    report = await run(FILES / "13_people.csv")
    assert (report.created, report.unchanged, report.rejected) == (0, 0, 5)
    assert report.reasons == {"bad_phone": 5}


@pytest.mark.parametrize(
    "nobody", ["0000000000", "(000) 000-0000", "111-111-1111", "555-0147", "8888888888", "noemail@no.com"]
)
async def test_case_13_what_stands_for_nobody_is_blank(database: str, tmp_path: Path, nobody: str) -> None:
    field = "email" if "@" in nobody else "phone"
    file = write(tmp_path / "two.csv", f"customer id,name,{field}", f"W-1,Walk In,{nobody}", f"W-2,Karl Real,{nobody}")
    report = await run(file)
    assert (report.created, report.rejected, report.notes) == (2, 0, {f"{field}_of_nobody": 2})
    assert {(one.phone, one.email) for one in await many("SELECT phone, email FROM customers")} == {(None, None)}


async def test_case_15_an_id_in_a_spreadsheets_clothes_is_the_same_id(database: str) -> None:
    await run(FILES / "15_customers.csv")
    report = await run(FILES / "15_purchases.csv", "purchases")
    assert (report.created, report.rejected) == (2, 0)
    assert {one.external_id for one in await many("SELECT external_id FROM customers")} == {"12583"}


async def test_case_16_what_nobody_sees_makes_nobody_else(database: str, tmp_path: Path) -> None:
    await run(FILES / "16_people.csv")
    expected = [f"zw{n}@c16.example" for n in range(1, 5)]
    kept = await many("SELECT email, email_key FROM customers ORDER BY email_key")
    assert [one.email for one in kept] == [one.email_key for one in kept] == expected
    again = await run(write(tmp_path / "plain.csv", "email,name", *(f"{one},X" for one in expected)))
    assert (again.created, again.unchanged) == (0, 4)
    async with transaction() as session:
        made = await create_customer(session, SYSTEM, {"email": "\u200ezw5@c16.example\u200b"})
        elsewhere = await create_customer(session, SYSTEM, {"email": "de@c16.example", "country": "Germany"})
        with pytest.raises(Invalid) as refused:
            await create_customer(session, SYSTEM, {"email": "at@c16.example", "country": "Atlantis"})
    assert (made.email, elsewhere.country, refused.value.field) == ("zw5@c16.example", "DE", "country")


async def test_case_17_dates_as_people_write_them(database: str) -> None:
    await run(FILES / "17_customers.csv")
    report = await run(FILES / "17_purchases.csv", "purchases")
    assert (report.created, report.rejected) == (9, 0)
    bought = await many("SELECT occurred_at FROM purchases ORDER BY external_id")
    noon = datetime(2024, 1, 5, 17, tzinfo=UTC)  # of a bare day, in New York
    assert [one.occurred_at for one in bought] == [
        noon,
        datetime(2024, 1, 5, 20, 15, tzinfo=UTC),
        noon,
        datetime(2025, 12, 1, 22, 14, 9, tzinfo=UTC),
        datetime(2016, 11, 1, 19, tzinfo=UTC),
        noon,
        datetime(2025, 11, 30, 2, 33, tzinfo=UTC),
        datetime(2024, 1, 5, 20, 4, tzinfo=UTC),
        datetime(2024, 1, 5, 10, 11, 12, tzinfo=UTC),
    ]


@pytest.mark.parametrize("name", ["sep", "preamble", "blank", "quoted"])
async def test_case_18_the_header_is_found_below_what_stands_before_it(database: str, name: str) -> None:
    report = await run(FILES / f"18_{name}.csv")
    assert (report.created, report.rejected) == (1, 0)
    (kept,) = await many("SELECT name FROM customers")
    assert kept.name == {"sep": "A", "preamble": "B", "blank": "C", "quoted": "D"}[name]


async def test_case_19_money_of_elsewhere_is_never_added_as_the_shops(database: str) -> None:
    await run(FILES / "19_customers.csv")
    report = await run(FILES / "19_purchases.csv", "purchases")
    assert (report.created, report.reasons) == (1, {"foreign_currency": 2})
    (kept,) = await many("SELECT external_id, total FROM purchases")
    assert (kept.external_id, kept.total) == ("CUR-3", Decimal("12.50"))


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12.50-", "-12.50"), ("(3.00)", "-3.00"), ("USD 12.50", "12.50"), ("12.50 USD", "12.50"), ("1'234.50", "1234.50"),
     ("1’234.50", "1234.50"), ("+5", "5.00"), ("US$ 7", "7.00"), ("-$3.10", "-3.10"), ("$-3.10", "-3.10")],
)  # fmt: skip
def test_case_40_hard_numbers(cell: str, value: str) -> None:
    assert clean_signed(cell, "amount") == Decimal(value)


@pytest.mark.parametrize("cell", ["CA$5.00", "£10.00", "5 EUR", "¥ 1000", "12 kr"])
def test_case_40_dollars_of_others_are_told(cell: str) -> None:
    with pytest.raises(Rejected) as refused:
        clean_signed(cell, "amount")
    assert refused.value.code == "foreign_currency"


async def test_a_no_is_heard_from_any_number(database: str) -> None:
    """Numbers no area has are refused for people; on the suppression list they are taken all the same."""
    async with transaction() as session:
        with pytest.raises(Invalid):
            await create_customer(session, SYSTEM, {"phone": "+12225550147"})
        added = await add_suppressions(session, SYSTEM, ["+12225550147", "(222) 222-2222"])
    assert added.added == 2


async def test_a_birthday_without_its_year_is_a_birthday_and_proves_no_age(database: str, tmp_path: Path) -> None:
    """Mailchimp and others keep month and day alone."""
    told = ["ann@x.example,05/14", "bo@x.example,Feb 29", "cy@x.example,2/30", "dee@x.example,14 May"]
    told += ["fay@x.example,0000-12-04", "gil@x.example,--7-4"]  # Square, and a card of addresses
    report = await run(write(tmp_path / "people.csv", "email,birthday", *told, "eve@x.example,5/14/1980"))
    assert (report.created, report.notes) == (7, {"date_of_birth_left_out": 1, "birthday_without_year": 5})
    told = [f"{name}@x.example,06/01" for name in ("eve", "cy", "ann")]
    await run(write(tmp_path / "more.csv", "email,birthday", *told), policy="overwrite")
    found = await many("SELECT email, birthday_md, of_age_on, date_of_birth_encrypted FROM customers ORDER BY email")
    assert [(one.birthday_md, one.of_age_on is None, one.date_of_birth_encrypted is None) for one in found] == [
        (601, True, True), (229, True, True), (601, True, True), (514, True, True), (514, False, False),
        (1204, True, True), (704, True, True),
    ]  # fmt: skip


async def test_a_file_typed_on_an_east_asian_keyboard(database: str, tmp_path: Path) -> None:
    """Wide letters in the header, an address, a number, a date and an amount."""
    head = "Ｅｍａｉｌ,Name,Customer ID,Date of Birth"
    jane = "Ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ,山田　花子,１２５８３,１９８０／０２／０３"
    report = await run(write(tmp_path / "people.csv", head, jane))
    assert (report.created, report.notes) == (1, {})
    found = await one("SELECT email_key, name, external_id, of_age_on FROM customers")
    assert tuple(found) == ("jane@example.com", "山田 花子", "12583", date(2001, 2, 3))
    sales = write(
        tmp_path / "sales.csv", "Order ID,Customer ID,Date,Amount",
        '１,"""12583""",２０２６／０１／０５　１９：３０,＄１２．５０', '２,1.2583E+04,2026-01-06,"１，０００．００"',
    )  # fmt: skip
    report = await run(sales, "purchases")
    assert (report.created, report.rejected) == (2, 0)
    assert [tuple(row) for row in await many("SELECT external_id, total, local_hour FROM purchases ORDER BY 1")] == [
        ("1", Decimal("12.50"), 19), ("2", Decimal("1000.00"), None),
    ]  # fmt: skip

"""What an import tells of rows, in words that are true of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.imports.cleaning.dates import read_clock
from liquor_app.imports.cleaning.row_notes import NO_BIRTHDAY, NOTES
from liquor_app.imports.dry_run import Trial, try_file
from liquor_app.imports.readers.row_reader import Record
from liquor_app.imports.trial.shown_rows import Shown
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.screens.imports.wizard.trial_view import seen_words, trial_lines
from liquor_app.screens.imports.wizard.view import reason_lines
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, one, write
from tests.imports.test_reversed_orders import bring, people


async def tried(path: Path, kind: str = "customers") -> Trial:
    async with transaction() as session:
        return await try_file(session, SYSTEM, kind=kind, path=path, limit=20, watch=True)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("nobodys_email", "E-mail that stands for nobody"),
        ("no_identity", "No e-mail, phone or customer number"), ("bad_email", "E-mail not valid"),
        ("unknown_customer", "Customer not known"), ("order_of_another_customer", "Order of another customer"),
        ("email_of_another", "E-mail of another customer"), ("two_customers", "E-mail and number of two customers"),
        ("foreign_currency", "Another currency"), ("no_time", "No time of purchase"), ("no_amount", "Nothing paid"),
    ],
)  # fmt: skip
def test_reasons_in_words(code: str, words: str) -> None:
    """Before, "Nobodys email 1"."""
    assert [(one.words, one.count) for one in reason_lines({code: 1})] == [(words, "1")]


def test_a_long_warning_ends_with_a_word() -> None:
    """Before, it was cut after 300 letters: "… it is left out, and prove"."""
    told = " ".join(NOTES.values())
    [line] = trial_lines([Shown(Record(2, ["a"]), "created", reason=told)], now())
    assert len(line.reason) <= 600
    assert line.reason.endswith(" …")
    assert told.startswith(line.reason.removesuffix(" …"))
    assert told[len(line.reason.removesuffix(" …"))] == " "
    short = NOTES[NO_BIRTHDAY] + " " + NOTES["consent_without_evidence"] + " " + NOTES["address_given_up"]
    [line] = trial_lines([Shown(Record(2, ["a"]), "created", reason=short)], now())
    assert line.reason == short


def test_placeholder_birthdays_are_told_as_they_stand_in_files() -> None:
    assert "(such as 1 January 1900 or 1970)" in note_words({NO_BIRTHDAY: 2})


@pytest.mark.integration
@pytest.mark.parametrize(
    "phone", ["000-000-0000", "999-999-9999", "617-999-9999", "(212) 555-1212", "0000000000", "1111111111"]
)
async def test_a_placeholder_phone_is_not_asked_to_be_corrected(database: str, tmp_path: Path, phone: str) -> None:
    trial = await tried(write(tmp_path / "people.csv", "email;phone", f"a@x.example;{phone}"))
    [shown] = trial.shown
    assert shown.reason == f"“phone”: {phone!r} is nobody's number. It is left blank, and no fault."


@pytest.mark.integration
async def test_a_phone_that_is_misspelt_still_is(database: str, tmp_path: Path) -> None:
    trial = await tried(write(tmp_path / "people.csv", "email;phone", "a@x.example;617-5"))
    assert "Correct it" in trial.shown[0].reason


@pytest.mark.parametrize(
    ("text", "clock"),
    [("1814", "18:14:00"), ("0930", "09:30:00"), ("930", "09:30:00"), ("181405", "18:14:05"), ("0000", "00:00:00"),
     ("2460", None), ("1860", None), ("99", None), ("18145", None)],
)  # fmt: skip
def test_a_clock_without_its_colon(text: str, clock: str | None) -> None:
    found = read_clock(text)
    assert (str(found[0]) if found else None) == clock


@pytest.mark.integration
async def test_a_clock_without_its_colon_beside_a_day(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    report = await bring(
        tmp_path, "1,a@x.example,20261003,1814,Rye,5.00", head="Order Number,Email,Date,Time,Item,Amount"
    )
    assert report.notes == {}
    kept = await one("SELECT local_hour FROM purchases")
    assert kept.local_hour == 18


@pytest.mark.integration
@pytest.mark.parametrize(
    ("head", "word", "reason"),
    [("email consent", "blocked", "manual"), ("email consent", "suppressed", "manual"),
     ("email consent", "bounced", "bounced"), ("email consent", "cleaned", "bounced"),
     ("email status", "blocked", "manual"), ("email status", "bounced", "bounced"),
     ("email bounced", "blocked", "manual"), ("email bounced", "yes", "bounced")],
)  # fmt: skip
async def test_blocked_is_no_bounce(database: str, tmp_path: Path, head: str, word: str, reason: str) -> None:
    await run(write(tmp_path / "people.csv", f"email;{head}", f"a@x.example;{word}", "b@x.example;bounced"))
    assert {row.reason for row in await many("SELECT reason FROM suppressions")} == {reason, "bounced"}


@pytest.mark.integration
async def test_the_preview_says_that_a_sale_price_ends(database: str, tmp_path: Path) -> None:
    goods = ("A,Merlot,12.00,9.00", "B,Rye,30.00,25.00")
    await run(write(tmp_path / "goods.csv", "sku,name,price,sale price", *goods), "products")
    trial = await tried(
        write(tmp_path / "later.csv", "sku,name,price,sale price", "A,Merlot,12.00,", "B,Rye,30.00,20"), "products"
    )
    assert [line.becomes for line in trial_lines(trial.shown, now())] == [
        "Sale price: $9.00 → none, the sale ends", "Sale price: $25.00 → $20.00",
    ]  # fmt: skip
    assert "1 sale ends: the file's sale price is blank there." in seen_words(trial)


@pytest.mark.integration
async def test_a_number_that_begins_anew_in_each_store_is_refused_with_the_way_out(
    database: str, tmp_path: Path
) -> None:
    """Where the file does not show it by its stores: they are not named."""
    await people(tmp_path)
    rows = ("1001,a@x.example,2026-10-01,Rye,5.00", "1001,b@x.example,2026-10-01,Gin,7.00")
    trial = await tried(write(tmp_path / "sales.csv", "Receipt,Email,Date,Item,Amount", *rows), "purchases")
    [refused] = [one for one in trial.shown if "another customer" in one.reason and one.record.number == 3]
    assert refused.reason.endswith(
        "Where numbers begin anew, each month or in each store, write that into them (2026-10-1001)."
    )

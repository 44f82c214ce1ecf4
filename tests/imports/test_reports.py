"""The report of an import: figures, what was left out, what was assumed, and what to do next, each in its list."""

from __future__ import annotations

import re
from contextvars import copy_context
from decimal import Decimal
from pathlib import Path

import pytest

from liquor_app.core.clock import now
from liquor_app.core.money import use_currency
from liquor_app.imports.cleaning.refusal_words import FileWords
from liquor_app.imports.cleaning.row_notes import FUTURE, IN_DOUBT, NO_EVIDENCE, NOTES
from liquor_app.imports.import_rows import ImportRow
from liquor_app.screens.imports.wizard.report.note_lines import _WARNED, note_lines, note_words
from liquor_app.screens.imports.wizard.report.report_words import Report, report_of
from liquor_app.screens.imports.wizard.report.sum_words import net_words
from liquor_app.screens.imports.wizard.trial_view import seen_words, trial_lines
from tests.imports.test_file_totals import tried
from tests.imports.test_import_cases import one, run, write
from tests.imports.test_reversed_orders import people, state


async def _last() -> ImportRow:
    return await state((await one("SELECT id FROM imports ORDER BY id DESC LIMIT 1")).id)


async def _told() -> Report:
    return report_of(await _last())


@pytest.mark.integration
async def test_each_thing_stands_in_its_list(database: str, tmp_path: Path) -> None:
    """Before, all of it was one paragraph."""
    path = write(
        tmp_path / "people.csv", "Email,Phone,Email Opt In,ZIP,State,Shoe",
        "ann@x.example,12,yes,2139,MA,38", "bo@x.example,,,04530,ME,39", "nonsense,,,,,", "cy@x.example,,no,,,",
    )  # fmt: skip
    await run(path, options={"encoding": "mac_roman"})
    told = await _told()
    assert told.says == "Imported: 3 of 4 rows."
    assert [(one.words, one.count) for one in told.figures] == [
        ("Rows in the file", "4"), ("New", "3"), ("Changed", "0"), ("Known already", "0"), ("Rows refused", "1"),
        ("Rows a no is taken from", "1"), ("Rows with a warning", "1"),
    ]  # fmt: skip
    assert [words.split(":")[0] for words in told.left_out] == [
        "Consent left out of 1 row", "Cells that could not be read are left blank",
    ]  # fmt: skip
    assert told.assumed[0] == "The file is read as Mac OS Roman, as it was chosen."
    assert [words[:10] for words in told.assumed[1:]] == ["1 ZIP code"]
    assert [words.split(":")[0].split(",")[0] for words in told.following] == [
        "Download the refused rows", "Look through the rows with a warning",
    ]  # fmt: skip


@pytest.mark.integration
async def test_what_was_stopped_or_refused_whole_says_so_alone(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "a.csv", "Email,Name", "ann@x.example,Ann"))
    assert (await _told()).says == "Imported, all of it: 1 row."
    assert (await _told()).following == ()
    await run(write(tmp_path / "b.csv", "Email,Name", "nonsense,Ann"))
    assert (await _told()).says == "Imported: 0 of 1 row."


def test_every_note_is_in_one_list_and_in_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for code in {*NOTES, *_WARNED, "customers_made", "rows_voided: void"}:
        lines = note_lines({code: 2})
        assert len(lines) <= 1, code
        assert note_words({code: 2}) == "".join(f" {line.words}" for line in lines)
    everything = note_lines(dict.fromkeys((*NOTES, *_WARNED), 2))
    assert note_words(dict.fromkeys((*NOTES, *_WARNED), 2)).split(" ")[1:] == [
        word for line in everything for word in line.words.split(" ")
    ]


def test_all_money_has_its_sign() -> None:
    assert net_words(Decimal(45), Decimal(15)) == "$45.00 ($60.00 less $15.00 back)"
    told = copy_context()
    told.run(use_currency, "GBP")
    assert told.run(net_words, Decimal(45), Decimal(15)) == "£45.00 (£60.00 less £15.00 back)"


COLUMNS = ["Email", "Email Opt In", "SMS Opt In", "Opted In At"]
AT = {"email": 0, "email_consent": 1, "sms_consent": 2, "consent_at": 3}


@pytest.mark.parametrize(
    ("code", "cells", "words", "where"),
    [
        (NO_EVIDENCE, ["a@x.example", "yes", "", ""], "The consent of “Email Opt In” ('yes') is left out: each",
         ("Email Opt In", "yes")),
        (NO_EVIDENCE, ["a@x.example", "no", "Subscribed", ""],
         "The consent of “SMS Opt In” ('Subscribed') is left out: each", ("SMS Opt In", "Subscribed")),
        (NO_EVIDENCE, ["a@x.example", "yes", "Y", ""],
         "The consent of “Email Opt In” ('yes') and “SMS Opt In” ('Y') is left out: each", ("Email Opt In", "yes")),
        (NO_EVIDENCE, ["a@x.example", "", "", ""], "A consent is left out: each", ("", "")),
        (FUTURE, ["a@x.example", "yes", "", "2999-01-01"],
         "The consent dated by “Opted In At” ('2999-01-01') is left out: its date", ("Opted In At", "2999-01-01")),
        (IN_DOUBT, ["a@x.example", "yes", "", ""], "The yes of “Email Opt In” ('yes') is left out: another",
         ("Email Opt In", "yes")),
    ],
)  # fmt: skip
def test_a_consent_that_is_left_out_names_column_and_value(
    code: str, cells: list[str], words: str, where: tuple[str, str]
) -> None:
    """Before: "A consent is left out", of a row with three columns of them."""
    said = FileWords(COLUMNS, AT)
    assert said.note(code, cells).startswith(words)
    assert said.where(code, cells) == where
    by_tool = FileWords(COLUMNS, {"email": 0, "email_consent": 7}, {"email_consent": (1, 2)})
    if code == NO_EVIDENCE:
        assert by_tool.note(code, cells).startswith(words)


@pytest.mark.integration
async def test_columns_the_sum_stands_on_are_not_told_as_left_out(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    head = "Receipt,Date,Email,Item,Qty,Price,Total,Shoe"
    path = write(tmp_path / "a.csv", head, "1,2026-10-01,a@x.example,Rye,1,10.00,10.00,38")
    trial = await tried(path)
    assert trial.totals.column == "Total"
    assert seen_words(trial) == "Columns left out: “Shoe”."
    assert trial.unused == ["Shoe"]


@pytest.mark.integration
@pytest.mark.parametrize(("column", "label"), [("Register", "Register"), ("Till", "Register"), ("Branch", "Store")])
async def test_a_register_is_called_one(database: str, tmp_path: Path, column: str, label: str) -> None:
    await people(tmp_path)
    trial = await tried(
        write(tmp_path / "a.csv", f"Receipt,Date,Email,Total,{column}", "1,2026-10-01,a@x.example,10.00,R1")
    )
    (line,) = trial_lines(trial.shown, now(), ["Receipt", "Date", "Email", "Total", column], {"store": column})
    assert re.findall(r"(\w+): R1", line.becomes) == [label]

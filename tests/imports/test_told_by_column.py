"""A report and a preview in the file's own words: which column, which value, how many rows, and what is no fault."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.customers.lists import list_consents
from liquor_app.customers.service import get_customer
from liquor_app.imports.cleaning.refusal_words import FileWords
from liquor_app.imports.drop_folders.drop_sources import SourceRow
from liquor_app.imports.import_rows import get_import
from liquor_app.imports.readers.dialect import is_slashed
from liquor_app.imports.undo.undo_locally import undo_locally
from liquor_app.screens.customers.detail.view import consent_lines
from liquor_app.screens.imports.drop_folders.view import source_line
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.report_texts import report_text
from tests.imports.test_import import rows, run
from tests.imports.test_import_cases import FILES, write
from tests.imports.test_import_pages import brought, matching

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SHOPIFY = (FILES / "01_shopify_customers.csv").read_text().splitlines()[0]


def shopify(**cells: str) -> str:
    return ",".join(cells.get(name, "") for name in SHOPIFY.split(","))


@pytest.mark.integration
async def test_what_nobody_has_is_no_fault_in_the_summary_too(database: str, tmp_path: Path) -> None:
    """Before, the row said so and the summary counted it among cells that could not be read."""
    file = write(tmp_path / "a.csv", "Email,Phone", "ann@x.example,0000000000", "noemail@x.example,207-555-0101")
    report = await run(file)
    assert report.notes == {"phone_of_nobody": 1, "email_of_nobody": 1}
    assert note_words(report.notes) == (
        " What people write where they know none is left blank, and no fault: E-mail 1 and Phone 1."
    )


@pytest.mark.integration
async def test_a_warning_names_the_column_and_its_value(database: str) -> None:
    """Before, a column that a tool's profile puts together was told as “phone”, a custom field as “custom”."""
    content = "\n".join((SHOPIFY, shopify(Email="ann@x.example", Phone="0000000000")))
    _, _, state, _ = await matching(await brought(content))
    assert state.rows[0].reason == "“Phone”: '0000000000' is nobody's number. It is left blank, and no fault."
    content = "\n".join((SHOPIFY, shopify(Email="ann@x.example", Phone="12")))
    _, _, state, _ = await matching(await brought(content))
    assert state.rows[0].reason.startswith("“Phone” cannot be read and is left blank: '12'.")


def test_a_custom_field_is_named_by_its_column() -> None:
    at = {"email": 0, "custom.number.shoe_size": 1, "custom.text.note": 2}
    words = FileWords(["Email", "Shoe size", "Note"], at)
    assert words.note("custom_left_out", ["a@x.example", "big", "hello"]) == (
        "“Shoe size” cannot be read and is left blank: 'big'. Correct it in the file, or leave it blank."
    )
    made = FileWords(["Phone", "Mobile"], {"phone": 7}, {"phone": (0, 1)})
    assert made.note("phone_of_nobody", ["", "555-0000"]).startswith("“Mobile”: '555-0000' is nobody's number.")


@pytest.mark.integration
async def test_who_never_agreed_is_not_subscribed_and_no_less_out(database: str, tmp_path: Path) -> None:
    """Before, whoever had not ticked a box was “withdrawn”, on the preview and on the profile."""
    content = "\n".join((SHOPIFY, shopify(Email="ann@x.example", **{"Accepts Email Marketing": "no"})))
    _, _, state, _ = await matching(await brought(content))
    assert "E-mail consent: not subscribed" in state.rows[0].becomes
    await run(write(tmp_path / "a.csv", *content.splitlines()))
    assert await line_of("email") == "not_subscribed"
    head = "Email,Email Consent,Consent Source,Consent Date"
    await run(write(tmp_path / "b.csv", head, "bo@x.example,yes,till,2026-01-05"))
    await run(write(tmp_path / "c.csv", "Email,Email Opt In", "bo@x.example,no"))
    assert await line_of("email", "bo@x.example") == "withdrawn"
    assert [one["email_consent"] for one in await rows("SELECT email_consent FROM customers")] == ["withdrawn"] * 2


async def line_of(channel: str, email: str = "ann@x.example") -> str:
    (one,) = await rows(f"SELECT id FROM customers WHERE email = '{email}'")
    async with transaction() as session:
        customer = await get_customer(session, SYSTEM, one["id"])
        told = (await list_consents(session, SYSTEM, one["id"])).items
    return next(line.status for line in consent_lines(customer, told, NOW) if line.key == channel)


@pytest.mark.integration
async def test_a_report_counts_rows_with_a_warning_and_noes_and_keeps_it_after_undoing(
    database: str, tmp_path: Path
) -> None:
    """Before, warnings were counted by cell, noes only on the preview, and an undone import said nothing of itself."""
    await run(write(tmp_path / "a.csv", "Email,Phone,State,Unsubscribed",
                    "ann@x.example,12,Nowhere,yes", "bo@x.example,,ME,"))  # fmt: skip
    (one,) = await rows("SELECT id FROM imports")
    async with transaction() as session:
        words = report_text(await get_import(session, SYSTEM, one["id"]))
    assert words.startswith("Imported, all of it: 2 rows.\nRows in the file: 2\nNew: 2\nChanged: 0\n")
    assert "Rows with a warning: 1\n" in words
    assert "Rows a no is taken from: 1\n" in words
    assert words.endswith("Look through the rows with a warning, below.")
    await undo_locally(SYSTEM, one["id"])
    async with transaction() as session:
        undone: Any = await get_import(session, SYSTEM, one["id"])
    assert report_text(undone).startswith(
        "It was undone; nothing of it is left to undo. Below is what it had taken.\nRows in"
    )


@pytest.mark.integration
async def test_the_order_of_dates_is_asked_where_there_are_such(database: str) -> None:
    _, _, state, _ = await matching(await brought("Email,Name\nann@x.example,Ann\n"))
    assert not state.has_slashes
    _, _, state, _ = await matching(await brought("Email,Unsubscribed At\nann@x.example,01/02/2026\n"))
    assert state.has_slashes
    assert (is_slashed("1/2/26"), is_slashed("2026-01-02"), is_slashed("Jan 2")) == (True, False, False)


def test_a_folder_nobody_looked_at_is_not_ready() -> None:
    """Before, one that there is not was “Ready” until the first look."""
    fields: dict[str, Any] = dict.fromkeys(SourceRow.__dataclass_fields__)
    fields |= {"id": "1", "name": "Till", "kind": "products", "options": {}, "every_minutes": 15, "is_paused": False,
               "is_silent": False}  # fmt: skip
    assert (source_line(SourceRow(**fields), "/x", NOW).state) == "Not looked at yet"
    assert source_line(SourceRow(**fields | {"looked_at": NOW}), "/x", NOW).state == "Ready"

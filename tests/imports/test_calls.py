"""Who refused to be called is texted no more, unless they said yes to texts. Before, it was told and not heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.imports.cleaning.answers.heard_columns import field_of
from liquor_app.imports.dry_run import inspect_file
from liquor_app.screens.imports.wizard.columns_view import LABELS, column_lines
from liquor_app.screens.imports.wizard.trial_view import seen_words
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write
from tests.imports.test_unheard_columns import tried

pytestmark = pytest.mark.integration
TOLD = "email,phone,sms consent,consent source,consent date"
ANN = "ann@c.example,617-555-0142"


@pytest.mark.parametrize("heading", ["Do Not Call", "DoNotCall", "No Calls", "Do not allow Phone Calls"])
@pytest.mark.parametrize(
    ("columns", "row", "becomes"),
    [
        ("", "yes", "withdrawn"),
        ("", "no", "given"),
        (",SMS Consent,Consent source,Consent date", "yes,yes,counter,2026-02-01", "given"),
        (",SMS Consent", "yes,yes", "withdrawn"),
        (",SMS Consent", "yes,", "withdrawn"),
        (",SMS Consent", "no,no", "withdrawn"),
    ],
)
async def test_a_no_to_calls_is_one_to_texts(
    database: str, tmp_path: Path, heading: str, columns: str, row: str, becomes: str
) -> None:
    await run(write(tmp_path / "people.csv", TOLD, f"{ANN},yes,till,2026-01-05"))
    path = write(tmp_path / "list.csv", f"email,phone,{heading}{columns}", f"{ANN},{row}")
    await run(path)
    [person] = await many("SELECT sms_consent, email_consent FROM customers")
    assert (person.sms_consent, person.email_consent) == (becomes, None)


async def test_the_preview_tells_it(database: str, tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", "email,phone,Do Not Call", f"{ANN},yes")
    lines = {one.name: one.becomes for one in column_lines(inspect_file(path, "customers"))}
    assert LABELS[field_of(lines["Do Not Call"])] == "Refused calls, and with them texts"
    trial = await tried(path)
    assert (trial.unheard, trial.noes) == ((), 1)
    assert "A no is taken from 1 row." in seen_words(trial)


async def test_who_is_not_to_be_contacted_says_no_to_everything(database: str, tmp_path: Path) -> None:
    agreed = "email,phone,sms consent,email consent,consent source,consent date"
    await run(write(tmp_path / "people.csv", agreed, f"{ANN},yes,yes,till,2026-01-05"))
    await run(write(tmp_path / "list.csv", "email,phone,Do Not Contact", f"{ANN},yes"))
    [person] = await many("SELECT sms_consent, email_consent FROM customers")
    assert (person.sms_consent, person.email_consent) == ("withdrawn", "withdrawn")

"""What somebody says of everybody in a file: who agreed, by what proof, on each channel apart."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from liquor_app.imports.cleaning.answers.consent_cells import ConsentGiven
from liquor_app.screens.imports.wizard.columns_view import ColumnLine, columns_words
from liquor_app.screens.imports.wizard.matching_state import MatchState
from liquor_app.screens.imports.wizard.said_of_all import clean_said, first_mistake, mistakes, told_again
from liquor_app.screens.imports.wizard.state import MATCH, RUN
from liquor_app.screens.imports.wizard.steps_panel import match_step
from tests.imports.test_import import rows, run
from tests.imports.test_import_cases import write
from tests.imports.test_import_pages import brought, look, matching
from tests.tabs import run as press
from tests.tabs import said as shown

BY_EMAIL = {
    "email_consent": "yes", "email_consent_source": "Sheet at the counter", "email_consent_at": "2026-03-01",
    "email_consent_wording": "Send me offers by e-mail",
}  # fmt: skip
BY_TEXT = {
    "sms_consent": "yes", "sms_consent_source": "Text club", "sms_consent_at": "2026-04-02",
    "sms_consent_wording": "Text me offers",
}  # fmt: skip
STANDS = "SELECT email, email_consent, sms_consent FROM customers ORDER BY email"
PROOF = """
SELECT channel, status, source, to_char(at AT TIME ZONE 'America/New_York', 'YYYY-MM-DD') AS day,
       evidence ->> 'words' AS words FROM consents ORDER BY channel, status
"""


async def consents(*names: str) -> list[Any]:
    return [tuple(one[name] for name in names) for one in await rows(STANDS)]


@pytest.mark.integration
async def test_a_sign_up_sheet_without_a_column_of_consent(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "sheet.csv", "Email,Phone,Name", "ann@x.example,207-555-0101,Ann Ray")
    await run(file, options={"constants": BY_EMAIL | BY_TEXT | {"country": "US", "tags": "tasting"}})
    assert await consents("email_consent", "sms_consent") == [("given", "given")]
    proofs = [(one["channel"], one["source"], one["words"]) for one in await rows(PROOF)]
    assert proofs == [
        ("email", "Sheet at the counter", "Send me offers by e-mail"), ("sms", "Text club", "Text me offers"),
    ]  # fmt: skip


@pytest.mark.integration
async def test_one_channels_proof_never_serves_for_the_other(database: str, tmp_path: Path) -> None:
    """Before, one text was the proof of both: a box about e-mail made people textable."""
    file = write(tmp_path / "a.csv", "Email,Phone,SMS Opt In", "ann@x.example,207-555-0101,yes")
    report = await run(file, options={"constants": BY_EMAIL})
    assert await consents("email_consent", "sms_consent") == [("given", None)]
    assert report.notes["consent_without_evidence"] == 1
    half = {"sms_consent": "yes", "sms_consent_source": "Text club", "sms_consent_at": "2026-04-02"}
    await run(file, options={"constants": BY_EMAIL | half})
    assert [one["words"] for one in await rows(PROOF)] == ["Send me offers by e-mail", None]


@pytest.mark.integration
@pytest.mark.parametrize(("head", "no"), [
    ("Email Opt In", "no"), ("Unsubscribed", "yes"), ("Unsubscribed At", "2020-01-05"), ("Do Not Email", "x"),
])  # fmt: skip
async def test_a_no_in_a_row_wins(database: str, tmp_path: Path, head: str, no: str) -> None:
    """Before, one of an earlier day than what is said of all was lost."""
    file = write(tmp_path / "a.csv", f"Email,{head}", f"ann@x.example,{no}", "bo@x.example,")
    await run(file, options={"constants": BY_EMAIL})
    assert await consents("email", "email_consent") == [("ann@x.example", "withdrawn"), ("bo@x.example", "given")]


@pytest.mark.integration
@pytest.mark.parametrize("turned", [False, True])
async def test_a_no_in_another_row_of_the_same_person_wins(database: str, tmp_path: Path, turned: bool) -> None:
    told = ["ann@x.example,2020-01-05", "ann@x.example,"]
    file = write(tmp_path / "a.csv", "Email,Unsubscribed At", *(told[::-1] if turned else told))
    await run(file, options={"constants": BY_EMAIL})
    assert await consents("email_consent") == [("withdrawn",)]
    await run(file, options={"constants": BY_EMAIL})
    assert await consents("email_consent") == [("withdrawn",)]


@pytest.mark.integration
@pytest.mark.parametrize("policy", ["fill", "overwrite", "keep"])
async def test_a_known_withdrawal_beats_it_always(database: str, tmp_path: Path, policy: str) -> None:
    """Before, “all of these agreed on 1 March” took back the no of February."""
    await run(write(tmp_path / "a.csv", "Email,Unsubscribed At", "ann@x.example,2026-02-05"))
    await run(write(tmp_path / "b.csv", "Email", "ann@x.example"), options={"constants": BY_EMAIL}, policy=policy)
    assert await consents("email_consent") == [("withdrawn",)]
    dated = {name: value for name, value in BY_EMAIL.items() if name != "email_consent"}
    file = write(tmp_path / "c.csv", "Email,Email Opt In", "ann@x.example,yes")
    await run(file, options={"constants": dated}, policy=policy)
    assert await consents("email_consent") == [("withdrawn",)]


@pytest.mark.integration
async def test_where_and_tags_are_for_rows_that_do_not_say(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "Email,Country,Tags", "ann@x.example,CA,vip", "bo@x.example,,")
    await run(file, options={"constants": {"country": "US", "tags": "tasting, spring"}})
    assert [one["country"] for one in await rows("SELECT country FROM customers ORDER BY email")] == ["CA", "US"]
    tagged = await rows(
        "SELECT c.email, string_agg(t.name, ' ' ORDER BY t.name) AS tags FROM customer_tags g JOIN customers c"
        " ON c.id = g.customer_id JOIN tags t ON t.id = g.tag_id GROUP BY 1 ORDER BY 1"
    )
    assert [one["tags"] for one in tagged] == ["spring tasting vip", "spring tasting"]


@pytest.mark.integration
async def test_the_page_offers_it_for_every_file_of_customers(database: str) -> None:
    _, file, state, _ = await matching(await brought("Email,Name\nann@x.example,Ann Ray\n"))
    assert not state.asks_evidence
    await look(MatchState.say_of_all, state, "email_consent", True)
    assert state.wrong["email_consent_source"].startswith("Say where they agreed to e-mail")
    assert state.wrong["email_consent_at"].startswith("Say since when")
    assert "Not imported yet" in shown(await press(MatchState.start, state))
    assert file.step == MATCH
    await look(MatchState.say_of_all, state, "email_consent_source", "Sheet at the counter")
    await look(MatchState.say_of_all, state, "email_consent_at", "2099-01-01")
    assert state.wrong["email_consent_at"] == "This day has not come yet: nobody has agreed on it."
    await look(MatchState.say_of_all, state, "email_consent_at", "2026-03-01")
    await look(MatchState.say_of_all, state, "tags", "tasting")
    assert (first_mistake(state.wrong), state.said["sms_consent"]) == ("", "")
    assert "E-mail consent: given" in state.rows[0].becomes
    await press(MatchState.start, state)
    assert file.step == RUN


def test_what_is_wrong_is_said_by_field() -> None:
    today = date(2026, 11, 30)
    ticked = {"email_consent": "yes", "sms_consent": "yes"}
    wrong = mistakes(ticked, "customers", {"email_consent_source", "consent_at"}, today)
    assert sorted(name for name, words in wrong.items() if words) == ["sms_consent_source"]
    assert mistakes({"sms_consent_at": "soon"}, "customers", (), today)["sms_consent_at"] == (
        "Write the day as 2026-01-31."
    )
    assert not first_mistake(mistakes({"sms_consent_at": "2026-11-30"}, "customers", (), today))
    assert not first_mistake(mistakes(ticked, "purchases", (), today))


def test_what_was_said_before_is_taken_up() -> None:
    again = told_again({"consent_source": "Checkbox", "sms_consent_at": "2026-01-05", "no_such": "x"})
    assert (again["email_consent_source"], again["sms_consent_source"]) == ("Checkbox", "")
    assert (again["sms_consent_at"], "no_such" in again) == ("2026-01-05", False)
    assert clean_said("email_consent", "yes") == clean_said("email_consent", True) == "yes"
    assert clean_said("email_consent", "no") == clean_said("sms_consent", False) == clean_said("name", "x") == ""
    assert len(clean_said("country", "x" * 300)) == 60
    assert ConsentGiven.__dataclass_fields__["is_of_all"].default is False


@pytest.mark.integration
@pytest.mark.parametrize("day", ["2099-01-01", (datetime.now(UTC) + timedelta(days=40)).date().isoformat()])
async def test_a_day_to_come_is_told_as_one(database: str, tmp_path: Path, day: str) -> None:
    """Before, next year's was told as missing."""
    report = await run(write(tmp_path / "a.csv", "Email", "a@x.example"), options={
        "constants": BY_EMAIL | {"email_consent_at": day},
    })  # fmt: skip
    assert report.notes == {"consent_in_the_future": 1}


def test_the_columns_of_a_known_file_are_folded() -> None:
    whole, half = ColumnLine("Email", "", "email"), ColumnLine("Note", "", "")
    assert columns_words([whole, ColumnLine("City", "", "", by="Put together")]) == "2 columns, all recognised"
    assert columns_words([whole, half]) == "2 columns, 1 left out"
    drawn = str(match_step())
    assert drawn.index("Totals of the file") < drawn.index('"Import"') < drawn.index("Columns of the file")
    assert '["open"]' in drawn or "open:" in drawn

"""A yes to letters, calls or an app's messages is none to e-mail or texts, and a no to them refuses neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.answers.other_ways import other_way, without_remark
from liquor_app.imports.cleaning.column_mapping import guess_mapping
from tests.imports.test_import import rows
from tests.imports.test_import_cases import run, write
from tests.imports.test_left_out_asked import tried

pytestmark = pytest.mark.integration
LETTERS = (
    "Direct Mail Opt In", "Direct Mail Consent", "Accepts Direct Mail", "Direct Mail Marketing", "Direct Mail",
    "Direct Mail Subscribed", "Direct Mail Status", "Postal Mail Opt In", "Physical Mail Opt In", "Snail Mail Opt In",
    "Catalog Mailing Opt In", "Print Newsletter", "Postcard Opt In", "Mailed Offers", "US Mail Opt In", "Post Opt In",
    "Opt In (Direct Mail)", "Marketing Consent (post)", "DirectMail_OptIn", "Direct Mail Opt",
)  # fmt: skip
OTHERS = ("Phone Call Consent", "Telephone Marketing Consent", "Mobile Push Opt In", "WhatsApp Opt In", "Fax Opt In")
HEAD = "id,name,email,phone,Opt In Date,Opt In Source"
ANN = "1,Ann Lee,ann@x.example,512-347-0411,2026-01-01,till"
BO = "2,Bo Ray,bo@x.example,512-347-0412,2026-01-01,till"


async def _consents() -> list[tuple[str | None, str | None]]:
    found = await rows("SELECT email_consent, sms_consent FROM customers ORDER BY external_id")
    return [(one["email_consent"], one["sms_consent"]) for one in found]


@pytest.mark.parametrize("column", [*LETTERS, *OTHERS])
async def test_a_yes_to_another_way_is_none_to_messages(database: str, tmp_path: Path, column: str) -> None:
    """Before, "Direct Mail Opt In: Yes" was a consent to e-mail."""
    file = write(tmp_path / "people.csv", f"{HEAD},{column}", f"{ANN},Yes", f"{BO},No")
    report = await run(file)
    assert (report.created, await _consents()) == (2, [(None, None), (None, None)])


@pytest.mark.parametrize("column", [*LETTERS, *OTHERS, "Mail Opt In", "OK to Mail"])
async def test_a_no_to_another_way_leaves_a_yes_to_messages(database: str, tmp_path: Path, column: str) -> None:
    """Before, "Direct Mail Opt In: No" took back the yes to e-mail beside it."""
    head = f"{HEAD},Email Opt In,SMS Opt In,{column}"
    file = write(tmp_path / "people.csv", head, f"{ANN},Yes,Yes,No", f"{BO},No,No,Yes")
    assert (await tried(file, "customers")).asked == ()
    await run(file)
    assert await _consents() == [("given", "given"), ("withdrawn", "withdrawn")]


@pytest.mark.parametrize("column", [
    "Direct Mail Opt Out", "Physical Mail Opt Out", "Postcard Opt Out", "Push Opt Out", "Catalog Unsubscribed",
])  # fmt: skip
async def test_who_refused_letters_may_be_written_to(database: str, tmp_path: Path, column: str) -> None:
    file = write(tmp_path / "people.csv", f"{HEAD},Email Opt In,{column}", f"{ANN},Yes,Yes", f"{BO},Yes,No")
    await run(file)
    assert await _consents() == [("given", None), ("given", None)]


@pytest.mark.parametrize(("column", "refused"), [
    ("Mail Opt In", "email"), ("OK to Mail", "email"), ("Mail Offers", "email"), ("Phone Opt In", "sms"),
    ("Mail List", "email"), ("Mail", "email"), ("Phone", "sms"),
])  # fmt: skip
async def test_where_nobody_can_tell_a_no_counts_and_a_yes_does_not(
    database: str, tmp_path: Path, column: str, refused: str
) -> None:
    file = write(tmp_path / "people.csv", f"{HEAD},{column}", f"{ANN},Yes", f"{BO},No")
    await run(file)
    of_bo = ("withdrawn", None) if refused == "email" else (None, "withdrawn")
    assert await _consents() == [(None, None), of_bo]


@pytest.mark.parametrize(("column", "given"), [
    ("E-Mail Opt In", ("given", None)), ("Direct E-mail Opt In", ("given", None)), ("Opt In (E-mail)", ("given", None)),
    ("Email and Direct Mail Opt In", ("given", None)), ("Newsletter Opt In", ("given", None)),
    ("Opt In (Y/N)", ("given", None)), ("Opt In (SMS)", (None, "given")), ("SMS/Call Opt In", (None, "given")),
])  # fmt: skip
async def test_a_yes_to_messages_still_is_one(
    database: str, tmp_path: Path, column: str, given: tuple[str | None, str | None]
) -> None:
    file = write(tmp_path / "people.csv", f"{HEAD},{column}", f"{ANN},Yes", f"{BO},")
    await run(file)
    assert await _consents() == [given, (None, None)]


async def test_do_not_contact_is_heard_in_whatever_column(database: str, tmp_path: Path) -> None:
    file = write(
        tmp_path / "people.csv", f"{HEAD},Email Opt In,Direct Mail", f"{ANN},Yes,Do not contact", f"{BO},Yes,Yes"
    )
    [doubt] = (await tried(file, "customers")).asked
    assert doubt.column == "Direct Mail"
    await run(file)
    assert await _consents() == [(None, None), ("given", None)]


async def test_nobody_may_choose_letters_for_a_consent(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "people.csv", f"{HEAD},Direct Mail Opt In", f"{ANN},Yes")
    chosen = {"email": "email", "email_consent": "Direct Mail Opt In"}
    with pytest.raises(Invalid, match="is about letters: a yes in it agrees to neither e-mail nor texts"):
        await run(file, mapping=chosen)


async def test_a_tools_own_file_with_a_column_of_letters(database: str, tmp_path: Path) -> None:
    columns = ["Email Address", "First Name", "MEMBER_RATING", "OPTIN_TIME", "OPTIN_IP", "Direct Mail Opt In"]
    assert "Direct Mail Opt In" not in guess_mapping(columns, "customers").values()


@pytest.mark.parametrize(("column", "way"), [
    ("Post-purchase Emails", ""), ("Postal Code", "letters"), ("Newsletter", ""), ("Paper Newsletter", "letters"),
    ("Text Opt In", ""), ("Phone", ""), ("Voice", "calls"), ("Courriel", ""), ("Courrier", "letters"),
])  # fmt: skip
def test_ways_are_told_by_name(column: str, way: str) -> None:
    assert other_way(column) == way


def test_what_stands_in_brackets_is_what_a_heading_asks_for() -> None:
    told = ("Date of birth (mm/dd/yyyy)", "Opt In Date (SMS)", "Opt In Date (post)", "Phone (voice)", "Opt In (Y/N)")
    assert [without_remark(one) for one in told] == ["Date of birth ", "sms Opt In Date ", "", "Phone ", "Opt In "]

"""Columns of other tools that say no, each in its own words: whoever said it is written to no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.readers.row_reader import Record
from tests.imports.test_import import rows, run
from tests.imports.test_import_cases import write

NOES = [
    ("BLACKLIST", "1"),
    ("EMAIL_BLACKLIST", "true"),
    ("SMS_BLACKLIST", "1"),
    ("is_mailable", "0"),
    ("receive_email", "f"),
    ("opt_in_email", "0"),
    ("AllowEmail", "0"),
    ("Is Subscriber", "FALSE"),
    ("GDPR consent", "declined"),
    ("Permission Status", "Not Permitted"),
    ("Consent Status", "withdrawn"),
    ("Bulk Email", "Do Not Allow"),
    ("donotbulkemail", "Do Not Allow"),
    ("Removed", "Yes"),
    ("SMS Permission", "no"),
    ("Subscription", "Unsubscribed"),
    ("E-Club", "Opted Out"),
    ("SMS Line", "STOP"),
]


@pytest.mark.parametrize(("column", "cell"), NOES)
async def test_a_no_is_heard(database: str, tmp_path: Path, column: str, cell: str) -> None:
    report = await run(
        write(tmp_path / "list.csv", f"email,name,{column}", f"a@n.example,Ann,{cell}", "b@n.example,Bo,")
    )
    assert (report.created, report.rejected) == (2, 0)
    ann, bo = await rows("SELECT email_consent, sms_consent FROM customers ORDER BY email")
    channel = "sms_consent" if "SMS" in column else "email_consent"
    assert (ann[channel], bo["email_consent"], bo["sms_consent"]) == ("withdrawn", None, None)


@pytest.mark.parametrize(
    ("column", "cell"),
    [("is_mailable", "1"), ("Bulk Email", "Allow"), ("GDPR consent", "yes"), ("Is Subscriber", "TRUE"),
     ("BLACKLIST", "0"),
     ("Email", "yes"), ("Contact", "0"), ("Email Sent", "0"), ("Texts", "0"), ("Permission Level", "0")],
)  # fmt: skip
async def test_nothing_else_is_a_no_and_no_yes_is_a_consent(
    database: str, tmp_path: Path, column: str, cell: str
) -> None:
    await run(write(tmp_path / "list.csv", f"customer id,name,{column}", f"1,Ann,{cell}", "2,Bo,"))
    assert {tuple(one.values()) for one in await rows("SELECT email_consent, sms_consent FROM customers")} == {
        (None, None)
    }


async def test_a_no_beyond_doubt_is_heard_whatever_else_its_column_holds(database: str, tmp_path: Path) -> None:
    """Before, most of the words had to be answers: a STOP among landlines was lost."""
    file = write(
        tmp_path / "list.csv",
        "email,phone,SMS Status",
        "a@n.example,6175550141,STOP",
        "b@n.example,6175550142,Landline",
        "c@n.example,6175550143,Carrier blocked",
        "d@n.example,6175550144,Mobile",
    )
    await run(file)
    found = await rows("SELECT email, sms_consent FROM customers WHERE sms_consent IS NOT NULL")
    assert [tuple(one.values()) for one in found] == [("a@n.example", "withdrawn")]


async def test_a_list_of_numbers_that_texted_stop_is_about_texts(database: str, tmp_path: Path) -> None:
    head = "email,phone,sms consent,consent source,consent date"
    await run(write(tmp_path / "a.csv", head, "a@n.example,6175550141,yes,Kiosk,2026-01-05"))
    await run(write(tmp_path / "b.csv", "phone,status", "(617) 555-0141,STOP"))
    (ann,) = await rows("SELECT email_consent, sms_consent FROM customers")
    assert tuple(ann.values()) == (None, "withdrawn")


@pytest.mark.parametrize("column", ["Member of Club", "Delivery", "Email Domain"])
async def test_what_else_somebody_stopped_or_left_is_no_no(database: str, tmp_path: Path, column: str) -> None:
    await run(
        write(tmp_path / "list.csv", f"email,{column}", "a@n.example,Stopped by", "b@n.example,No", "c@n.example,Yes")
    )
    assert not await rows("SELECT 1 FROM customers WHERE email_consent IS NOT NULL OR sms_consent IS NOT NULL")


async def test_an_address_that_is_undeliverable_is_written_to_no_more(database: str, tmp_path: Path) -> None:
    await run(
        write(tmp_path / "list.csv", "email,Email Deliverability", "a@n.example,undeliverable", "b@n.example,good")
    )
    assert [one["address"] for one in await rows("SELECT address FROM suppressions")] == ["a@n.example"]


async def test_each_channel_has_its_own_evidence(database: str, tmp_path: Path) -> None:
    """Before, a yes was left out whose source stood in a column of its channel's own."""
    file = write(
        tmp_path / "list.csv",
        "email,phone,Email Consent,Email Consent Source,Email Consent Date,"
        "SMS Consent,SMS Consent Source,SMS Consent Date",
        "a@n.example,6175550141,yes,Footer,2026-01-05 10:00,no,Kiosk,2026-02-01 10:00",
        "b@n.example,6175550142,no,,,yes,Keyword JOIN,2026-02-05 10:00",
        "c@n.example,6175550143,yes,,2026-01-05,yes,Keyword JOIN,",
    )
    report = await run(file)
    assert report.notes == {"consent_without_evidence": 1}
    found = await rows("SELECT channel, status, source FROM consents ORDER BY channel, source")
    assert [tuple(one.values()) for one in found] == [
        ("email", "given", "Footer"), ("email", "withdrawn", "list.csv, column Email Consent"),
        ("sms", "given", "Keyword JOIN"), ("sms", "withdrawn", "Kiosk"),
    ]  # fmt: skip


def test_the_columns_of_evidence_are_known() -> None:
    columns = ["email", "SMS Opt-In Source", "email_opt_in_at", "sms consent timestamp"]
    sample = [Record(2, ["a@n.example", "Kiosk", "2026-01-05", "2026-01-05"])]
    assert guess_mapping(columns, "customers", None, sample) == {
        "email": "email", "sms_consent_source": "SMS Opt-In Source", "email_consent_at": "email_opt_in_at",
        "sms_consent_at": "sms consent timestamp",
    }  # fmt: skip

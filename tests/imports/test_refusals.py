"""Who refused is heard, whatever the column and the word: "Do Not Email: yes" is a no, and never a yes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.customers.lists import list_consents
from liquor_app.imports.cleaning.answers.answer_cells import Answer, clean_answer
from liquor_app.imports.cleaning.answers.dead_addresses import dead_field, is_dead
from liquor_app.imports.cleaning.answers.refusals import clean_refusal, refusal_field, says_no
from liquor_app.imports.cleaning.answers.status_columns import may_be_consent
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.column_mapping import check_mapping, guess_mapping
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.person_rows import PersonReader
from liquor_app.imports.cleaning.row_notes import GIVEN_UP, NOTES
from liquor_app.imports.dry_run import try_file
from liquor_app.imports.readers.row_reader import Record
from liquor_app.screens.customers.detail.view import history_lines
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.test_import import rows, run

ZONE, NOW = ZoneInfo("America/New_York"), datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ("email_opt_out", "Do Not Email,do_not_email,Email Opt Out,Email Opt-Out,HasOptedOutOfEmail,Unsubscribed"
         ",No Email,Email Unsubscribed,Unsubscribed At,Unsubscribe Date,UNSUB_TIME"
         ",Opted out of emails,Newsletter opt-out"),
        ("sms_opt_out", "SMS Opt Out,Do Not Text,SMS Unsubscribed,Opted Out of SMS,No SMS,Text opt-out"),
        ("opt_out", "Do Not Contact,DNC,Opted Out,Opt-Out,Opt Out Date,Blacklisted,Deleted,Deleted At,is_deleted"),
        ("call_opt_out", "Do Not Call,DoNotCall,donotphone,Do not allow Phone Calls,No Calls,No phone calls,Don't Call"
         ",Do Not Call Flag,Do Not Call List,Opted out of calls,Call opt-out,No marketing calls"
         ",Stop calling,Do not phone"),
        (None, "Email Opt In,Subscribed,Accepts Email Marketing,Unsubscribe Link,Opt Out Reason,UNSUB_CAMPAIGN_TITLE"
         ",Do Not Sell,No Phone,Calls,Last Call,Call Notes,Do Not Call Reason,Notes,Option,Sublet,Email,No"),
    ],
)  # fmt: skip
def test_a_column_says_who_refused_by_its_name(field: str | None, columns: str) -> None:
    assert {column: refusal_field(column) for column in columns.split(",")} == dict.fromkeys(columns.split(","), field)


@pytest.mark.parametrize(
    "cell", ["yes", "Y", "TRUE", "1", "1.0", "-1", "x", "Unsubscribed", "opted out", "STOP", "too many"]
)
def test_whatever_is_filled_there_is_a_refusal(cell: str) -> None:
    refused = clean_refusal(cell, ZONE, NOW)
    assert refused is not None
    assert refused.at is None


@pytest.mark.parametrize(
    "cell", ["", "no", "N", "0", "0.0", "FALSE", "n/a", "unknown", "never subscribed", "Subscribed"]
)
def test_what_says_that_nobody_refused_is_none(cell: str) -> None:
    assert clean_refusal(cell, ZONE, NOW) is None


def test_a_date_there_says_since_when() -> None:
    refused = clean_refusal("2025-08-01 10:00:00", ZONE, NOW)
    assert refused is not None
    assert refused.at == datetime(2025, 8, 1, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer.NO, "STOPALL,unsub,unsubbed,rejected,blocklisted,Blacklisted,quit,cancel,END,don’t email,0.0,never,✗"),
        (Answer.NO, "Abgemeldet,abbestellt,Widerrufen,keine Einwilligung,désabonné,Désinscrite"),
        (Answer.NO, "desabonne,ne pas contacter,Não,nao,descadastrado,disiscritto,abgemeldet (Telefon)"),
        (Answer.YES, "1.0,Accepts,I agree,OK,angemeldet,abonnée,Inscrit,sim,sì,iscritta"),
        (Answer.SILENT, "nicht angemeldet,nicht bestätigt,non abonné,en attente"),
        (Answer.SILENT, "never subscribed,not subscribed,pending,n/a"),
        (None, "-1,2,maybe"),
    ],
)
def test_answers_in_other_words(answer: Answer | None, words: str) -> None:
    def read(word: str) -> Answer | None:
        try:
            return clean_answer(word, "email_consent")
        except Rejected:
            return None

    assert {word: read(word) for word in words.split(",")} == dict.fromkeys(words.split(","), answer)


@pytest.mark.parametrize("word", ["abgemeldet", "désabonné", "não", "disiscritto"])
async def test_a_newsletter_column_in_german_french_portuguese_and_italian(
    database: str, tmp_path: Path, word: str
) -> None:
    """Before, such words were no answers, so the column was no column of consents, and every no in it was lost."""
    people, file = tmp_path / "people.csv", tmp_path / "list.csv"
    people.write_text("email,email consent,consent source,consent date\na@x.example,yes,till,2026-01-05\n")
    file.write_text(f"Email;Newsletter\na@x.example;{word}\n")
    await run(people)
    await run(file)
    assert [one["email_consent"] for one in await rows("SELECT email_consent FROM customers")] == ["withdrawn"]


EXCLUSIONS = {
    "email": "Excluded From Email,Exclude from email,Exclude From Mailing,Exclude from Newsletter,Stop Emails,Mail Stop"
    ",Remove from mailing list,Decline emails,Refuses email,Reject Emails,Never email,Disable email,Ban Email"
    ",Skip emails,Email Off,Email Restricted,Block Emails,Cancel Newsletter,Newsletter Cancelled,Newsletter Declined"
    ",Newsletter Cancelled Date,Email Stopped On,Pause Emails,Muted Emails,Halt emails,End emails,Emails Terminated"
    ",Discontinue Mailings,Prohibit Email,Email Kill,Killed Emails,Email Exclusion,Left Mailing List"
    ",Leave Newsletter,Quit Emails"
    ",Turn Off Emails,Emails Turned Off,Dropped From Email List,Cannot Email,Not To Be Emailed,Doesn't Want Emails"
    ",Email Not Allowed,ExcludeFromEmail,email_block,Email Consent Revoked,Stop Sending Emails,Emails Suspended",
    "sms": "Stop Texts,Never text,Exclude from SMS,Mute Texts,Silence texts,SMS Blocked,Texting Disabled,Can't Text"
    ",Disable SMS Notifications,Withhold Texts",
    "both": "Removed From List,Forbid Marketing,Marketing Denied,Deny Marketing,Stop All Marketing,Cease Contact"
    ",Excluded,Exclude,Is Excluded,STOP,Stopped,Kill,Killed At,Muted,Unwanted"
    ",Exclude From Email And SMS,Exclude From Campaign,Consent Withdrawn,Opt In Revoked,Never Contact",
}


HEAD = ("Email", "Phone", "Consent Source", "Consent Date")


def read(column: str, *said: str) -> list[dict[str, str]]:
    """What rows of a file with such a column say of consent: channel → status."""
    columns = (*HEAD, column)
    cells = [[f"{at}@r.example", "", "till", "2025-01-05", one] for at, one in enumerate(said)]
    sample = [Record(2 + at, row) for at, row in enumerate(cells)]
    at = check_mapping(None, columns, "customers", sample=sample)
    reader = PersonReader(at, Setting(ZONE, NOW, columns=columns))
    return [{one.channel: one.status.value for one in reader(2, row).consents} for row in cells]


@pytest.mark.parametrize("column", ",".join(EXCLUSIONS.values()).split(","))
@pytest.mark.parametrize(
    ("yes", "no"), [("TRUE", "FALSE"), ("Yes", "No"), ("checked", "unchecked"), ("1", "0"), ("2026-01-05", "")]
)
def test_a_yes_to_an_exclusion_is_a_no(column: str, yes: str, no: str) -> None:
    """Beside a source and a day, a yes to "Exclude From Email" was a consent, and a no a withdrawal."""
    channel = next(one for one, columns in EXCLUSIONS.items() if column in columns.split(","))
    out = dict.fromkeys(("email", "sms") if channel == "both" else (channel,), "withdrawn")
    assert read(column, yes, no, yes, no) == [out, {}, out, {}]


async def test_who_is_excluded_is_not_written_to(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "Email,Phone,Exclude From Email,Stop Texts,Newsletter Cancelled Date,Consent Source,Consent Date\n"
        "a@r.example,,TRUE,FALSE,,till,2025-01-05\nb@r.example,,FALSE,TRUE,,till,2025-01-05\n"
        "c@r.example,,FALSE,FALSE,2026-01-05,till,2025-01-05\nd@r.example,,FALSE,FALSE,,till,2025-01-05\n"
    )
    await run(file)
    found = await rows("SELECT email_consent, sms_consent FROM customers ORDER BY email")
    assert [tuple(row.values()) for row in found] == [
        ("withdrawn", None), (None, "withdrawn"), ("withdrawn", None), (None, None),
    ]  # fmt: skip


DOUBTFUL = (
    "Year End Newsletter,Price Drop Emails,Non-Alcoholic Newsletter,Email Frozen Out,No-Rush Emails,Emails Leave-Behind"
    ",Pause Emails Until,Uninvited Email,Restricted Goods Emails,Not Subscribed To Email,Email Without Consent"
    ",Newsletter Cancelled By Us,Text Ban Lifted,Sin e-mails,Keine E-Mails"
)


@pytest.mark.parametrize("column", DOUBTFUL.split(","))
def test_a_yes_beside_any_word_of_an_exclusion_agrees_to_nothing(column: str) -> None:
    """Nobody can tell whether such a yes is one: it is left out and told."""
    assert "given" not in {status for said in read(column, "Yes", "No") for status in said.values()}
    assert refusal_field(column) or may_be_consent(column, ["Yes", "No"])
    with pytest.raises(Invalid, match=r"names an exclusion|says who refused"):
        check_mapping({"email": "Email", "email_consent": column}, (*HEAD, column), "customers")


async def test_a_doubtful_yes_is_told(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "Email,Price Drop Emails,Consent Source,Consent Date\na@r.example,Yes,till,2025-01-05\n"
        "b@r.example,No,till,2025-01-05\n"
    )
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="customers", path=file, limit=20, watch=True)
    assert trial.unheard == ("Price Drop Emails",)
    await run(file)
    found = await rows("SELECT email_consent FROM customers ORDER BY email")
    assert [row["email_consent"] for row in found] == [None, None]


def test_no_name_of_a_consent_is_an_exclusion() -> None:
    names = [name for field in ("email_consent", "sms_consent") for name in KINDS["customers"][field]]
    assert [name for name in names if says_no(name) or refusal_field(name)] == []


def test_a_column_of_tokens_is_no_column_of_refusals() -> None:
    columns = ["Email", "Unsubscribe code"]
    sample = [Record(2, ["a@x.example", "8fa7c1d2"]), Record(3, ["b@x.example", "77aa01bc"])]
    assert guess_mapping(columns, "customers", None, sample) == {"email": "Email"}


def test_one_odd_cell_loses_no_column_of_refusals() -> None:
    """It lost all of them, where it stood among the first rows."""
    sample = [Record(2 + at, [f"{at}@x.example", cell]) for at, cell in enumerate(("yes", "call first", "", "no"))]
    assert guess_mapping(["Email", "Unsubscribed"], "customers", None, sample)["email_opt_out"] == "Unsubscribed"


def test_a_column_of_refusals_is_never_one_of_consents() -> None:
    """By hand neither: a yes in it would write to everybody who had said no."""
    columns = ["Email", "Do Not Email"]
    with pytest.raises(Invalid, match="a yes in it is a no"):
        check_mapping({"email": "Email", "email_consent": "Do Not Email"}, columns, "customers")


async def test_who_opted_out_is_not_written_to(database: str, tmp_path: Path) -> None:
    """Before, "Do Not Email" was taken for a column of consents: with evidence beside it, yes became a consent."""
    file = tmp_path / "people.csv"
    file.write_text(
        "Email,Phone,Name,Do Not Email,SMS Opt Out,Consent Source,Consent Date\n"
        "a@r.example,6175550131,A,Yes,No,till,2025-01-05\n"
        "b@r.example,6175550132,B,No,Yes,till,2025-01-05\n"
        "c@r.example,6175550133,C,,2025-08-01,till,2025-01-05\n"
    )
    report = await run(file)
    assert (report.created, report.rejected, report.notes) == (3, 0, {})
    found = await rows("SELECT email_consent, sms_consent FROM customers ORDER BY email")
    assert [tuple(row.values()) for row in found] == [("withdrawn", None), (None, "withdrawn"), (None, "withdrawn")]
    assert (await rows("SELECT at FROM consents ORDER BY at LIMIT 1"))[0]["at"] == datetime(
        2025, 8, 2, 3, 59, 59, 999_999, UTC
    )


async def test_an_opt_out_beats_a_yes_in_the_same_row(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "Email,Email Opt In,Consent Source,Consent Date,Unsubscribed\n"
        "a@r.example,yes,till,2025-01-05,no\nb@r.example,yes,till,2025-01-05,yes\n"
    )
    await run(file)
    found = await rows("SELECT email_consent FROM customers ORDER BY email")
    assert [row["email_consent"] for row in found] == ["given", "withdrawn"]


async def test_mailchimps_file_of_those_not_subscribed_gives_no_consent(database: str, tmp_path: Path) -> None:
    """Its columns are those of the subscribed: the name alone tells. Before, whoever had only bought had agreed."""
    rows_of = (
        "Email Address,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID\n"
        "a@r.example,2,2024-03-14 09:12:31,2024-03-14 09:12:31,1\n"
    )
    for name, given in (("nonsubscribed_members_export_1a.csv", None), ("subscribed_members_export_1a.csv", "given")):
        file = tmp_path / name
        file.write_text(rows_of)
        await run(file)
        assert (await rows("SELECT email_consent FROM customers"))[0]["email_consent"] == given
    with pytest.raises(Invalid, match="By its name"):
        await run(tmp_path / "nonsubscribed_members_export_1a.csv", options={"profile": "mailchimp_subscribed"})


async def test_what_is_said_of_a_whole_file_silences_no_row_that_says_no(database: str, tmp_path: Path) -> None:
    """“All of these agreed” made a consent of each no in the file; so it did of those Mailchimp had unsubscribed."""
    agreed = {"constants": {"email_consent": "yes", "consent_source": "sheet", "consent_at": "2025-03-01"}}
    file = tmp_path / "people.csv"
    file.write_text("Email,Email Opt In\na@r.example,yes\nb@r.example,no\nc@r.example,\nd@r.example,never subscribed\n")
    await run(file, options=agreed)
    file = tmp_path / "unsubscribed.csv"
    file.write_text("Email Address,MEMBER_RATING,UNSUB_TIME,LEID\ne@r.example,2,2025-08-01 10:00:00,1\n")
    await run(file, options=agreed)
    file = tmp_path / "out.csv"
    file.write_text("Email,Unsubscribed\nf@r.example,yes\n")
    await run(file, options={"constants": {"email_opt_out": "no"}})
    found = await rows("SELECT email_consent FROM customers ORDER BY email")
    assert [row["email_consent"] for row in found] == ["given", "withdrawn", "given", None, "withdrawn", "withdrawn"]


async def test_a_no_said_of_a_whole_file_holds_for_every_row(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Email,Email Opt In,Unsubscribed\na@r.example,yes,no\n")
    await run(file, options={"constants": {"email_opt_out": "yes"}})
    assert (await rows("SELECT email_consent FROM customers"))[0]["email_consent"] == "withdrawn"


@pytest.mark.parametrize(
    "column", ["Subscription Status", "Opted In", "Opt-In", "Marketing opt-in", "Can email", "Subscriber", "Consent"]
)
def test_a_column_of_consents_need_not_name_its_channel(column: str) -> None:
    assert guess_mapping(["Email", column], "customers") == {"email": "Email", "email_consent": column}


@pytest.mark.parametrize(("cell", "is_one"), [("Unsubscribed", True), ("active", False), ("gold", False)])
def test_a_status_is_one_of_consent_where_its_words_say_so(cell: str, is_one: bool) -> None:
    sample = [Record(2, ["a@x.example", cell]), Record(3, ["b@x.example", cell])]
    assert ("email_consent" in guess_mapping(["Email", "Status"], "customers", None, sample)) is is_one


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ("email_bounced", "Bounced,Hard bounced,hard_bounced,Bounce,Bounce Type,Bounced At,Email Bounced,HasBounced"
         ",Hard Bounce Count,Email hard bounce reason,Email Invalid,Invalid Email,Undeliverable"),
        ("sms_bounced", "SMS Bounced,Phone Invalid,Wrong Number,Bad Phone"),
        ("email_valid", "Email Valid,Is Email Valid,Deliverable Email"),
        ("complained", "Complained,Spam,Spam Complaint,Marked as spam,Complaint Date,Abuse,Spam complaints"),
        ("suppressed", "Suppressed,Is Suppressed,Suppression List,Blocked"),
        ("email_suppressed", "Email Suppressed,E-mail suppression"),
        ("sms_suppressed", "SMS Suppressed,Phone Suppressed,SMS Complaint"),
        ("sms_valid", "Phone Valid,Is Mobile Number Valid,Valid Phone"),
        (None, "Bounce Reason,Soft Bounced,Bounces,Bounce rate,Bounced Checks,Complaints,Spam score,Suppression Reason"
         ",Address Undeliverable,Cleaned,Bad debt,Wrong,Verified Email,Email,Subscribed,Blocked Orders,Notes"),
    ],
)  # fmt: skip
def test_a_column_says_whose_address_is_dead_by_its_name(field: str | None, columns: str) -> None:
    assert {column: dead_field(column) for column in columns.split(",")} == dict.fromkeys(columns.split(","), field)


@pytest.mark.parametrize(
    ("field", "dead", "words"),
    [
        (
            "email_bounced",
            True,
            "yes,Y,TRUE,1,1.0,-1,x,3,Hard,hard bounce,Permanent,Bounced,2024-05-01,550 gone"
            ",Bounced (hard),Bounced (permanent; not temporary)",
        ),
        (
            "email_bounced",
            False,
            ",no,N,FALSE,0,0.0,none,n/a,never,Soft,soft bounce,Transient,valid,unknown,alive"
            ",Bounced (soft),bounce (Soft_Bounce),Undeliverable (mailbox full),yes (temporary)",
        ),
        ("complained", True, "yes,1,2024-05-01,spam,reported us twice"),
        ("complained", False, ",no,0,never,subscribed"),
        ("suppressed", True, "TRUE,unsubscribed,Hard Bounce,by John,yes (temporary)"),
        ("suppressed", False, "FALSE,0,active,not suppressed"),
        ("email_valid", True, "no,FALSE,0,invalid,undeliverable,bounced (hard)"),
        ("email_valid", False, ",yes,TRUE,unknown,valid,catch-all,perhaps,bounced (soft)"),
    ],
)
def test_what_cells_say_of_an_address(field: str, dead: bool, words: str) -> None:
    assert {word: is_dead(word, field) for word in words.split(",")} == dict.fromkeys(words.split(","), dead)


def test_a_column_of_complaints_about_bottles_is_none_about_mail() -> None:
    sample = [Record(2, ["a@x.example", "corked"]), Record(3, ["b@x.example", "late"])]
    assert guess_mapping(["Email", "Complaint"], "customers", None, sample) == {"email": "Email"}


@pytest.mark.parametrize(
    ("column", "cells", "field"),
    [
        ("Email Status", ("valid", "bounced"), "email_bounced"),
        ("Email Status", ("Subscribed", "Bounced"), "email_consent"),
        ("Verified Email", ("yes", "no"), None),
        ("Email Opened", ("yes", "no"), None),
    ],
)
def test_what_an_address_is_is_no_consent(column: str, cells: tuple[str, str], field: str | None) -> None:
    """`Email Bounced: yes` beside a source and a date was a consent, and its no a withdrawal."""
    sample = [Record(2 + at, [f"{at}@x.example", cell]) for at, cell in enumerate(cells)]
    found = guess_mapping(["Email", column], "customers", None, sample)
    assert found == {"email": "Email", **({field: column} if field else {})}
    with pytest.raises(Invalid, match="a yes in it is a no"):
        check_mapping({"email": "Email", "email_consent": "Bounced"}, ["Email", "Bounced"], "customers")


async def test_dead_addresses_of_a_file_are_suppressed_shown_and_counted(database: str, tmp_path: Path) -> None:
    """Before, the columns became nothing, and everybody in them was written to."""
    file = tmp_path / "people.csv"
    file.write_text(
        "Email,Phone,Email Opt In,Consent Source,Consent Date,Bounced,Spam Complaint,Suppressed,Deleted\n"
        "a@r.example,6175550131,yes,till,2025-01-05,yes,,,\n"
        "b@r.example,6175550132,yes,till,2025-01-05,no,0,FALSE,no\n"
        "c@r.example,6175550133,yes,till,2025-01-05,,2025-08-01,,\n"
        "d@r.example,6175550134,yes,till,2025-01-05,0,,TRUE,\n"
        "e@r.example,6175550135,yes,till,2025-01-05,,,,yes\n"
        "f@r.example,6175550136,yes,till,2025-01-05,perhaps,,,\n"
    )
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="customers", path=file, limit=100, watch=True)
    shown = {one.record.cells[0][0]: one for one in trial.shown}
    assert trial.noes == 4
    assert not trial.unused
    assert [shown[one].reason for one in "ac"] == [NOTES[GIVEN_UP]] * 2
    assert shown["f"].reason.startswith("“Bounced” cannot be read and is left blank: 'perhaps'.")
    changes = {one: {change.field: change.after for change in shown[one].becomes.changes} for one in "abcde"}
    assert [changes[one].get("email_suppressed") for one in "abcde"] == ["bounced", None, "complained", "manual", None]
    report = await run(file)
    assert (report.created, report.rejected) == (6, 0)
    assert report.notes == {GIVEN_UP: 3, "email_bounced_left_out": 1}
    assert "3 addresses the file no longer writes to: on the suppression list." in note_words(report.notes)
    found = await rows("SELECT address, channel, reason FROM suppressions ORDER BY address, channel")
    assert [tuple(row.values()) for row in found] == [
        ("+16175550134", "sms", "manual"), ("a@r.example", "email", "bounced"), ("c@r.example", "email", "complained"),
        ("d@r.example", "email", "manual"),
    ]  # fmt: skip
    found = await rows("SELECT email_consent, sms_consent FROM customers ORDER BY email")
    assert [tuple(row.values()) for row in found] == [
        (None, None), ("given", None), (None, None), (None, None), ("withdrawn", "withdrawn"), ("given", None),
    ]  # fmt: skip


async def test_a_constant_silences_no_bounce(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Email,Bounced\na@r.example,yes\nb@r.example,\n")
    await run(file, options={"constants": {"email_bounced": "no"}})
    assert [row["address"] for row in await rows("SELECT address FROM suppressions")] == ["a@r.example"]
    await run(file, options={"constants": {"email_bounced": "yes"}})
    assert len(await rows("SELECT address FROM suppressions")) == 2


AGREED = {
    "consent_source": "Sign-up sheet at the counter", "consent_at": "2025-03-01",
    "consent_wording": "Yes, send me  offers by e-mail. " + "I am 21 or older. " * 20,
}  # fmt: skip


async def test_what_was_agreed_to_stands_beside_each_consent_of_a_file(database: str, tmp_path: Path) -> None:
    """A consent of a file kept neither its words nor its column: who had asked for proof was shown a day."""
    file = tmp_path / "sheet.csv"
    file.write_text("Email,Opt In,Unsubscribed\na@r.example,yes,\nb@r.example,no,\nc@r.example,,yes\n")
    await run(file, options={"constants": AGREED})
    async with transaction() as session:
        people = {row["email"][0]: row["id"] for row in await rows("SELECT id, email FROM customers")}
        told = {who: (await list_consents(session, SYSTEM, one)).items for who, one in people.items()}
        (given,), (no,), (out,) = told["a"], told["b"], told["c"]
    wording = " ".join(AGREED["consent_wording"].split())
    assert (given.status, given.source, given.agreed_to) == ("given", AGREED["consent_source"], wording)
    assert (given.file, given.file_row, given.file_column) == ("sheet.csv", "2", "Opt In")
    assert given.for_all == "consent_at, consent_source, consent_wording"
    assert (no.status, no.file_column, no.agreed_to) == ("withdrawn", "Opt In", None)
    assert (out.status, out.file_column) == ("withdrawn", "Unsubscribed")
    (line,) = history_lines([given], NOW)
    assert line.detail == (
        f"1 Mar 2025, Sign-up sheet at the counter. Agreed to: “{wording}” From sheet.csv, row 2 and column “Opt In”."
        " Said of the whole file: when, where and the words."
    )
    with pytest.raises(Invalid, match="at most 2,000 characters"):
        await run(file, options={"constants": {"consent_wording": "x" * 2_001}})


async def test_a_column_of_wordings_is_kept_and_a_no_names_its_column(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "Email,Email Opt In,Consent Source,Consent Date,Consent Text\n"
        f"a@r.example,yes,web,2025-01-05,I agree\nb@r.example,yes,web,2025-01-05,{'x' * 2_001}\nc@r.example,no,,,\n"
    )
    report = await run(file)
    assert report.notes == {"consent_wording_left_out": 1}
    found = await rows(
        "SELECT e.status, e.source, e.evidence ->> 'words' AS words FROM consents e"
        " JOIN customers c ON c.id = e.customer_id ORDER BY c.email"
    )
    assert [tuple(row.values()) for row in found] == [
        ("given", "web", "I agree"), ("given", "web", None),
        ("withdrawn", "people.csv, column Email Opt In", None),
    ]  # fmt: skip

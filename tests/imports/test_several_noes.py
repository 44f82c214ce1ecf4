"""Of several columns that say no each is heard, in the words of other tools' lists, and a yes to something else is no
consent."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.imports.cleaning.answers.dead_addresses import is_dead, tells_of_life
from liquor_app.imports.cleaning.answers.heard_columns import field_of
from liquor_app.imports.cleaning.answers.remarks import choice_channels, chooses_none
from liquor_app.imports.cleaning.column_mapping import check_mapping, guess_mapping
from liquor_app.imports.dry_run import inspect_file, try_file
from liquor_app.imports.readers.row_reader import Record
from liquor_app.screens.imports.wizard.columns_view import column_lines, mapping_of, reassigned
from tests.imports.test_import import rows, run

CASES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "no after no": (
        "Do Not Contact,Opted Out,Email Opt In,Consent Source,Consent Date",
        ("Yes,No,yes,till,2024-01-05", "No,Yes,yes,till,2024-01-05", "No,No,yes,till,2024-01-05"),
        "out out in",
    ),
    "two unsubscribes": (
        "Unsubscribed,Newsletter Unsubscribed,Email Opt In,Consent Source,Consent Date",
        ("Yes,No,yes,till,2024-01-05", "No,Yes,yes,till,2024-01-05", "No,No,yes,till,2024-01-05"),
        "out out in",
    ),
    "an answer beside a day": (
        "Email Opt-Out,Unsubscribed At,Email Opt In,Consent Source,Consent Date",
        ("FALSE,2025-05-06 10:00,yes,till,2024-01-02", "TRUE,,yes,till,2024-01-02", "FALSE,,yes,till,2024-01-02"),
        "out out in",
    ),
    "two consents": (
        "Email Opt In,Newsletter,Consent Source,Consent Date",
        ("yes,0,till,2024-01-02", "no,1,till,2024-01-02", "yes,1,till,2024-01-02", ",1,till,2024-01-02"),
        "out out in -",
    ),
    "one of two that is dead": ("Bounced,Email Invalid", ("yes,no", "no,yes", "no,no"), "dead dead -"),
    "any of four": (
        "Bounced,Invalid Email,Complained,Spam Reported",
        ("no,yes,no,no", "no,no,no,yes", "yes,no,no,no", "no,no,no,no"),
        "dead dead dead -",
    ),
    "a date and its kind": ("Bounce Date,Bounce Type", ("2026-01-02,Hard", "2026-01-03,Soft", ","), "dead - -"),
    "a kind and its date": ("Bounce Type,Bounce Date", ("Hard,2026-01-02", "Soft,2026-01-03", ","), "dead - -"),
    "soft, but invalid": ("Bounce Type,Email Invalid", ("Soft,yes", "Soft,no"), "dead -"),
    "letters are no e-mail": (
        "Do Not Email,Do Not Mail,Do Not Call",
        ("Yes,No,No", "No,Yes,No", "No,No,Yes"),
        "out - -",
    ),
    "Dynamics": (
        "Do not allow Emails,Do not allow Bulk Emails,Do not allow Mails,Do not allow Faxes",
        ("Do Not Allow,Allow,Allow,Allow", "Allow,Do Not Allow,Allow,Allow", "Allow,Allow,Do Not Allow,Do Not Allow"),
        "out out -",
    ),
    "ZeroBounce": (
        "Email Status",
        ("valid", "invalid", "catch-all", "unknown", "spamtrap", "abuse", "do_not_mail", "DISPOSABLE", "?"),
        "- dead - - dead dead dead dead -",
    ),
    "listmonk": (
        "uuid,attributes,status,created_at",
        ("u,{},enabled,2024-01-01", "u,{},blocklisted,2024-01-01", "u,{},disabled,2024-01-01"),
        "- out out",
    ),
    "MailerLite": (
        "Status,Subscribed,Unsubscribed",
        (
            "active,2024-01-05,", "unsubscribed,2024-01-05,2025-01-05", "bounced,2024-01-05,", "junk,2024-01-05,",
        ),
        "- out dead out",
    ),
    "Campaign Monitor": (
        "State,Date Subscribed",
        ("Active,2024-01-05", "Unsubscribed,2024-01-05", "Bounced,2024-01-05", "Deleted,2024-01-05"),
        "- out dead out",
    ),
    "active is no consent": (
        "Status,Subscriber ID,Subscribed at,Consent Source",
        ("active,1,2024-01-05,web", "bounced,2,2024-01-05,web"),
        "- dead",
    ),
    "marketing status": ("Marketing Status", ("Opted out", "Opted in"), "out -"),
    "newsletter": ("Newsletter Subscriber", ("0", "1"), "out -"),
    "Dates of consent": (
        "Email Opt In,Consent Source",
        ("2024-05-01 10:00,web", ",web", "2024-05-01,", "no,web"),
        "in - - out",
    ),
    "BigCommerce": (
        "Receive Review/Abandoned Cart Emails?,Consent Source,Consent Date",
        ("Yes,web,2024-01-02", "No,web,2024-01-02"),
        "- -",
    ),
    "soft and hard counted": ("Bounced Emails,Hard Bounces", ("2,0", "1,1", "0,0"), "- dead -"),
    "no to letters and calls": (
        "Do Not Postal Mail,Do Not Phone,Consent Source,Consent Date",
        ("Yes,Yes,web,2024-01-02", "No,No,web,2024-01-02"),
        "- -",
    ),
    "why and why else": ("Suppression Reason,Suppressions", ("HARD_BOUNCE,[]", ",['UNSUBSCRIBE']"), "dead out"),
    "a status that is a consent": (
        "Marketing Status,Consent Source,Consent Date",
        ("Opted in,till,2024-01-02", "Opted out,till,2024-01-02"),
        "in out",
    ),
    "a status beside a consent": (
        "Status,Email Opt In,Consent Source,Consent Date",
        ("Subscribed,yes,till,2024-01-02", "Unsubscribed,yes,till,2024-01-02", ",yes,till,2024-01-02"),
        "in out in",
    ),
    "HubSpot": ("Email hard bounce reason", ("UNKNOWN_USER", "", "OTHER"), "dead - dead"),
}  # fmt: skip
"""What stands behind the address, the rows, and what becomes of each: consents, withdrawals, dead addresses."""


async def test_every_no_is_heard_and_nothing_else_is_a_yes(database: str, tmp_path: Path) -> None:
    """Before, each field had one column: whoever said no in another was written to."""
    for number, (columns, lines, _) in enumerate(CASES.values()):
        file = tmp_path / f"{number}.csv"
        file.write_text(
            "".join(f"{line}\n" for line in (
                f"Email,{columns}", *(f"{at}@n{number}.example,{line}" for at, line in enumerate(lines)),
            ))
        )  # fmt: skip
        assert (await run(file)).rejected == 0
    told = {row["email"]: {"given": "in", "withdrawn": "out", None: "-"}[row["email_consent"]] for row in await rows(
        "SELECT email, email_consent FROM customers"
    )}  # fmt: skip
    told |= {row["address"]: "dead" for row in await rows("SELECT address FROM suppressions")}
    became = {
        name: " ".join(told[f"{at}@n{number}.example"] for at in range(len(lines)))
        for number, (name, (_, lines, _)) in enumerate(CASES.items())
    }
    assert became == {name: wanted for name, (_, _, wanted) in CASES.items()}
    assert not await rows("SELECT state FROM customers WHERE state IS NOT NULL")
    (given,) = await rows(
        "SELECT s.at::text FROM consents s JOIN customers c ON c.id = s.customer_id"
        " WHERE s.status = 'given' AND s.source = 'web'"
    )
    assert given["at"].startswith("2024-05-01 14:00")


async def test_each_channel_has_its_own_noes_also_of_columns_mapped_by_hand(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "Email,Phone,Email Suppressed,SMS Suppressed,Phone Valid,Stays away,Left\n"
        "a@n.example,6175550142,yes,no,yes,,\nb@n.example,6175550143,no,yes,yes,,\nc@n.example,6175550144,no,no,no,,\n"
        "d@n.example,6175550145,no,no,yes,yes,no\ne@n.example,6175550146,no,no,yes,no,yes\n"
    )
    mapping = {
        **inspect_file(file, "customers").mapping, "email_opt_out": "Stays away", "email_opt_out.2": "Left",
    }  # fmt: skip
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="customers", path=file, mapping=mapping, limit=100)
    assert (trial.noes, trial.unused) == (5, [])
    await run(file, mapping=mapping)
    found = await rows("SELECT address, channel FROM suppressions ORDER BY address")
    assert [tuple(row.values()) for row in found] == [
        ("+16175550143", "sms"), ("+16175550144", "sms"), ("a@n.example", "email"),
    ]  # fmt: skip
    found = await rows("SELECT email FROM customers WHERE email_consent = 'withdrawn' ORDER BY email")
    assert [row["email"] for row in found] == ["d@n.example", "e@n.example"]


def test_the_wizard_shows_every_column_that_says_no(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Email,Do Not Contact,Opted Out,Deleted,Other\na@n.example,no,no,yes,x\n")
    preview = inspect_file(file, "customers")
    lines = column_lines(preview)
    assert [line.becomes for line in lines] == ["email", "opt_out", "opt_out", "opt_out", ""]
    assert mapping_of(lines) == preview.mapping
    more = reassigned(lines, "Other", "opt_out")
    assert [line.becomes for line in more] == ["email", "opt_out", "opt_out", "opt_out", "opt_out"]
    at = check_mapping(mapping_of(more), preview.columns, "customers")
    assert {field_of(name) for name in at} == {"email", "opt_out"}
    assert sorted(at.values()) == [0, 1, 2, 3, 4]
    assert [line.becomes for line in reassigned(more, "Other", "email")] == [
        "",
        "opt_out",
        "opt_out",
        "opt_out",
        "email",
    ]


@pytest.mark.parametrize(
    "cell", ["spamtrap", "spam_trap", "toxic", "DISPOSABLE", "do_not_mail", "do not email", "abuse"]
)
def test_what_checkers_of_addresses_call_dead_is_dead(cell: str) -> None:
    assert is_dead(cell, "email_bounced")
    assert tells_of_life(["valid", cell, "no idea"])


def test_a_status_of_a_till_is_none_of_a_list() -> None:
    def found(column: str, *cells: str, more: tuple[str, ...] = ()) -> dict[str, str]:
        sample = [Record(2 + at, [f"{at}@n.example", cell, *more]) for at, cell in enumerate(cells)]
        return guess_mapping(["Email", column, *more], "customers", None, sample)

    assert found("Status", "Active", "Cancelled") == {"email": "Email"}
    assert found("Newsletter", "Weekly wine", "Monthly gin") == {"email": "Email"}
    assert found("State", "ON", "MA") == {"email": "Email", "state": "State"}
    assert found("Status", "active", "active", more=("Opt-in IP",))["email_status"] == "Status"  # its noes come later
    assert found("Email Status", "Subscribed", "Unsubscribed") == {"email": "Email", "email_consent": "Email Status"}


@pytest.mark.parametrize(
    ("column", "said", "silent"),
    [
        ("Unsubscribed Lists", "Wine club", ""),
        ("Unsubscribed From", "Weekly letter; Wine club", ""),
        ("Opted Out Of Lists", "All", ""),
        ("Lists Unsubscribed From", "Promotions", ""),
        ("Email Unsubscribe Count", "1", "0"),
        ("Unsubscribe Count", "3", "0.0"),
        ("Number of Unsubscribes", "2.0", ""),
        ("Status", "Deleted", "Active"),
        ("Customer Status", "Deceased", "Active"),
        ("Status", "Eliminado", "Activo"),
    ],
)
async def test_who_left_is_heard_by_what_was_left_and_how_often(
    database: str, tmp_path: Path, column: str, said: str, silent: str
) -> None:
    head = f"Email,{column},Email Opt In,Consent Source,Consent Date"
    file = tmp_path / "people.csv"
    file.write_text(
        f"{head}\na@l.example,{said},yes,till,2026-01-05\nb@l.example,{silent},yes,till,2026-01-05\n"
        "c@l.example,,yes,till,2026-01-05\n"
    )
    await run(file)
    found = await rows("SELECT email_consent FROM customers ORDER BY email")
    assert [one["email_consent"] for one in found] == ["withdrawn", "given", "given"]


@pytest.mark.parametrize(
    "column", ["no texting while driving fan club", "No Texts While Driving", "Don't Text & Drive"]
)
@pytest.mark.parametrize("cell", ["yes", "no", "2026-01-05"])
def test_what_somebody_belongs_to_is_no_answer(column: str, cell: str) -> None:
    sample = [Record(2 + at, [f"{at}@l.example", cell]) for at in range(3)]
    assert guess_mapping(["Email", column], "customers", None, sample) == {"email": "Email"}


async def test_a_tag_about_driving_is_no_no(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "Email,Tags,SMS Opt In,Email Opt In,Consent Source,Consent Date,Phone\n"
        "a@l.example,no texting while driving fan club,yes,yes,till,2026-01-05,(617) 555-0142\n"
        "b@l.example,never text and drive,yes,yes,till,2026-01-05,(617) 555-0143\n"
        "c@l.example,no texting,yes,yes,till,2026-01-05,(617) 555-0144\n"
    )
    await run(file)
    found = await rows("SELECT sms_consent FROM customers ORDER BY email")
    assert [one["sms_consent"] for one in found] == ["given", "given", "withdrawn"]


NO_OFFERS = (
    "Unsubscribed", "Unsub", "Do not email", "No emails please", "Never", "DNC", "Opt Out - 2026-01-05",
    "Receipts only - no marketing", "Transactional only", "opted out", "only receipts", "No",
)  # fmt: skip
HEARD = {
    "Email Preference": ("withdrawn", "given"), "Email Frequency": ("withdrawn", "given"),
    "Newsletter Preferences": ("withdrawn", "given"), "Text Message Preference": ("given", "withdrawn"),
    "Marketing Preferences": ("withdrawn", "withdrawn"), "Contact Preference": ("withdrawn", "withdrawn"),
}  # fmt: skip


@pytest.mark.parametrize("column", HEARD)
async def test_who_chose_to_be_sent_nothing_is_heard(database: str, tmp_path: Path, column: str) -> None:
    """Before, such a column became nothing: whoever chose "Never" was written to."""
    head = f"Email,Phone,{column},Email Opt In,SMS Opt In,Consent Source,Consent Date"
    cells = (*NO_OFFERS, "Weekly", "", "Monthly digest", "Special offers and receipts")
    file = tmp_path / "people.csv"
    file.write_text(
        f"{head}\n"
        + "".join(
            f"{at:02}@l.example,(617) 555-01{at:02},{cell},yes,yes,till,2025-01-05\n" for at, cell in enumerate(cells)
        )
    )
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="customers", path=file, limit=100)
    assert trial.noes == len(NO_OFFERS)
    await run(file)
    found = await rows("SELECT email_consent, sms_consent FROM customers ORDER BY email")
    said = [tuple(row.values()) for row in found]
    assert said == [HEARD[column]] * len(NO_OFFERS) + [("given", "given")] * (len(cells) - len(NO_OFFERS))


OF_OFFERS = ("Marketing Allowed", "Allow Marketing", "Receives Marketing", "Send Offers", "Promotions", "Marketing OK")


@pytest.mark.parametrize("column", OF_OFFERS)
async def test_a_no_to_offers_is_heard_and_a_yes_needs_its_evidence(database: str, tmp_path: Path, column: str) -> None:
    for name, head, tail in (("bare", "", ""), ("proved", ",Consent Source,Consent Date", ",till,2025-01-05")):
        file = tmp_path / f"{name}.csv"
        file.write_text(f"Email,{column}{head}\na_{name}@l.example,No{tail}\nb_{name}@l.example,Yes{tail}\n")
        await run(file)
    found = await rows("SELECT email_consent FROM customers ORDER BY email")
    assert [row["email_consent"] for row in found] == ["withdrawn", "withdrawn", None, "given"]


def test_how_many_offers_there_were_is_no_answer() -> None:
    sample = [Record(2 + at, [f"{at}@n.example", cell]) for at, cell in enumerate(("0", "1", "0", "1"))]
    assert guess_mapping(["Email", "Offers"], "customers", None, sample) == {"email": "Email"}


@pytest.mark.parametrize("column", [*OF_OFFERS, "Accepts Marketing", "Email Marketing Consent", "Stop Emails"])
async def test_a_no_beside_a_known_tools_own_columns_is_heard(database: str, tmp_path: Path, column: str) -> None:
    """Of a known tool's file the columns it does not write itself were asked for refusals alone."""
    file = tmp_path / "square.csv"
    no, yes = ("yes", "no") if column == "Stop Emails" else ("no", "yes")
    file.write_text(
        "Square Customer ID,First Name,Email Address,Email Subscription Status,"
        f"{column},Consent Source,Consent Date\nS1,A,a@l.example,,{no},till,2025-01-05\n"
        f"S2,B,b@l.example,,{yes},till,2025-01-05\n"
    )
    await run(file)
    found = await rows("SELECT email_consent FROM customers ORDER BY email")
    assert [row["email_consent"] for row in found] == ["withdrawn", None]


@pytest.mark.parametrize(
    ("none", "cells"),
    [
        (True, "OFF,No thanks,Account updates only,stop,N,Order updates only please,Don't contact,Never contact me"),
        (False, "Weekly,Stop by store,Never mind which,Both,Wine only,Email,Text,Yes,Offers"),
    ],
)
def test_who_chose_nothing_and_who_chose_something(none: bool, cells: str) -> None:
    assert {cell: chooses_none(cell) for cell in cells.split(",")} == dict.fromkeys(cells.split(","), none)


@pytest.mark.parametrize(
    "column", ["Payment Preference", "Wine Preferences", "Contact Method", "Email", "Order Options"]
)
def test_what_else_people_choose_is_no_choice_of_offers(column: str) -> None:
    assert choice_channels(column) == ()


@pytest.mark.integration
@pytest.mark.parametrize("said", ["Blocked", "Banned", "blocked"])
async def test_who_is_blocked_agreed_to_no_text_either(database: str, tmp_path: Path, said: str) -> None:
    """A status that names no channel is the customer's: beside it a dated yes to texts was one."""
    agreed = "Yes,2026-01-01,till"
    file = tmp_path / "people.csv"
    file.write_text(
        "id,name,email,phone,SMS Opt In,SMS Opt In Date,SMS Opt In Source,Status\n"
        f"1,A,a@x.example,512-347-0411,{agreed},{said}\n2,B,b@x.example,512-347-0412,{agreed},Active\n"
    )
    await run(file)
    found = await rows("SELECT sms_consent FROM customers ORDER BY external_id")
    assert [row["sms_consent"] for row in found] == ["withdrawn", "given"]

"""Noes in codes ("Email Opt: Out", "List Status: U"), and lists of who is written to no more, each with why."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.readers.row_reader import Record
from tests.imports.test_import import rows, run
from tests.imports.test_import_cases import write
from tests.imports.test_unheard_columns import tried

AGREED = "email,phone,email consent,sms consent,consent source,consent date"


async def _agreed(tmp_path: Path, *people: str) -> None:
    lines = (f"{one}@n.example,617555014{nth},yes,yes,Till,2026-01-05" for nth, one in enumerate(people, 1))
    await run(write(tmp_path / "agreed.csv", AGREED, *lines))


async def _consents() -> dict[str, tuple[str | None, str | None]]:
    found = await rows("SELECT email, email_consent, sms_consent FROM customers ORDER BY email")
    return {one["email"][0]: (one["email_consent"], one["sms_consent"]) for one in found}


YES = ("given", "given")
NO_EMAIL, NO_SMS, NEITHER = ("withdrawn", "given"), ("given", "withdrawn"), ("withdrawn", "withdrawn")


@pytest.mark.parametrize(
    ("column", "no", "other", "wanted"),
    [
        ("Email Opt", "Out", "In", NO_EMAIL), ("Email Opt", "O", "I", NO_EMAIL), ("SMS Opt", "Out", "In", NO_SMS),
        ("Email Opt", "N", "Y", NO_EMAIL), ("Opt", "Out", "In", NEITHER), ("Opt In/Out", "O", "I", NEITHER),
        ("Opt-In / Opt-Out", "Out", "In", NEITHER), ("Email Opt In", "Out", "In", NO_EMAIL),
        ("Text Opt Status", "OUT", "IN", NO_SMS), ("Email Opt Out", "Out", "", NO_EMAIL),
        ("List Status", "U", "S", NO_EMAIL), ("List Status", "U", "A", NO_EMAIL), ("Subscription", "U", "S", NO_EMAIL),
        ("Status", "U", "S", NO_EMAIL), ("SMS List Status", "U", "S", NO_SMS),
        ("Mailing List Status", "O", "S", NO_EMAIL),
        ("List Status", "Unsubscribed", "Subscribed", NEITHER), ("Email Preference", "Out", "Weekly", NO_EMAIL),
    ],
)  # fmt: skip
async def test_a_no_in_codes_is_heard(
    database: str, tmp_path: Path, column: str, no: str, other: str, wanted: tuple[str, str]
) -> None:
    """Before, a column of such codes became nothing, in silence."""
    await _agreed(tmp_path, "a", "b")
    await run(write(tmp_path / "list.csv", f"email,{column}", f"a@n.example,{no}", f"b@n.example,{other}"))
    assert await _consents() == {"a": wanted, "b": YES}


async def test_a_yes_in_codes_needs_its_evidence(database: str, tmp_path: Path) -> None:
    head = "email,Email Opt,consent source,consent date"
    file = write(tmp_path / "l.csv", head, "a@n.example,In,Till,2026-01-05", "b@n.example,In,,", "c@n.example,Out,,")
    report = await run(file)
    assert report.notes == {"consent_without_evidence": 1}
    assert {who: said for who, (said, _) in (await _consents()).items()} == {"a": "given", "b": None, "c": "withdrawn"}


async def test_letters_of_a_list(database: str, tmp_path: Path) -> None:
    """C beside S and U is cleaned, as with Mailchimp; B bounced, P pending; X is nothing anybody told us."""
    await _agreed(tmp_path, *"abcdefg")
    said = zip("abcdefg", "SUCBPNX", strict=True)
    report = await run(
        write(tmp_path / "list.csv", "email,List Status", *(f"{who}@n.example,{is_}" for who, is_ in said))
    )
    assert {who for who, (email, _) in (await _consents()).items() if email == "withdrawn"} == {"b", "f"}
    found = await rows("SELECT address, reason FROM suppressions ORDER BY address")
    assert [tuple(one.values()) for one in found] == [("c@n.example", "bounced"), ("d@n.example", "bounced")]
    assert report.notes == {"address_given_up": 2, "email_status_left_out": 1}


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("List Status", ["C", "A"]),  # cleaned, or confirmed
        ("Email Consent", ["Y", "U"]),  # unknown, as anywhere beside Y and N
        ("List Status", ["X", "S"]),
    ],
)
async def test_a_code_nobody_knows_is_told_and_is_no_consent(
    database: str, tmp_path: Path, column: str, cells: list[str]
) -> None:
    head = f"email,{column},consent source,consent date"
    lines = (f"{who}@n.example,{cell},Till,2026-01-05" for who, cell in zip("ab", cells, strict=True))
    path = write(tmp_path / "list.csv", head, *lines)
    trial, report = await tried(path), await run(path)
    strange = "C" if "C" in cells else "X" if "X" in cells else "U"
    assert any(note.endswith("_left_out") for note in report.notes) or column in trial.unheard
    who = "ab"[cells.index(strange)]
    assert (await _consents())[who] == (None, None)
    assert not await rows("SELECT 1 FROM suppressions")


@pytest.mark.parametrize(
    ("column", "cells"), [("Member Status", "AU"), ("Status", "UU"), ("Opt", "YN"), ("Marketing Opt", "YN")]
)
async def test_codes_that_may_be_a_no_are_pointed_out(database: str, tmp_path: Path, column: str, cells: str) -> None:
    lines = (f"{who}@n.example,{cell}" for who, cell in zip("ab", cells, strict=True))
    assert (await tried(write(tmp_path / "list.csv", f"email,{column}", *lines))).unheard == (column,)


@pytest.mark.parametrize(
    ("column", "cells"),
    [("Size", ["S", "U"]), ("Option", ["Out", "In"]), ("Stock", ["In", "Out"]), ("Store Status", ["In", "Out"]),
     ("Optometrist", ["In", "Out"])],
)  # fmt: skip
def test_codes_of_something_else(column: str, cells: list[str]) -> None:
    sample = [Record(2 + nth, [f"{nth}@n.example", cell]) for nth, cell in enumerate(cells)]
    assert guess_mapping(["email", column], "customers", None, sample) == {"email": "email"}


async def _heard(tmp_path: Path, head: str, *lines: str, name: str = "list.csv") -> dict[str, str]:
    report = await run(write(tmp_path / name, head, *lines))
    assert report.rejected == 0
    left = await rows("SELECT email, phone FROM customers WHERE 'withdrawn' IN (email_consent, sms_consent)")
    found = {str(one["email"] or one["phone"])[:1]: "left" for one in left}
    found |= {one["address"][:1]: one["reason"] for one in await rows("SELECT address, reason FROM suppressions")}
    return found


HEADS = [
    "email,reason,created", "Address,Reason,Created At", "email,type,timestamp", "Email,Event,Date",
    "recipient,source,created",
    "EmailAddress,SuppressionReason,CreatedAt", "email,suppression type,date added",
    "email,status,when", "email,list,created",
    "Email Address,Category,Date Added", "email,why,created",
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
async def test_a_list_of_suppressions_keeps_each_reason(database: str, tmp_path: Path, head: str) -> None:
    """Before, the addresses came as customers nobody knew a no of."""
    await _agreed(tmp_path, *"abc")
    said = {
        "a": "Hard bounce",
        "b": "Unsubscribed",
        "c": "Spam complaint",
        "d": "Manual",
        "e": "bounce",
        "f": "unsubscribe",
    }
    heard = await _heard(tmp_path, head, *(f"{who}@n.example,{why},2026-02-05" for who, why in said.items()))
    assert heard == {"a": "bounced", "b": "left", "c": "complained", "d": "manual", "e": "bounced", "f": "left"}


async def test_what_a_server_answered(database: str, tmp_path: Path) -> None:
    """A full mailbox passes; what is refused for who sends it is no dead address, and is written to no more all the
    same, for it is on the list."""
    lines = ("a@n.example,550 5.1.1 user unknown,1", "b@n.example,452 4.2.2 mailbox full,2", "c@n.example,550,3",
             "d@n.example,550 5.7.1 rejected as spam,4", "e@n.example,no such mailbox,5")  # fmt: skip
    heard = await _heard(tmp_path, "email,reason,created", *(one[:-1] + "2026-02-05" for one in lines))
    assert heard == {"a": "bounced", "c": "bounced", "d": "manual", "e": "bounced"}


async def test_a_reason_nobody_knows_is_the_lists_own_no_and_told(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "l.csv", "email,reason,created", "a@n.example,bounce,2026-02-05",
                 "b@n.example,Zwolle,2026-02-05", "c@n.example,complaint,2026-02-05")  # fmt: skip
    report = await run(file)
    assert report.notes == {"address_given_up": 3, "reason_unknown": 1}
    found = await rows("SELECT address, reason FROM suppressions ORDER BY address")
    assert [one["reason"] for one in found] == ["bounced", "manual", "complained"]


async def test_who_left_did_on_the_day_the_list_says(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "list.csv", "email,reason,created", "a@n.example,unsubscribe,2026-02-05 10:00"))
    found = await rows("SELECT CAST(at AS date)::text AS day, status FROM consents")
    assert [tuple(one.values()) for one in found] == [("2026-02-05", "withdrawn")]


async def test_a_list_of_numbers_is_about_texts(database: str, tmp_path: Path) -> None:
    said = ("6175550141,STOP", "6175550142,landline", "6175550143,opt-out")
    await run(write(tmp_path / "l.csv", "phone,reason,created", *(f"{one},2026-02-05" for one in said)))
    found = [one["sms_consent"] for one in await rows("SELECT sms_consent FROM customers ORDER BY phone")]
    assert found == ["withdrawn", None, "withdrawn"]
    found = await rows("SELECT channel, address, reason FROM suppressions")
    assert [tuple(one.values()) for one in found] == [("sms", "+16175550142", "manual")]


@pytest.mark.parametrize(
    ("name", "wanted"), [("bounces.csv", "bounced"), ("complaints.csv", "complained"), ("unsubscribes.csv", "left")]
)
async def test_mailguns_lists_are_told_by_their_names(database: str, tmp_path: Path, name: str, wanted: str) -> None:
    assert await _heard(tmp_path, "address,created_at", "a@n.example,2026-02-05", name=name) == {"a": wanted}


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("email,name,city,Ticket Reason,created", "Ann,Boston,complaint,2026-02-05"),
        ("email,reason,created", "birthday,2026-02-05"),
        ("email,source,created", "Till,2026-02-05"),
        ("email,event,created", "delivered,2026-02-05"),
    ],
)
async def test_what_else_has_reasons_is_no_list_of_suppressions(
    database: str, tmp_path: Path, head: str, cells: str
) -> None:
    assert await _heard(tmp_path, head, f"a@n.example,{cells}", f"b@n.example,{cells}") == {}

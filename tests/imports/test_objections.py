"""Who objects in a file is profiled no more: recorded with where it stands, under every policy, and lifted by none."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.customers.objections import record_objection
from liquor_app.imports.cleaning.answers.refusals import refusal_field
from liquor_app.imports.cleaning.column_mapping import check_mapping
from liquor_app.imports.dry_run import try_file
from liquor_app.imports.merge_rows import Policy
from liquor_app.imports.undo.undo_locally import undo_locally
from tests.imports.test_import import rows, run

OBJECTING = "SELECT email FROM customers WHERE profiling_objected_at IS NOT NULL ORDER BY email"
NOTED = "SELECT changes, fields FROM audit_log WHERE action = 'customer.objection'"


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Do Not Profile", "profiling_opt_out"),
        ("DoNotProfile", "profiling_opt_out"),
        ("No Profiling", "profiling_opt_out"),
        ("Opted Out of Profiling", "profiling_opt_out"),
        ("Profiling Opt-Out", "profiling_opt_out"),
        ("Objects to profiling", "profiling_opt_out"),
        ("Profiling objection", "profiling_opt_out"),
        ("Do not use for profiling", "profiling_opt_out"),
        ("Widerspruch gegen Profiling", "profiling_opt_out"),
        ("Opposition au profilage", "profiling_opt_out"),
        ("GDPR Objection", "objection"),
        ("Objection", "objection"),
        ("Objected At", "objection"),
        ("Objected to marketing", "objection"),
        ("Marketing objection", "objection"),
        ("Objection to direct marketing", "objection"),
        ("Right to object", "objection"),
        ("GDPR Art. 21", "objection"),
        ("Opted out of marketing", "opt_out"),
        ("Profile", None),
        ("Profile No", None),
        ("Profile Not Complete", None),
        ("Profile Objective", None),
        ("Objective", None),
        ("Objection reason", None),
        ("Sales Objections", None),
        ("Do not show profile picture", "opt_out"),
    ],
)
def test_a_column_of_objections_is_known_by_its_name(column: str, field: str | None) -> None:
    """What only looks like one is none; "do not" of anything else is heard as a no, as ever."""
    assert refusal_field(column) == field


async def test_who_objects_in_a_file_is_profiled_no_more(database: str, tmp_path: Path) -> None:
    first = tmp_path / "people.csv"
    first.write_text(
        "Email,Do Not Profile,Email Opt In,Consent Source,Consent Date\n"
        "a@o.example,yes,yes,till,2024-01-05\nb@o.example,no,yes,till,2024-01-05\nc@o.example,,yes,till,2024-01-05\n"
        "d@o.example,2025-03-04,yes,till,2024-01-05\n"
    )
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="customers", path=first, limit=100)
    assert (trial.noes, trial.unused) == (2, [])
    assert await rows(OBJECTING) == [], "a trial changes nothing"
    assert (await run(first)).created == 4
    assert [one["email"] for one in await rows(OBJECTING)] == ["a@o.example", "d@o.example"]
    given = await rows("SELECT email_consent FROM customers")
    assert {one["email_consent"] for one in given} == {"given"}, "they may still be written to"
    told = sorted(
        (one["changes"]["row"], one["changes"]["column"], one["changes"]["import"]) for one in await rows(NOTED)
    )
    assert told == [(2, "Do Not Profile", "people.csv"), (5, "Do Not Profile", "people.csv")]
    assert all(one["fields"] == ["objects"] for one in await rows(NOTED))
    touched = await rows(
        "SELECT 1 FROM touched_customers t JOIN customers c ON c.id = t.customer_id WHERE email LIKE 'a@%'"
    )
    assert len(touched) == 1


@pytest.mark.parametrize("policy", Policy)
async def test_a_file_sets_an_objection_under_every_policy_and_lifts_none(
    database: str, tmp_path: Path, policy: Policy
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Email,Name\na@o.example,Ada\nb@o.example,Bob\n")
    await run(file)
    (bob,) = await rows("SELECT id FROM customers WHERE email = 'b@o.example'")
    async with transaction() as session:
        since = await record_objection(session, SYSTEM, bob["id"], objects=True)
    file.write_text("Email,Name,Profiling Opt-Out\na@o.example,Ada,yes\nb@o.example,Bob,no\n")
    report = await run(file, policy=policy)
    assert (report.updated, report.unchanged) == (1, 1)
    found = await rows("SELECT email, profiling_objected_at AS at FROM customers ORDER BY email")
    assert found[0]["at"] is not None
    assert found[1]["at"] == since
    ada = found[0]["at"]
    file.write_text("Email,Name,Profiling Opt-Out\na@o.example,Ada,yes\nb@o.example,Bob,yes\n")
    assert (await run(file, policy=policy)).unchanged == 2, "said again it changes nothing"
    assert [one["at"] for one in await rows("SELECT profiling_objected_at AS at FROM customers ORDER BY email")] == [
        ada, since,
    ]  # fmt: skip
    assert len(await rows(NOTED)) == 2


async def test_an_import_that_is_undone_lifts_no_objection(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Email,Name\na@o.example,Ada\n")
    await run(file)
    file.write_text("Email,Name,Do Not Profile\na@o.example,Ada Lovelace,yes\n")
    await run(file, policy=Policy.OVERWRITE)
    (last,) = await rows("SELECT id FROM imports ORDER BY id DESC LIMIT 1")
    await undo_locally(SYSTEM, last["id"])
    found = await rows("SELECT name, profiling_objected_at IS NOT NULL AS objects FROM customers")
    assert [tuple(one.values()) for one in found] == [("Ada", True)]


async def test_who_objects_without_saying_to_what_gets_no_marketing_either(database: str, tmp_path: Path) -> None:
    """Article 21 (2): marketing is what profiling is for. Before, nothing in such a column was heard."""
    file = tmp_path / "people.csv"
    file.write_text(
        "Email,GDPR Objection,Email Opt In,Consent Source,Consent Date\n"
        "a@o.example,yes,yes,till,2024-01-05\nb@o.example,no,yes,till,2024-01-05\n"
    )
    await run(file, mapping={
        "email": "Email", "email_consent": "Email Opt In", "consent_source": "Consent Source",
        "consent_at": "Consent Date", "tags": "GDPR Objection",
    })  # fmt: skip
    assert [one["email"] for one in await rows(OBJECTING)] == ["a@o.example"], "no mapping silences it"
    found = await rows("SELECT email_consent, sms_consent FROM customers ORDER BY email")
    assert [tuple(one.values()) for one in found] == [("withdrawn", "withdrawn"), ("given", None)]


def test_an_objection_is_mapped_to_no_consent() -> None:
    with pytest.raises(Invalid, match="Map profiling_opt_out to it"):
        check_mapping({"email": "Email", "email_consent": "Do Not Profile"}, ["Email", "Do Not Profile"], "customers")

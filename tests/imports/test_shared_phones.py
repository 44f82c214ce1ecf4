"""Families share a telephone: whoever a row calls otherwise is somebody else, and a no to texts is everybody's."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.customers.person_names import may_be_one_person
from tests.imports.test_import import rows, run
from tests.imports.test_import_cases import write

PEOPLE = "SELECT name, first_name, phone, email, of_age_on, sms_consent FROM customers ORDER BY name"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ann Lee", "ann lee", True),
        ("Ann Lee", "Ann M. Lee", True),
        ("A. Lee", "Ann Lee", True),
        ("Rob Lee", "Robert Lee", True),
        ("Lee", "Ann Lee", True),
        ("Lee, Ann", "Ann Lee", True),
        (None, "Ann Lee", True),
        ("", "Ann Lee", True),
        ("Ann Lee", "Bob Lee", False),
        ("Julie Valdez", "Cleo", False),
        ("Al Lee", "Alice Lee", False),
    ],
)
def test_who_may_be_called_so(one: str | None, other: str, same: bool) -> None:
    assert may_be_one_person(one, other) is may_be_one_person(other, one) is same


@pytest.mark.parametrize("policy", ["fill", "overwrite", "keep"])
async def test_another_name_at_a_known_telephone_is_somebody_else(database: str, tmp_path: Path, policy: str) -> None:
    """Before, Cleo was nowhere: Julie was called Cleo, with Cleo's birthday."""
    await run(write(tmp_path / "a.csv", "email,name,phone", "julie@sp.example,Julie Valdez,206-555-0103"))
    file = write(tmp_path / "b.csv", "first name,phone,dob", "Cleo,206-555-0103,1980-02-03", "Julie,206-555-0103,")
    report = await run(file, policy=policy)
    assert (report.created, report.updated + report.unchanged, report.rejected) == (1, 1, 0)
    cleo, julie = await rows(PEOPLE)
    assert (cleo["name"], cleo["first_name"], cleo["phone"]) == ("Cleo", "Cleo", "+12065550103")
    assert (julie["email"], julie["of_age_on"]) == ("julie@sp.example", None)
    again = await run(file, policy=policy)
    assert (again.created, len(await rows(PEOPLE))) == (0, 2), "the same file again finds the same people"


async def test_nobody_known_by_a_telephone_alone_is_taken_for_another(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "a.csv", "name,phone", "Ann Lee,206-555-0104", "Bob Ray,206-555-0104"))
    report = await run(write(tmp_path / "b.csv", "email,name,phone", "bob@sp.example,Bob Ray,206-555-0104"))
    assert (report.created, report.updated) == (0, 1)
    assert [(one["name"], one["email"]) for one in await rows(PEOPLE)] == [
        ("Ann Lee", None), ("Bob Ray", "bob@sp.example"),
    ]  # fmt: skip


async def test_a_given_name_is_filled_where_it_is_one_of_the_name_that_stays(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "a.csv", "email,name", "ann@sp.example,Ann Lee", "bo@sp.example,Bo Ray"))
    file = write(tmp_path / "b.csv", "email,first name", "ann@sp.example,Ann", "bo@sp.example,Cleo")
    await run(file)
    assert [(one["name"], one["first_name"]) for one in await rows(PEOPLE)] == [("Ann Lee", "Ann"), ("Bo Ray", None)]


async def test_a_no_to_texts_is_of_everybody_who_holds_the_number(database: str, tmp_path: Path) -> None:
    head = "email,name,phone,sms consent,consent source,consent date"
    await run(write(tmp_path / "a.csv", head, "ann@sp.example,Ann Lee,206-555-0105,yes,till,2026-01-05"))
    report = await run(write(tmp_path / "b.csv", "name,phone,sms consent", "Bob Ray,206-555-0105,no"))
    assert report.created == 1
    assert {one["sms_consent"] for one in await rows(PEOPLE)} == {"withdrawn"}

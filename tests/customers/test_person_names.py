"""What somebody is called, in letters and on file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from liquor_app.customers.editing.change_customer import _clean
from liquor_app.customers.person_names import NO_GIVEN, called, called_by, clean_person_name
from liquor_app.templates.rendering.variables import OfferFacts, Recipient, personal_values
from tests.imports.test_import import rows, run


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Dr. Jane Smith", "Jane"), ("Mr John Smith", "John"), ("MARGUERITE OKAFOR", "Marguerite"),
        ("marguerite okafor", "Marguerite"), ("Okafor, Marguerite", "Marguerite"), ("N/A", None), ("NULL", None),
        ("Nan", "Nan"), ("Null", "Null"), ("nan", None), ("NaN", None), ("null", None), ("Nan Nan", None),
        ("unknown unknown", None), ("jane.doe@example.com", None), ("John Smith, Jr.", "John"), ("Walk-in", None),
        ("O'NEIL, MARY-ANN", "Mary-Ann"), ("McKenna Grace", "McKenna"), ("Mrs. Dr. Ada Byron", "Ada"),
        ("J. Okafor", None), ("12345", None), ("-", None), ("Guest Customer", None), ("JOSÉ GARCÍA", "José"),
        ("Mr", None), ("Ms. O'Brien", None),
        ("Mr. Smith", None), ("Mrs Okafor", None), ("Mr.Smith", None), ("Smith Jr.", None), ("Smith, Jr.", None),
        ("Mr. & Mrs. Smith", None), ("Mr and Mrs John Smith", "John"), ("Sra. María López", "María"),
        ("Sr. Juan López", "Juan"), ("Señora Ana Ruiz", "Ana"), ("Smith, Jr., John", "John"),
        ("Smith, John, Jr.", "John"),
        ("Dr.Jane Smith", "Jane"), ("Smith, Dr. Jane", "Jane"), ("John Smith, MD, PhD", "John"),
        ("SMITH, JOHN JR", "John"),
        ("Test Customer", None), ("Unknown Customer", None), ("Online Customer", None), ("Valued Customer", None),
        ("Guest User", None), ("Loyalty Member", None), ("Customer #1234", None), ("customer-17", None),
        ("DO NOT CONTACT", None), ("Don't mail", None), ("House Account", None), ("Cash Sale", None),
        ("WALK-IN", None), ("Not Provided", None), ("Acme Liquors, LLC", None), ("Edgar Guest", "Edgar"),
        ("Johnny Cash", "Johnny"), ("Cash", "Cash"), ("Don T. Smith", "Don"), ("Jay House", "Jay"),
        ("Marguerite", "Marguerite"),
    ],
)  # fmt: skip
def test_case_20_the_first_name_is_what_they_are_called(name: str, first: str | None) -> None:
    """Before: "Dear Dr", "Dear N/A", "Dear jane.doe@example.com"."""
    assert called(name) == first


def test_case_20_a_given_name_told_apart_stays_whole() -> None:
    assert called_by("Mary Ann", "Mary Ann Smith") == "Mary Ann"
    assert called_by("MARY ANN", "MARY ANN SMITH") == "Mary Ann"
    for nothing in (None, "", "N/A", "J.", "Dr."):
        assert called_by(nothing, "Jane Smith") == "Jane"
    for last_alone in ("Smith", "de la Cruz"):
        assert called_by(NO_GIVEN, last_alone) is None
    assert called_by("Loyalty", "Loyalty Member") is None
    assert clean_person_name("O&#39;Brien, Pat") == "O'Brien, Pat"


def test_a_name_stays_on_its_line() -> None:
    """The attack: a name that ends a header, or steers the terminal of whoever reads a log."""
    for between in ("\r\n", "\t", "\v", "\x1b", "&#13;&#10;", "\x7f", "\x85", "\u2028", " \x1b "):
        for last in ("Doe", "Núñez"):
            assert clean_person_name(f"Jane{between}{last}") == f"Jane {last}", ascii(between)
            written = _clean({"name": f"Jane{between}{last}\n", "city": "Portland\x1b"}, date(2026, 1, 1))
            if "&" not in between:
                assert (written["name"], written["city"]) == (f"Jane {last}", "Portland"), ascii(between)


@pytest.mark.integration
async def test_case_20_by_import_and_in_a_letter(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        'id,first name,last name,name\n1,Mary Ann,Smith,\n2,Pat,,"O&#39;Brien, Pat"\n3,unknown,unknown,\n4,,,N/A\n'
        "5,JANE,DOE,\n6,,Smith,\n7,N/A,de la Cruz,\n8,DR,Smith,\n9,Loyalty,Member,\n"
    )
    report = await run(file)
    assert (report.created, report.rejected) == (9, 0)
    people = {row["external_id"]: row for row in await rows("SELECT * FROM customers")}
    assert [people[one]["name"] for one in "12345"] == ["Mary Ann Smith", "Pat O'Brien", None, None, "JANE DOE"]

    def greeted(one: str) -> str | None:
        person = Recipient(people[one]["name"], None, None, {}, people[one]["first_name"])
        return personal_values(person, OfferFacts("x", None, {})).get("customer.first_name")

    assert [greeted(one) for one in "12345"] == ["Mary Ann", "Pat", None, None, "Jane"]
    assert [people[one]["name"] for one in "6789"] == ["Smith", "de la Cruz", "DR Smith", None]
    assert [greeted(one) for one in "6789"] == [None, None, None, None], "nobody is greeted by a last name alone"
    assert (await run(file)).unchanged == 9
    file.write_text("id,first name,last name,name\n6,Ann,Smith,\n2,,Pat,\n")
    assert (await run(file)).updated == 1
    people = {row["external_id"]: row for row in await rows("SELECT * FROM customers")}
    assert [greeted(one) for one in "62"] == ["Ann", "Pat"]

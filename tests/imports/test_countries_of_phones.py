"""Whose address names no country is not taken to live in the United States where their telephone is of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.customers.addresses import country_of_phone, country_of_somebody_new
from liquor_app.customers.editing.change_customer import create_customer
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.test_import_cases import many, run, write

LONDON, BOSTON, TORONTO, BERLIN = "+447400123456", "+16175550142", "+14162345678", "+4930123456"


@pytest.mark.parametrize(
    ("phone", "country"),
    [
        (LONDON, "GB"), (BOSTON, None), (TORONTO, "CA"), ("+14165550142", "CA"), (BERLIN, "DE"), ("+17872345678", None),
        ("+18002345678", None), ("+80012345678", None), ("+18762345678", "JM"), ("+999123", None), ("12", None),
    ],
)  # fmt: skip
def test_the_country_of_a_phone(phone: str, country: str | None) -> None:
    assert country_of_phone(phone) == country


@pytest.mark.parametrize(
    ("values", "country"),
    [
        ({"phone": LONDON}, "GB"), ({"phone": LONDON, "state": "MA"}, None), ({"phone": LONDON, "country": "US"}, None),
        ({"phone": LONDON, "postal_code": "02139"}, None), ({"phone": LONDON, "postal_code": "SW1A 1AA"}, "GB"),
        ({"phone": BERLIN, "postal_code": "10115"}, "DE"), ({"phone": TORONTO, "state": "ON"}, "CA"),
        ({"phone": BOSTON}, None), ({}, None), ({"phone": LONDON, "state": "AE"}, None),
    ],
)  # fmt: skip
def test_an_address_that_says_where_it_is_says_more(values: dict[str, str], country: str | None) -> None:
    assert country_of_somebody_new(values) == country


@pytest.mark.integration
async def test_whoever_is_new_is_where_their_phone_is(database: str, tmp_path: Path) -> None:
    """Before, all of them lived in the United States. Who is known stays where they are."""
    await run(write(tmp_path / "known.csv", "Email,State", "dee@x.example,MA"))
    path = write(
        tmp_path / "people.csv", "Email,Phone,State",
        f"ann@x.example,{LONDON},", f"bo@x.example,{BOSTON},", f"cy@x.example,{TORONTO},ON", f"dee@x.example,{LONDON},",
        f"eve@x.example,{LONDON},ME", ",+44 7400 123457,",
    )  # fmt: skip
    report = await run(path)
    assert report.notes.get("country_of_phone") == 4
    found = {row.email: row.country for row in await many("SELECT email, country FROM customers")}
    assert found == {
        "ann@x.example": "GB", "bo@x.example": "US", "cy@x.example": "CA", "dee@x.example": "US",
        "eve@x.example": "US", None: "GB",
    }  # fmt: skip
    assert "4 rows tell no country, and their phones are of another than the United States" in note_words(report.notes)
    again = await run(path)
    assert again.unchanged == again.rows


@pytest.mark.integration
async def test_so_is_a_buyer_nobody_knew_and_whoever_is_typed(database: str, tmp_path: Path) -> None:
    path = write(tmp_path / "sales.csv", "Receipt,Date,Phone,Total", f"1,2026-10-01,{LONDON},10.00")
    await run(path, "purchases", options={"unknown_customers": "create"})
    assert [row.country for row in await many("SELECT country FROM customers")] == ["GB"]
    async with transaction() as session:
        typed = await create_customer(session, SYSTEM, {"phone": TORONTO})
        told = await create_customer(session, SYSTEM, {"phone": BERLIN, "country": "US"})
    assert (typed.country, told.country) == ("CA", "US")

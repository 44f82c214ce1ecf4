"""A yes that is dated in the future is no evidence: it gives no consent, and the row is warned of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write

pytestmark = pytest.mark.integration

SAID = {"consent_source": "till", "consent_at": "2026-01-05"}


@pytest.mark.parametrize(
    ("head", "row", "options"),
    [
        ("email,email consent,consent source,consent at", "yes,till,2099-01-01", {}),
        ("email,email consent,consent source,consent at", "yes,till,2099-01-01 10:00", {}),
        ("email,email consent,consent source,consent at", "yes,till,01/01/2099", {}),
        ("email,email consent,consent source,email consent at", "yes,till,2099-01-01", {}),
        ("email,email consent,consent source", "2099-01-01,till", {}),
        ("email,email consent,consent source,consent at", "yes,till,2099-01-01", {"constants": SAID}),
        ("email,email consent,consent at", "yes,2099-01-01", {"constants": SAID}),
        ("email,email consent,email consent at", "yes,2099-01-01", {"constants": SAID}),
        ("email,email consent", "2099-01-01", {"constants": SAID}),
    ],
)
async def test_a_yes_of_the_future(
    database: str, tmp_path: Path, head: str, row: str, options: dict[str, object]
) -> None:
    report = await run(write(tmp_path / "people.csv", head, f"a@x.example,{row}"), options=options)
    assert [one.email_consent for one in await many("SELECT email_consent FROM customers")] == [None]
    assert report.notes == {"consent_in_the_future": 1}


async def test_what_is_said_of_all_counts_where_the_row_says_nothing(database: str, tmp_path: Path) -> None:
    rows = ("a@x.example,yes,", "b@x.example,yes,2025-03-04")
    await run(write(tmp_path / "people.csv", "email,email consent,consent at", *rows), options={"constants": SAID})
    found = await many(
        "SELECT c.email, g.at::date AS day FROM consents g JOIN customers c ON c.id = g.customer_id ORDER BY 1"
    )
    assert [(one.email, str(one.day)) for one in found] == [
        ("a@x.example", "2026-01-05"),
        ("b@x.example", "2025-03-04"),
    ]

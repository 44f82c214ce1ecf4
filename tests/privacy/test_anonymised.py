"""A copy of the base for analysis: figures as they are, and nothing that leads back to anybody."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden
from liquor_app.privacy.anonymised import AnonymisedCopy, age_band, write_anonymised
from tests.people import add_user
from tests.privacy.planted import MARKERS, execute, plant, scalar


async def copied(folder: Path) -> AnonymisedCopy:
    async with transaction() as session:
        return await write_anonymised(session, SYSTEM, folder)


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.integration
async def test_nothing_leads_back(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    await execute("UPDATE customers SET state = 'ME' WHERE id = :id", id=planted.customer)
    one, two = tmp_path / "one", tmp_path / "two"
    made = await copied(one)
    await copied(two)
    whole = "".join(path.read_text().lower() for path in one.iterdir())
    found = [marker for marker in (*MARKERS, "zora", "nell", "bath", "quillmark", "example.com") if marker in whole]
    assert found == []
    ids = await scalar(
        "SELECT array_agg(CAST(id AS text)) FROM (SELECT id FROM customers UNION SELECT id FROM sends"
        " UNION SELECT id FROM purchases UNION SELECT id FROM campaigns) a"
    )
    assert [one_id for one_id in ids if one_id in whole or one_id.replace("-", "") in whole] == []
    people, bought, lines, sent = (read(one, name) for name in ("customers", "purchases", "purchase_lines", "sends"))
    assert made.rows == {"customers": 2, "purchases": 2, "purchase_lines": 2, "sends": 2}
    assert {row["id"] for row in people} >= {row["customer_id"] for row in (*bought, *sent)}
    assert {row["id"] for row in bought} == {row["purchase_id"] for row in lines}
    assert sum(float(row["total"]) for row in bought) == 20
    assert {row["id"] for row in people}.isdisjoint(row["id"] for row in read(two, "customers")), "a new key each time"
    assert {row["age_band"] for row in people} == {"40-49", "50-59"}
    assert all(len(row["day"]) == len("2025-03-01") for row in bought)


@pytest.mark.integration
async def test_who_objects_is_left_out_and_nothing_is_overwritten(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    await execute("UPDATE customers SET profiling_objected_at = now() WHERE id = :id", id=planted.customer)
    made = await copied(tmp_path / "one")
    assert made.rows == {"customers": 1, "purchases": 1, "purchase_lines": 1, "sends": 0}
    with pytest.raises(Conflict):
        await copied(tmp_path / "one")
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await write_anonymised(session, await add_user(Role.MANAGER), tmp_path / "two")
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize(
    ("of_age_on", "band"),
    [
        (None, ""), (date(2026, 11, 30), "under 21"), (date(2026, 11, 29), "21-29"), (date(2017, 11, 30), "21-29"),
        (date(2017, 11, 29), "30-39"), (date(1987, 11, 30), "50-59"), (date(1987, 11, 29), "60 and over"),
    ],
)  # fmt: skip
def test_ages_are_bands(of_age_on: date | None, band: str) -> None:
    assert age_band(of_age_on, date(2026, 11, 29)) == band

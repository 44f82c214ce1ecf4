"""A copy of the base for analysis: sums that are nearly right, and nothing that leads back to anybody."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden
from liquor_app.privacy.anonymised import SPENT, AnonymisedCopy, age_band, write_anonymised
from liquor_app.privacy.k_anonymity import K, band, settle, smallest
from tests.people import add_user
from tests.privacy.planted import MARKERS, execute, plant, scalar

PEOPLE = 1_500
# of everybody something else, and the same each time: digits of a hash
_SHOP = """
WITH made AS (
    SELECT n, ('x' || left(md5(n || 'a'), 7))::bit(28)::int AS a, ('x' || left(md5(n || 'b'), 7))::bit(28)::int AS b
      FROM generate_series(1, :people) n
), bought AS (
    SELECT n, a, b, 1 + (a % 11) * (b % 3) AS many, current_date - 30 - a % 700 AS since FROM made
)
INSERT INTO customers (email, email_key, state, of_age_on, first_purchase_at, last_purchase_at, purchase_frequency,
                       total_spent, primary_category, rfm_segment, churn_risk, is_night_buyer)
SELECT n || '@example.com', n || '@example.com', (ARRAY['ME', 'NH', 'VT', 'ME', 'ME'])[1 + b % 5],
       date '1975-01-01' + (b % 18000), since, since + a % 25, many, many * (1700 + b % 9000) / 100.0,
       (ARRAY['Wine', 'Beer', 'Whisky'])[1 + a % 3], (ARRAY['Champions', 'Loyal', 'At_Risk'])[1 + b % 3],
       (ARRAY['low', 'medium', 'high'])[1 + (a + b) % 3], a % 7 = 0
  FROM bought
"""
_BASKETS = """
INSERT INTO purchases (customer_id, external_id, occurred_at, local_hour, total, currency)
SELECT c.id, 'B' || c.email || g, c.first_purchase_at + g * interval '3 days', g * 5 % 24,
       round(c.total_spent / c.purchase_frequency, 2), 'USD'
  FROM customers c CROSS JOIN LATERAL generate_series(1, CAST(c.purchase_frequency AS int)) g
"""

_CAMPAIGNS = """
INSERT INTO campaigns (name, start_date, end_date) SELECT 'Week ' || n, current_date, current_date
  FROM generate_series(1, 40) n
"""
_MESSAGES = """
INSERT INTO sends (id, created_at, customer_id, campaign_id, channel, recipient, status, not_before, sent_at, opened_at)
SELECT uuid_v7(), now(), c.id, k.id, 'email', 'x', 'delivered', now(), c.last_purchase_at,
       CASE WHEN c.place % 3 = 0 THEN now() END
  FROM (SELECT *, row_number() OVER (ORDER BY email) AS place FROM customers) c
  JOIN (SELECT id, row_number() OVER (ORDER BY name) AS place FROM campaigns) k ON c.place % 40 + 1 = k.place
"""


async def copied(folder: Path) -> AnonymisedCopy:
    return await write_anonymised(SYSTEM, folder)


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


async def a_shop() -> None:
    async with transaction() as session:
        await session.execute(text(_SHOP.replace("::", "\\:\\:")), {"people": PEOPLE})
        for statement in (_BASKETS, _CAMPAIGNS, _MESSAGES):
            await session.execute(text(statement))


@pytest.mark.integration
async def test_nothing_leads_back(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    await execute("UPDATE customers SET state = 'ME' WHERE id = :id", id=planted.customer)
    await a_shop()
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
    bought, lines, sent = (read(one, name) for name in ("purchases", "purchase_lines", "sends"))
    assert made.rows["purchases"] == await scalar("SELECT count(*) FROM purchases")
    assert len(lines) == 2
    assert made.rows["sends"] == len(sent) == await scalar("SELECT count(*) FROM sends")
    assert {row["basket_id"] for row in lines}.isdisjoint(row["id"] for row in bought), "whoever has a receipt finds it"
    assert {row["id"] for row in bought}.isdisjoint(row["id"] for row in read(two, "purchases")), "a new key each time"
    assert not [name for row in (*bought, *sent) for name in row if "customer" in name]


@pytest.mark.integration
async def test_nobody_is_singled_out_by_all_that_is_told(database: str, tmp_path: Path) -> None:
    """The attack that told 1,520 of 1,534 apart: whoever knows somebody's sums and days looks them up."""
    await a_shop()
    exact = await scalar(
        "SELECT count(*) FROM (SELECT FROM customers GROUP BY first_purchase_at, last_purchase_at, total_spent"
        " HAVING count(*) = 1) a"
    )
    assert exact > PEOPLE * 0.95, "the shop is no proof"
    made = await copied(tmp_path / "copy")
    people = [tuple(row.values()) for row in read(tmp_path / "copy", "customers")]
    assert smallest(people) >= K
    assert made.left_out == PEOPLE - len(people)
    assert made.left_out <= PEOPLE * 0.02
    bought = read(tmp_path / "copy", "purchases")
    of_somebody = [row for row in bought if row["rfm_segment"] or row["age_band"] or row["state"] or row["nth"]]
    assert smallest([tuple(value for name, value in row.items() if name != "id") for row in of_somebody]) >= K
    assert len(of_somebody) > len(bought) / 2, "nothing is left to look at"
    sent = read(tmp_path / "copy", "sends")
    to_somebody = [tuple(row.values()) for row in sent if row["rfm_segment"] or row["age_band"] or row["state"]]
    assert (len(sent), smallest(to_somebody) >= K) == (PEOPLE, True)


@pytest.mark.integration
async def test_the_place_of_a_row_tells_nothing(database: str, tmp_path: Path) -> None:
    """In the order of our ids, which is that of time, the third row was the third customer there ever was."""
    await a_shop()
    await copied(tmp_path / "one")
    await copied(tmp_path / "two")
    for name, linked in (("customers", ""), ("purchases", "id"), ("sends", "campaign_id")):
        one, two = (
            [tuple(value for key, value in row.items() if key != linked) for row in read(tmp_path / copy, name)]
            for copy in ("one", "two")
        )
        assert Counter(one) == Counter(two), name
        assert sum(first != second for first, second in zip(one, two, strict=True)) > len(one) / 4, name


@pytest.mark.integration
async def test_sums_are_nearly_right(database: str, tmp_path: Path) -> None:
    await a_shop()
    await copied(tmp_path / "copy")
    people, bought = read(tmp_path / "copy", "customers"), read(tmp_path / "copy", "purchases")
    spent = float(await scalar("SELECT sum(total_spent) FROM customers"))
    assert sum(float(row["total_spent"]) for row in people) == pytest.approx(spent, rel=0.03)
    baskets = float(await scalar("SELECT sum(total) FROM purchases"))
    assert sum(float(row["total"]) for row in bought) == pytest.approx(baskets, rel=0.01)
    segments = Counter(row["rfm_segment"] for row in people if row["rfm_segment"])
    true = await scalar("SELECT count(*) FROM customers WHERE rfm_segment = 'Loyal'")
    assert segments["Loyal"] == pytest.approx(true, rel=0.1)


@pytest.mark.integration
async def test_who_objects_is_left_out_and_nothing_is_overwritten(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    await execute("UPDATE customers SET profiling_objected_at = now() WHERE id = :id", id=planted.customer)
    made = await copied(tmp_path / "one")
    assert made.rows == {"customers": 0, "purchases": 1, "purchase_lines": 1, "sends": 1}, "the neighbour's"
    assert made.left_out == 1, "who is alone stays away"
    with pytest.raises(Conflict):
        await copied(tmp_path / "one")
    with pytest.raises(Forbidden):
        await write_anonymised(await add_user(Role.MANAGER), tmp_path / "two")
    assert not (tmp_path / "two").exists()


def test_rows_lose_columns_until_enough_are_alike() -> None:
    classes = {("a", "x"): 5, ("a", "y"): 3, ("a", "z"): 2, ("b", "x"): 4}
    assert settle(classes, [[1]]) == {("a", "x"): ("a", "x"), ("a", "y"): ("a", ""), ("a", "z"): ("a", "")}
    assert settle(classes, [[1], [0]])[("a", "y")] == ("a", "")
    assert ("b", "x") not in settle(classes, [[1], [0]]), "four are too few, whatever is emptied"
    assert settle({}, [[0]]) == {}


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0"), (0.99, "0"), (1, "1-49"), (50, "50-99"), (99.99, "50-99"), (10_000, "10000+")]
)
def test_bands(value: float, told: str) -> None:
    assert band(value, SPENT) == told


@pytest.mark.parametrize(
    ("of_age_on", "band"),
    [
        (None, ""), (date(2026, 11, 30), "under 21"), (date(2026, 11, 29), "21-29"), (date(2017, 11, 30), "21-29"),
        (date(2017, 11, 29), "30-39"), (date(1987, 11, 30), "50-59"), (date(1987, 11, 29), "60 and over"),
    ],
)  # fmt: skip
def test_ages_are_bands(of_age_on: date | None, band: str) -> None:
    assert age_band(of_age_on, date(2026, 11, 29)) == band

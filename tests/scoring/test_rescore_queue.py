"""Purchases come in, and only their buyers are scored anew."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job, enqueue, run
from liquor_app.imports.local_import import import_local
from liquor_app.scoring.estimators.rfm import quintiles
from liquor_app.scoring.reference_cuts import Cuts
from liquor_app.scoring.service import score_customers
from liquor_app.scoring.tasks import TASKS, score_waiting
from tests.people import add_customer, add_purchase, add_send

pytestmark = pytest.mark.integration
PEOPLE = 30


async def rows(sql: str, **values: Any) -> list[Any]:
    async with transaction() as session:
        return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]


async def facts(customer: UUID) -> Any:
    (row,) = await rows("SELECT * FROM customers WHERE id = :id", id=customer)
    return row


async def untold(done: int, total: int) -> None:
    pass


async def take(path: Path, *lines: str) -> Any:
    content = "\n".join(["order_id,external_id,date,category,brand,amount", *lines])
    await asyncio.to_thread(path.write_text, content)
    return await import_local(SYSTEM, "purchases", path, tell=untold)


async def score_touched() -> dict[str, Any]:
    async with transaction() as session:
        job_id = await enqueue(session, Job.SCORE_CUSTOMERS, {"touched": True}, dedupe_key="import")
    assert await run(job_id, TASKS) == "succeeded"
    (job,) = await rows("SELECT result FROM jobs WHERE id = :id", id=job_id)
    result: dict[str, Any] = job["result"]
    return result


@pytest.fixture
async def base(database: str) -> list[UUID]:
    """Scored people, number n with n purchases."""
    async with transaction() as session:
        ids = [await add_customer(session, external_id=str(number)) for number in range(PEOPLE)]
        for number, customer in enumerate(ids):
            for order in range(number):
                await add_purchase(session, customer, days_ago=5 + number + order * 9, category="Wine")
    async with transaction() as session:
        await score_customers(session, SYSTEM)
    return ids


async def test_only_buyers_are_scored_and_as_everybody_would_be(base: list[UUID], tmp_path: Path) -> None:
    today = now().date()
    before = await rows("SELECT * FROM customers ORDER BY id")
    report = await take(
        tmp_path / "a.csv",
        f"N1,3,{today - timedelta(days=1)},Gin,Hendricks,50",
        f"N2,9,{today - timedelta(days=2)},Gin,,20",
    )
    assert report.created == 2
    waiting = await rows("SELECT customer_id FROM touched_customers ORDER BY 1")
    assert {row["customer_id"] for row in waiting} == {base[3], base[9]}
    result = await score_touched()
    assert (result["customers"], result["touched"]) == (2, True)
    assert await rows("SELECT 1 FROM touched_customers") == []
    after = await rows("SELECT * FROM customers ORDER BY id")
    assert [a["id"] for a, b in zip(after, before, strict=True) if a != b] == [base[3], base[9]]
    three = await facts(base[3])
    assert (three["purchase_frequency"], three["total_spent"]) == (4, Decimal("110.00"))
    assert three["r_score"] == 5
    assert "Hendricks" in three["favorite_brands"]  # a brand nobody had bought when everybody was scored
    names = ("purchase_frequency", "total_spent", "primary_category", "r_score", "rfm_segment", "last_purchase_at")
    async with transaction() as session:
        await score_customers(session, SYSTEM)
    everybody = await facts(base[3])
    assert [three[name] for name in names] == [everybody[name] for name in names]


async def test_late_and_corrected_orders_move_first_and_last_and_attribution_stays(
    base: list[UUID], tmp_path: Path
) -> None:
    async with transaction() as session:
        await add_send(session, base[5], days_ago=20)
        await session.execute(text("UPDATE sends SET converted_at = now(), conversion_value = 20"))
    attributed = await rows("SELECT * FROM sends")
    told = await facts(base[5])
    late = now().date() - timedelta(days=900)
    await take(tmp_path / "a.csv", f"L1,5,{late},Rum,,10", f"L1,5,{late},Rum,,15")
    await score_touched()
    moved = await facts(base[5])
    assert moved["first_purchase_at"].date() == late
    assert (moved["last_purchase_at"], moved["total_spent"]) == (told["last_purchase_at"], told["total_spent"] + 25)
    corrected = late + timedelta(days=10)
    report = await take(tmp_path / "a.csv", f"L1,5,{corrected},Rum,,10")
    assert (report.updated, report.created) == (1, 0)
    await score_touched()
    again = await facts(base[5])
    assert again["first_purchase_at"].date() == corrected
    assert again["total_spent"] == told["total_spent"] + 10
    assert (await take(tmp_path / "a.csv", f"L1,5,{corrected},Rum,,10")).unchanged == 1
    assert await rows("SELECT 1 FROM touched_customers") == []
    assert await rows("SELECT * FROM sends") == attributed


async def test_a_missed_turn_is_made_up_and_a_changed_base_is_fitted_anew(base: list[UUID], tmp_path: Path) -> None:
    assert await score_waiting() is False
    day = now().date() - timedelta(days=3)
    await take(tmp_path / "a.csv", f"M1,1,{day},Gin,,9")
    await rows("DELETE FROM jobs RETURNING id")  # the ring and its job were lost
    assert await score_waiting() is True
    (job,) = await rows("SELECT id FROM jobs")
    assert await run(job["id"], TASKS) == "succeeded"
    assert (await facts(base[1]))["purchase_frequency"] == 2
    await take(tmp_path / "b.csv", *(f"E{number},{number},{day},Gin,,9" for number in range(PEOPLE)))
    result = await score_touched()
    assert (result["customers"], "touched" in result) == (PEOPLE, False)
    assert await rows("SELECT 1 FROM touched_customers") == []
    assert {row["version"] for row in await rows("SELECT version FROM model_versions WHERE status = 'active'")} == {2}


async def test_an_older_scoring_never_overwrites_a_newer_one(base: list[UUID]) -> None:
    await rows(
        "UPDATE customers SET scored_at = now() + interval '1 minute', total_spent = 7 WHERE id = :id RETURNING id",
        id=base[4],
    )
    async with transaction() as session:
        await score_customers(session, SYSTEM)
    assert (await facts(base[4]))["total_spent"] == 7


async def test_unknown_ids_are_nobody(base: list[UUID]) -> None:
    async with transaction() as session:
        assert (await score_customers(session, SYSTEM, [uuid4()])).customers == 0


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=60), st.booleans())
def test_kept_cuts_give_everybody_the_score_they_had(values: list[int], better: bool) -> None:
    data = np.asarray(values, dtype=np.float64)
    cuts = Cuts.of(data, higher_is_better=better)
    assert cuts.score(data).tolist() == quintiles(data, higher_is_better=better).tolist()
    beyond = cuts.score(np.asarray([-1e9, 1e9]))
    assert beyond.tolist() == sorted(beyond.tolist(), reverse=not better)

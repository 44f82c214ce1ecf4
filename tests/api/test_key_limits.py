"""What an API key may ask a minute and a month, and how each answer says what is left."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.api_keys import change_limits, create_api_key
from liquor_app.accounts.key_usage import PER_MINUTE, PER_MONTH, QuotaExceeded, month_of, month_used, use_month
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import redis
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound, Unavailable
from tests.api.client import Client, is_problem

pytestmark = pytest.mark.integration

STATE = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')


async def keyed(client: Client, **said: Any) -> tuple[Client, UUID]:
    async with transaction() as session:
        secret = await create_api_key(session, SYSTEM, name="Till", role=Role.USER, **said)
        key_id = (await session.execute(text("SELECT id FROM api_keys"))).scalar_one()
    return Client(client.http, {"X-API-Key": secret}), key_id


def left(answer: Any) -> dict[str, int]:
    return {name: int(some) for name, some, _ in STATE.findall(answer.headers["ratelimit"])}


async def used(key_id: UUID) -> int:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT COALESCE(sum(requests), 0) FROM api_key_months WHERE key_id = :id"), {"id": key_id}
        )
        return int(found.scalar_one())


async def test_every_answer_says_what_is_left(anybody: Client) -> None:
    till, key_id = await keyed(anybody)
    seconds = month_used(datetime.now(UTC), 0).seconds
    answer = await till.get("/customers")
    assert answer.headers["ratelimit-policy"] == f'"minute";q={PER_MINUTE};w=60, "month";q={PER_MONTH};w={seconds}'
    assert left(answer)["month"] == PER_MONTH - 1
    refused = await till.post("/customers", json={"email": "a@example.com"})
    is_problem(refused, 403, "forbidden")
    missing = await till.get("/customers/018f0000-0000-7000-8000-000000000000")
    is_problem(missing, 404, "not_found")
    malformed = await till.get("/customers/no-id")
    is_problem(malformed, 422, "invalid")
    assert [left(one)["month"] for one in (refused, missing, malformed)] == [PER_MONTH - n for n in (2, 3, 4)]
    assert await used(key_id) == 4


async def test_a_keys_minute_is_its_own(anybody: Client) -> None:
    till, key_id = await keyed(anybody, per_minute=3)
    answers = [await till.get("/segments") for _ in range(8)]  # a new minute may begin between two of them
    refused = [one for one in answers if one.status_code == 429]
    assert refused
    is_problem(refused[0], 429, "too_many_requests")
    assert 0 < int(refused[0].headers["retry-after"]) <= 60
    assert left(refused[0]) == {"minute": 0}
    assert await used(key_id) == len(answers) - len(refused), "what was refused costs nothing of the month"


async def test_a_keys_month_ends_at_its_quota(anybody: Client, admin: Client) -> None:
    till, key_id = await keyed(anybody, per_month=2)
    assert [(await till.get("/segments")).status_code for _ in range(4)] == [200, 200, 429, 429]
    answer = await till.get("/segments")
    is_problem(answer, 429, "quota_exceeded")
    assert 0 < int(answer.headers["retry-after"]) <= 31 * 86_400
    assert left(answer)["month"] == 0
    row = (await admin.get(f"/api-keys/{key_id}")).json()
    assert (row["per_minute"], row["per_month"], row["used_this_month"]) == (PER_MINUTE, 2, 2)
    assert row["last_used_at"]
    more = await admin.patch(f"/api-keys/{key_id}", json={"per_month": 3})
    assert (more.json()["per_month"], more.json()["per_minute"]) == (3, PER_MINUTE)
    assert [(await till.get("/segments")).status_code for _ in range(2)] == [200, 429]
    back = await admin.patch(f"/api-keys/{key_id}", json={"per_month": None})
    assert back.json()["per_month"] == PER_MONTH
    assert (await till.get("/segments")).status_code == 200


async def test_processes_count_one_month_together(anybody: Client) -> None:
    """Each request has a connection of its own, as those of several web processes have."""
    _, key_id = await keyed(anybody)

    async def one() -> int:
        try:
            async with transaction() as session:
                return (await use_month(session, key_id, 10)).left
        except QuotaExceeded:
            return -1

    found = await asyncio.gather(*(one() for _ in range(15)))
    assert sorted(found) == [-1] * 5 + [*range(10)]
    assert await used(key_id) == 10


async def test_a_month_counts_without_redis(anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    till, _ = await keyed(anybody, per_month=1)

    def away() -> None:
        raise Unavailable("Redis cannot be reached: refused")

    monkeypatch.setattr(redis, "client", away)
    assert [(await till.get("/segments")).status_code for _ in range(2)] == [200, 429]


def test_a_month_is_of_utc_and_as_long_as_it_is() -> None:
    late = datetime.fromisoformat("2028-02-29T22:00:00-05:00")  # March by UTC
    assert month_of(late) == (datetime(2028, 3, 1, tzinfo=UTC), datetime(2028, 4, 1, tzinfo=UTC))
    leap = month_used(datetime(2028, 2, 29, 23, 59, 59, 999_000, tzinfo=UTC), 7)
    assert (leap.left, leap.seconds, leap.reset) == (7, 29 * 86_400, 1)
    assert month_of(datetime(2026, 12, 31, 23, tzinfo=UTC))[1] == datetime(2027, 1, 1, tzinfo=UTC)


async def test_a_new_month_begins_anew(anybody: Client) -> None:
    till, key_id = await keyed(anybody, per_month=1)
    async with transaction() as session:
        await session.execute(
            text("INSERT INTO api_key_months (key_id, month, requests) VALUES (:id, :month, 1)"),
            {"id": key_id, "month": month_of(datetime.now(UTC) - timedelta(days=32))[0]},
        )
    assert (await till.get("/segments")).status_code == 200


async def test_limits_are_set_by_admins_alone_and_recorded(admin: Client, manager: Client) -> None:
    made = await admin.post("/api-keys", json={"name": "Till", "per_minute": 60, "per_month": 1000})
    assert made.status_code == 201
    (row,) = (await admin.get("/api-keys")).json()["items"]
    assert (row["per_minute"], row["per_month"], row["used_this_month"]) == (60, 1000, 0)
    path = f"/api-keys/{row['id']}"
    is_problem(await manager.get(path), 403, "forbidden")
    is_problem(await manager.patch(path, json={"per_minute": 1}), 403, "forbidden")
    for body, field in (
        ({"per_minute": 0}, "per_minute"),
        ({"per_month": 10**12}, "per_month"),
        ({"name": "x"}, "name"),
    ):
        is_problem(await admin.patch(path, json=body), 422, "invalid", field)
    read = await admin.get(path)
    other = await admin.patch(path, json={"per_minute": 61}, headers={"If-Match": read.headers["etag"]})
    assert other.status_code == 200
    stale = await admin.patch(path, json={"per_minute": 62}, headers={"If-Match": read.headers["etag"]})
    is_problem(stale, 412, "precondition_failed")
    async with transaction() as session:
        found = await session.execute(text("SELECT fields, changes FROM audit_log WHERE action = 'api_key.changed'"))
        (entry,) = found.all()
    assert (entry.fields, entry.changes["per_minute"]) == (["per_minute"], [60, 61])
    await admin.delete(path)
    is_problem(await admin.patch(path, json={"per_minute": 9}), 404, "not_found")


async def test_people_have_no_month(manager: Client) -> None:
    assert set(left(await manager.get("/segments"))) == {"minute"}
    async with transaction() as session:
        with pytest.raises(NotFound):
            await change_limits(session, SYSTEM, UUID(int=5), {"per_minute": 5})

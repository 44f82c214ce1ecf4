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
from liquor_app.accounts.lists import list_api_keys
from liquor_app.accounts.models import Role, User
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.accounts.tokens import token_actor
from liquor_app.core import redis
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound, Unavailable
from liquor_app.screens.accounts.api_keys.state import key_line
from tests.api.client import PASSWORD, Client, is_problem

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


async def made_by(key: Client, client: Client, **said: Any) -> Client:
    """A key that a key made."""
    made = await key.post("/api-keys", json={"name": "Made", "role": "admin", **said})
    assert made.status_code == 201, made.text
    return Client(client.http, {"X-API-Key": made.json()["key"]})


async def test_what_a_key_makes_shares_its_month(admin: Client, anybody: Client) -> None:
    """A quota of ten is ten, and not ten for each key it makes, nor for those that these make."""
    secret = (await admin.post("/api-keys", json={"name": "First", "role": "admin", "per_month": 10})).json()["key"]
    first = Client(anybody.http, {"X-API-Key": secret})
    children = [await made_by(first, anybody) for _ in range(2)]  # two of the ten
    grandchild = await made_by(children[0], anybody)  # a third
    answers = [await one.get("/segments") for _ in range(3) for one in (*children, grandchild)]
    assert [one.status_code for one in answers] == [200] * 7 + [429] * 2
    assert [left(one)["month"] for one in answers] == [6, 5, 4, 3, 2, 1, 0, 0, 0]
    is_problem(answers[-1], 429, "quota_exceeded")
    is_problem(await first.get("/segments"), 429, "quota_exceeded")
    rows = (await admin.get("/api-keys?sort=created_at")).json()["items"]
    told = sorted(one["used_this_month"] for one in rows)
    assert told == [2, 2, 6, 10], "what was refused is counted nowhere"


async def test_what_a_key_makes_shares_its_minute(admin: Client, anybody: Client) -> None:
    secret = (await admin.post("/api-keys", json={"name": "First", "role": "admin", "per_minute": 6})).json()["key"]
    first = Client(anybody.http, {"X-API-Key": secret})
    children = [await made_by(first, anybody) for _ in range(2)]
    answers = [await one.get("/segments") for _ in range(8) for one in children]  # a new minute may begin meanwhile
    assert sum(one.status_code == 200 for one in answers) <= 12
    is_problem(next(one for one in answers if one.status_code == 429), 429, "too_many_requests")


async def test_a_key_tells_what_it_acts_as(admin: Client, anybody: Client, password_hash: str) -> None:
    """Its maker was demoted: it may no more than they may now, and says so."""
    async with transaction() as session:
        other = User(email="second@example.com", password_hash=password_hash, role=Role.ADMIN)
        session.add(other)
    signed = await anybody.post("/auth/login", json={"email": "second@example.com", "password": PASSWORD})
    second = Client(anybody.http, {"Authorization": f"Bearer {signed.json()['access_token']}"})
    keys = [
        (await second.post("/api-keys", json={"name": role, "role": role})).json()["key"]
        for role in ("admin", "manager", "user")
    ]
    async with transaction() as session:
        await create_api_key(session, SYSTEM, name="console", role=Role.ADMIN)

    async def acts() -> dict[str, str]:
        return {one["name"]: one["acts_as"] for one in (await admin.get("/api-keys")).json()["items"]}

    as_made = {"admin": "admin", "manager": "manager", "user": "user", "console": "admin"}
    assert await acts() == as_made
    for role, told in (
        ("manager", {**as_made, "admin": "manager"}),
        ("user", {**as_made, "admin": "user", "manager": "user"}),
        ("admin", as_made),
    ):
        assert (await admin.patch(f"/users/{other.id}", json={"role": role})).status_code == 200
        assert await acts() == told
        for name, key in zip(("admin", "manager", "user"), keys, strict=True):
            async with transaction() as session:
                assert (await token_actor(session, key)).role.value == told[name]
    async with transaction() as session:
        await session.execute(text("INSERT INTO access_rules (name) VALUES ('two_steps_for_admins')"))
        row = next(one for one in (await list_api_keys(session, SYSTEM)).items if one.name == "admin")
    assert (row.role, row.acts_as) == (Role.ADMIN, Role.MANAGER)
    assert key_line(row, datetime.now(UTC)).lessened == "Acts as Marketer, as its maker may no more"

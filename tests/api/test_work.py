"""Saved views, notices and background work over the API: the pages' own services, for each role."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, enqueue, enqueue_another
from liquor_app.organization.saved_views import MOST_VIEWS
from liquor_app.organization.service import notify
from tests.api.client import Client, address_of, is_problem

pytestmark = pytest.mark.integration
VIEW = {"list": "customers", "name": "At risk", "query": {"churn_risk": "high", "sort": "-clv_score"}}


async def user_of(role: Role) -> UUID:
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM users WHERE email = :email"), {"email": address_of(role)})
        return UUID(str(found.scalar_one()))


# --- saved views ---


async def test_a_view_is_kept_opened_and_taken_away(viewer: Client, manager: Client) -> None:
    made = await viewer.post("/saved-views", json=VIEW)
    assert made.status_code == 201, made.text
    view = made.json()
    assert {name: view[name] for name in VIEW} == VIEW
    assert made.headers["location"] == f"/api/v1/saved-views/{view['id']}"
    assert (await viewer.get("/saved-views?list=customers")).json() == [view]
    assert (await viewer.get("/saved-views?list=campaigns")).json() == []
    assert (await manager.get("/saved-views?list=customers")).json() == [], "another's are nobody else's"
    for path in (f"/saved-views/{view['id']}", f"/saved-views/{uuid7()}"):
        is_problem(await manager.get(path), 404, "not_found")
        is_problem(await manager.delete(path), 404, "not_found")
    one = await viewer.get(f"/saved-views/{view['id']}")
    assert one.json() == view
    again = await viewer.post("/saved-views", json={**VIEW, "query": {"search": "ann"}})
    assert again.json()["id"] == view["id"], "of one name there is one"
    stale = await viewer.delete(f"/saved-views/{view['id']}", headers={"If-Match": one.headers["etag"]})
    is_problem(stale, 412, "precondition_failed")
    fresh = (await viewer.get(f"/saved-views/{view['id']}")).headers["etag"]
    assert (await viewer.delete(f"/saved-views/{view['id']}", headers={"If-Match": fresh})).status_code == 204
    assert (await viewer.get("/saved-views?list=customers")).json() == []


async def test_everybodys_are_kept_by_marketers(viewer: Client, manager: Client) -> None:
    shared = {**VIEW, "is_shared": True}
    is_problem(await viewer.post("/saved-views", json=shared), 403, "forbidden")
    made = (await manager.post("/saved-views", json=shared)).json()
    assert (await viewer.get("/saved-views?list=customers")).json() == [made]
    is_problem(await viewer.delete(f"/saved-views/{made['id']}"), 403, "forbidden")
    assert (await manager.delete(f"/saved-views/{made['id']}")).status_code == 204


async def test_a_view_is_made_once_whoever_repeats_it(viewer: Client) -> None:
    key = {"Idempotency-Key": "view-1"}
    first, second = [await viewer.post("/saved-views", json=VIEW, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    is_problem(await viewer.post("/saved-views", json={**VIEW, "name": "Other"}, headers=key), 422, "rule.reused_key")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"list": "users"}, "list"), ({"name": ""}, "name"), ({"name": "x" * 61}, "name"),
        ({"query": {"a": 1}}, "query"), ({"query": {f"f{n}": "x" for n in range(41)}}, "query"),
        ({"query": {"a": "x" * 2001}}, "query"), ({"whose": "mine"}, "whose"),
    ],
)  # fmt: skip
async def test_what_is_no_view_is_refused(viewer: Client, change: dict[str, Any], field: str) -> None:
    answer = await viewer.post("/saved-views", json={**VIEW, **change})
    assert answer.status_code == 422, answer.text
    assert field in answer.text


async def test_there_are_only_so_many(viewer: Client) -> None:
    for number in range(MOST_VIEWS):
        assert (await viewer.post("/saved-views", json={**VIEW, "name": f"View {number}"})).status_code == 201
    is_problem(await viewer.post("/saved-views", json=VIEW), 409, "rule.full")


# --- notices ---


async def test_notices_are_everybodys_and_ones_own_and_read_for_oneself(viewer: Client, manager: Client) -> None:
    viewer_id, manager_id = await user_of(Role.USER), await user_of(Role.MANAGER)
    async with transaction() as session:
        for title, whose in (("For all", None), ("For the viewer", viewer_id), ("For the marketer", manager_id)):
            await notify(session, title=title, user_id=whose)
            await asyncio.sleep(0.003)  # ids are in order by the millisecond
    told = (await viewer.get("/notices")).json()
    assert [(one["title"], one["is_read"]) for one in told] == [("For the viewer", False), ("For all", False)]
    assert [one["title"] for one in (await manager.get("/notices?limit=1")).json()] == ["For the marketer"]
    assert (await viewer.post("/notices/read")).status_code == 204
    assert all(one["is_read"] for one in (await viewer.get("/notices")).json())
    assert not any(one["is_read"] for one in (await manager.get("/notices")).json())
    async with transaction() as session:
        await notify(session, title="Later")
    since = (await viewer.get("/notices", params={"after": told[0]["id"]})).json()
    assert [(one["title"], one["is_read"]) for one in since] == [("Later", False)]
    for wrong in ("limit=0", "limit=101", "after=yesterday"):
        is_problem(await viewer.get(f"/notices?{wrong}"), 422, "invalid")


# --- background work ---


async def test_who_may_stop_work_sees_all_of_it_and_others_their_own(viewer: Client, manager: Client) -> None:
    mine, key = await user_of(Role.USER), uuid7()
    async with transaction() as session:
        clocks = await enqueue_another(session, Job.ROLL_UP, {})
        await asyncio.sleep(0.003)
        asked = await enqueue(session, Job.EXPORT_ROWS, {"list": "customers"}, created_by=mine)
        await asyncio.sleep(0.003)
        by_key = await enqueue_another(session, Job.EXPORT_ROWS, {"actor": ["api_key", str(key)]})
        await session.execute(text("UPDATE jobs SET done = 3, total = 9 WHERE id = :id"), {"id": asked})

    async def seen(client: Client, **asked: str) -> list[str]:
        answer = await client.get("/jobs", params=asked)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert await seen(manager) == [str(by_key), str(asked), str(clocks)]
    assert await seen(manager, name="roll_up") == [str(clocks)]
    assert await seen(manager, status="running") == []
    assert await seen(viewer) == [str(asked)]
    (job,) = (await viewer.get("/jobs")).json()["items"]
    assert (job["done"], job["total"], job["status"], job["name"]) == (3, 9, "queued", "export_rows")
    is_problem(await viewer.get("/jobs/export"), 403, "forbidden")
    is_problem(await viewer.post(f"/jobs/{asked}/cancel"), 403, "forbidden")
    assert (await manager.post(f"/jobs/{asked}/cancel")).json()["status"] == "cancelled"
    assert (await viewer.get(f"/jobs/{asked}")).json()["status"] == "cancelled"
    assert str(asked) in (await manager.get("/jobs/export")).text


async def test_a_job_is_read_by_whoever_may_see_it_in_the_list(viewer: Client, manager: Client) -> None:
    """The list had none of them, and each could be read by its id, with what came of it."""
    mine = await user_of(Role.USER)
    async with transaction() as session:
        others = await enqueue_another(session, Job.ROLL_UP, {})
        own = await enqueue(session, Job.EXPORT_ROWS, {"list": "customers"}, created_by=mine)
    is_problem(await viewer.get(f"/jobs/{others}"), 404, "not_found")
    assert (await viewer.get(f"/jobs/{own}")).status_code == 200
    assert (await manager.get(f"/jobs/{others}")).status_code == 200


async def test_nobody_stops_what_they_could_not_ask_for(manager: Client, admin: Client) -> None:
    """A marketer stopped the erasure that an admin had asked for, again and again."""
    async with transaction() as session:
        erasure = await enqueue_another(session, Job.ERASE_PERSON, {})
    is_problem(await manager.post(f"/jobs/{erasure}/cancel"), 403, "forbidden")
    assert (await manager.get(f"/jobs/{erasure}")).json()["status"] == "queued"
    assert (await admin.post(f"/jobs/{erasure}/cancel")).json()["status"] == "cancelled"


async def test_a_key_sees_its_own(admin: Client, viewer: Client) -> None:
    made = await admin.post("/api-keys", json={"name": "till", "role": "user", "areas": ["jobs:read"]})
    key = (await admin.get("/api-keys")).json()["items"][0]["id"]
    async with transaction() as session:
        mine = await enqueue_another(session, Job.EXPORT_ROWS, {"actor": ["api_key", key]})
        await enqueue_another(session, Job.ROLL_UP, {})
    till = Client(viewer.http, {"X-API-Key": made.json()["key"]})
    assert [one["id"] for one in (await till.get("/jobs")).json()["items"]] == [str(mine)]
    assert (await till.get("/notices")).status_code == 200
    is_problem(await till.get("/saved-views?list=customers"), 403, "forbidden")

"""A campaign from nothing to cancelled, over HTTP alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import queue
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.experiments.service import NOBODY_BOUGHT
from liquor_app.planning.tasks import TASKS as PLANNING
from liquor_app.segments.service import refresh_segments
from liquor_app.sending.tasks import TASKS as SENDING
from tests.api.client import NOT_TAKEN, Client, is_problem
from tests.experiments.test_holdout import campaign_with, started
from tests.people import add_customer, add_purchase

pytestmark = pytest.mark.integration


GOOD = {"name": "x", "target_segments": ["at_risk"]}


@pytest.fixture
async def base(anybody: Client, templates: None) -> None:
    """Sixty people who went quiet."""
    async with transaction() as session:
        for _ in range(60):
            customer = await add_customer(session)
            await add_purchase(session, customer, days_ago=41, category="Domestic wine")
        await refresh_segments(session, SYSTEM)


async def run_job(answer: Any) -> None:
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"].endswith(answer.json()["job_id"])
    assert await queue.run(UUID(answer.json()["job_id"]), {**PLANNING, **SENDING}) is JobStatus.SUCCEEDED


async def looked_at(client: Client, path: str) -> dict[str, str]:
    """The plan as a program looks at it before it approves."""
    seen = (await client.get(f"{path}/outlook")).json()
    return {"plan_id": seen["plan_id"], "fingerprint": seen["fingerprint"]}


async def test_an_approval_names_the_plan_that_was_looked_at(base: None, manager: Client) -> None:
    """Without a body, whatever plan was current at that moment was approved."""
    started = await manager.post("/campaigns/generate", json={})
    await run_job(started)
    path = f"/campaigns/{started.json()['campaign_id']}"
    seen = await looked_at(manager, path)
    told = [
        (await manager.post(f"{path}/approve"), "plan_id"),
        (await manager.post(f"{path}/approve", json={}), "plan_id"),
        (await manager.post(f"{path}/approve", json={"plan_id": seen["plan_id"]}), "fingerprint"),
        (await manager.post(f"{path}/approve", json={"fingerprint": seen["fingerprint"]}), "plan_id"),
    ]
    for answer, field in told:
        is_problem(answer, 422, "invalid")
        assert answer.json()["field"] == field
        assert f"{field}: say which plan you looked at" in answer.json()["detail"]
        assert "GET /api/v1/campaigns/{id}/outlook" in answer.json()["detail"], "how to get it"
    await run_job(await manager.post(f"{path}/generate"))
    is_problem(await manager.post(f"{path}/approve", json=seen), 409, "rule.state")
    fresh = await looked_at(manager, path)
    other = {**fresh, "fingerprint": "0" * 64}
    is_problem(await manager.post(f"{path}/approve", json=other), 409, "rule.state")
    assert (await manager.post(f"{path}/approve", json=fresh)).json()["status"] == "scheduled"


async def test_from_generate_to_sends(base: None, manager: Client, viewer: Client) -> None:
    started = await manager.post("/campaigns/generate", json={"name": "Quiet ones"})
    await run_job(started)
    path = f"/campaigns/{started.json()['campaign_id']}"
    campaign = (await viewer.get(path)).json()
    assert (campaign["name"], campaign["status"]) == ("Quiet ones", "awaiting_approval")
    assert campaign["weekly_plan"]
    actions = (await viewer.get("/actions", params={"campaign_id": campaign["id"], "status": "pending"})).json()
    assert actions["total"] > 0
    first = actions["items"][0]
    assert first["reason"]
    assert 0 <= float(first["priority_score"]) <= 100
    assert (await viewer.get(f"/actions/{first['id']}")).json() == first

    is_problem(await manager.post(f"{path}/start"), 409, "rule.state")
    looked = await looked_at(viewer, path)
    is_problem(await viewer.post(f"{path}/approve", json=looked), 403, "forbidden")
    assert (await manager.post(f"{path}/approve", json=looked)).json()["status"] == "scheduled"
    assert (await manager.post(f"{path}/start")).json()["status"] == "active"
    async with transaction() as session:
        launch = (await session.execute(text("SELECT id FROM jobs WHERE name = 'launch_campaign'"))).scalar_one()
    assert await queue.run(launch, {**PLANNING, **SENDING}) is JobStatus.SUCCEEDED

    sends = (await viewer.get("/sends", params={"campaign_id": campaign["id"]})).json()
    assert sends["total"] == actions["total"]
    send = (await viewer.get(f"/sends/{sends['items'][0]['id']}")).json()
    assert (send["status"], send["campaign_name"]) == ("pending", "Quiet ones")
    assert set(send) > {"body_html", "body_text", "recipient", "not_before"}
    assert (await viewer.get(f"/sends/{send['id']}/events")).json() == {"items": []}
    is_problem(await manager.post(f"/sends/{send['id']}/resend"), 409, "rule.state")

    paused = await manager.post(f"{path}/pause", json={"reason": "Out of stock"})
    assert (paused.json()["status"], paused.json()["pause_reason"]) == ("paused", "Out of stock")
    assert (await manager.post(f"{path}/resume")).json()["status"] == "active"
    analytics = (await viewer.get(f"{path}/analytics")).json()
    assert analytics["total_sends"] >= 0
    assert analytics["open_rate"] is None
    assert analytics["revenue_generated"] == "0.00"
    assert (await manager.post(f"{path}/cancel")).json()["status"] == "cancelled"
    is_problem(await manager.post(f"{path}/resume"), 409, "rule.state")
    is_problem(await manager.delete(path), 409, "rule.state")


async def test_a_campaign_step_by_step(base: None, manager: Client) -> None:
    day = (now() + timedelta(days=3)).date()
    body = {"name": "Win back", "target_segments": ["at_risk"], "start_date": str(day), "holdout_pct": "20.00"}
    made = await manager.post("/campaigns", json=body)
    assert made.status_code == 201, made.text
    row = made.json()
    assert (row["status"], row["end_date"], row["holdout_pct"]) == ("draft", str(day + timedelta(days=6)), "20.00")
    path = f"/campaigns/{row['id']}"
    etag = (await manager.get(path)).headers["etag"]
    changed = await manager.patch(path, json={"description": "For the quiet ones"}, headers={"If-Match": etag})
    assert changed.json()["description"] == "For the quiet ones"
    is_problem(await manager.patch(path, json={"name": "x"}, headers={"If-Match": etag}), 412, "precondition_failed")
    await run_job(await manager.post(f"{path}/generate"))
    assert (await manager.get(path)).json()["status"] == "awaiting_approval"
    assert (await manager.patch(path, json={"target_segments": ["at_risk"]})).json()["status"] == "draft"
    assert (await manager.delete(path)).status_code == 204
    is_problem(await manager.get(path), 404, "not_found")


async def test_starting_twice_with_a_key_starts_once(base: None, manager: Client) -> None:
    started = await manager.post("/campaigns/generate", json={})
    await run_job(started)
    path = f"/campaigns/{started.json()['campaign_id']}"
    await manager.post(f"{path}/approve", json=await looked_at(manager, path))
    headers = {"Idempotency-Key": "start-once"}
    answers = [await manager.post(f"{path}/start", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    is_problem(await manager.post(f"{path}/start"), 409, "rule.state")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "target_segments": ["at_risk"]}, "name"),
        ({"name": "x", "target_segments": []}, "target_segments"),
        ({"name": "x", "target_segments": ["nobody"]}, "target_segments"),
        ({"name": "x", "target_segments": ["at_risk"], "start_date": "soon"}, "start_date"),
        ({"name": "x", "target_segments": ["at_risk"], "holdout_pct": "80"}, "holdout_pct"),
        (
            {"name": "x", "target_segments": ["at_risk"], "start_date": "2026-12-01", "end_date": "2026-11-01"},
            "end_date",
        ),
        ({"name": "x", "target_segments": ["at_risk"], "status": "active"}, "status"),
        ({"name": "x", "target_segments": ["at_risk"], "engine": "magic"}, "engine"),
    ],
)
async def test_bad_campaigns_are_named(manager: Client, body: dict[str, object], field: str) -> None:
    is_problem(await manager.post("/campaigns", json=body), 422, NOT_TAKEN, field)


async def test_null_is_not_a_value_where_one_is_needed(base: None, manager: Client) -> None:
    row = (await manager.post("/campaigns", json=GOOD)).json()
    for name in ("name", "start_date", "target_segments", "engine"):
        answer = await manager.patch(f"/campaigns/{row['id']}", json={name: None})
        assert name in is_problem(answer, 422, "invalid")["detail"]


async def test_nobody_to_write_to(anybody: Client, manager: Client) -> None:
    is_problem(await manager.post("/campaigns/generate", json={}), 422, "rule.value", "target_segments")


@pytest.mark.parametrize(
    ("constraints", "field"),
    [
        ({"foo": 1}, "constraints.foo"),
        ({"explore_pct": "NaN"}, "constraints.explore_pct"),
        ({"explore": "yes"}, "constraints.explore"),
        ({"explore": 1}, "constraints.explore"),
        ({"margin_pct": "NaN"}, "constraints.margin_pct"),
        ({"capacity_by_day": {"2026-11-26": {"fax": 1}}}, "constraints.capacity_by_day.2026-11-26"),
    ],
)
async def test_a_constraint_nobody_knows_is_refused_where_it_is_given(
    manager: Client, constraints: dict[str, Any], field: str
) -> None:
    """It was stored, and told when the campaign was planned."""
    body = {"name": "Week", "target_segments": ["at_risk"]}
    is_problem(await manager.post("/campaigns", json={**body, "constraints": constraints}), 422, NOT_TAKEN, field)
    made = await manager.post("/campaigns", json={**body, "constraints": {"max_contacts_7_days": 1}})
    assert made.status_code == 201
    answer = await manager.patch(f"/campaigns/{made.json()['id']}", json={"constraints": constraints})
    is_problem(answer, 422, NOT_TAKEN, field)
    async with transaction() as session:
        kept = await session.execute(text("SELECT constraints FROM campaigns"))
        assert kept.scalars().all() == [{"max_contacts_7_days": 1}]


async def test_what_was_not_measured_is_null(viewer: Client) -> None:
    """Before the first decision comes nothing has changed by 0, and a week that was only played changed nothing at all:
    it told of a sure loss of what sending costs."""
    async with transaction() as session:
        campaign = await campaign_with(session, 80, 50, target_kpis='["incremental_revenue"]')
        await session.execute(text("UPDATE campaigns SET status = 'active', started_at = now()"))
    told = (await viewer.get(f"/campaigns/{campaign}/analytics")).json()
    assert (told["holdout"]["contacted"], told["holdout"]["held_out"]) == (0, 0)
    assert told["holdout"]["bought"] == {"difference": None, "low": None, "high": None}
    assert told["targets"] == {"incremental_revenue": None}
    async with transaction() as session:
        await started(session, campaign, 3)
    told = (await viewer.get(f"/campaigns/{campaign}/analytics")).json()
    nothing = (told["holdout"]["revenue"]["difference"], told["targets"]["incremental_revenue"])
    assert nothing == ("0.0", "0.0"), "nobody bought"
    assert told["holdout"]["effect"]["profit"]["total"] is None, "what sending cost is not what it changed"
    assert told["holdout"]["note"] == NOBODY_BOUGHT
    async with transaction() as session:
        await session.execute(text("UPDATE campaigns SET virtual_now = now()"))
    told = (await viewer.get(f"/campaigns/{campaign}/analytics")).json()
    assert (told["holdout"], told["targets"]) == (None, {"incremental_revenue": None})
    for delivered, conversion in ((0, None), (2, 0.0)):  # the sandbox's reach nobody; what arrived sold nothing
        async with transaction() as session:
            await session.execute(
                text("UPDATE campaigns SET completed_sends = 3, delivered_sends = :n"), {"n": delivered}
            )
        assert (await viewer.get(f"/campaigns/{campaign}/analytics")).json()["conversion_rate"] == conversion

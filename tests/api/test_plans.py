"""Plans, edits, guidance and the kill switch over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.planning import simulation_job
from liquor_app.segments.service import refresh_segments
from tests.api.client import Client, is_problem
from tests.people import add_customer
from worker.settings import TASKS

pytestmark = pytest.mark.integration


async def plan(manager: Client) -> str:
    """A campaign whose plan waits for approval; its path."""
    async with transaction() as session:
        for _ in range(12):
            await add_customer(session)
        await refresh_segments(session, SYSTEM)
    started = await manager.post("/campaigns/generate", json={})
    assert await queue.run(UUID(started.json()["job_id"]), TASKS) is JobStatus.SUCCEEDED
    return f"/campaigns/{started.json()['campaign_id']}"


async def test_a_plans_reasoning_edits_and_figures(templates: None, manager: Client, viewer: Client) -> None:
    path = await plan(manager)
    listed = (await viewer.get(f"{path}/plans")).json()
    assert [(row["version"], row["is_current"]) for row in listed["items"]] == [(1, True)]
    made = (await viewer.get(f"{path}/plans/1")).json()
    assert made["reasoning"][0]["kind"] == "brief"
    assert made["guidance_version"] == 0
    seen = (await viewer.get(f"{path}/outlook")).json()
    assert seen["messages"] == made["summary"]["totals"]["sends"]
    assert {one["concern"] for one in seen["warnings"]} >= {"channel_in_sandbox"}
    assert {"cells", "copy", "foreseen", "fatigue", "simulation"} <= set(made["summary"])
    is_problem(await viewer.get(f"{path}/plans/9"), 404, "not_found")
    same = (await viewer.get(f"{path}/plans/compare", params={"left": 1, "right": 1})).json()
    assert (same["moved"], same["cells"], same["copy_differences"]) == (0, [], [])

    actions = (await viewer.get("/actions", params={"campaign_id": path[11:], "status": "pending"})).json()["items"]
    action = f"/actions/{actions[0]['id']}"
    offers = (await viewer.get(f"{action}/offers")).json()
    is_problem(await viewer.post(f"{action}/offer", json={"name": offers[0]["name"]}), 403, "forbidden")
    is_problem(await manager.post(f"{action}/offer", json={"name": "None such"}), 422, "rule.value", "offer")
    is_problem(await manager.post(f"{action}/offer", json={}), 422, "rule.value")
    changed = await manager.post(f"{action}/offer", json={"text": "Come by", "discount_pct": "0"})
    assert changed.json()["offer"] == "Come by"
    is_problem(await manager.post(f"{action}/copy", json={"message": "{{ secret }}"}), 422, "rule.value", "text")
    assert (await manager.post(f"{action}/copy", json={"message": "Hello there"})).json()["message"] == "Hello there"
    is_problem(await manager.post(f"{action}/move", json={"day": "2020-01-01"}), 422, "rule.value", "day")
    assert (await manager.post(f"{action}/skip", json={"note": "moved away"})).json()["status"] == "skipped"
    assert (await manager.post(f"{path}/skip", json={"channel": "email"})).json()["skipped"] > 0
    assert (await manager.post(f"{path}/undo")).json()["kind"] == "skip"
    edits: list[dict[str, Any]] = (await viewer.get(f"{path}/edits")).json()["items"]
    assert [edit["kind"] for edit in edits] == ["skip", "skip", "copy", "offer"]
    taken_back = (await viewer.get(f"{path}/edits", params={"kind": "skip", "is_undone": "true"})).json()
    assert [(edit["actions"] > 1, edit["kind"]) for edit in taken_back["items"]] == [(True, "skip")], "one, together"
    again = (await manager.post(f"{path}/simulate")).json()
    assert again["summary"]["totals"]["sends"] == made["summary"]["totals"]["sends"] - 1
    assert len(again["edits"]) == 4
    assert (await manager.post(f"{path}/plans/1/choose")).json()["is_current"] is True


async def test_a_large_plan_is_simulated_by_a_job(
    templates: None, manager: Client, viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await plan(manager)
    monkeypatch.setattr(simulation_job, "AT_ONCE", 0)
    is_problem(await viewer.post(f"{path}/simulate"), 403, "forbidden")
    before = (await viewer.get(f"{path}/plans/1")).json()["summary"]
    first = (await viewer.get("/actions", params={"campaign_id": path[11:], "status": "pending"})).json()["items"][0]
    await manager.post(f"/actions/{first['id']}/skip", json={})
    started = await manager.post(f"{path}/simulate")
    assert (started.status_code, set(started.json())) == (202, {"job_id"})
    job = started.headers["Location"].removeprefix("/api/v1")
    assert (await manager.post(f"{path}/simulate")).json() == started.json(), "asking twice asks once"
    assert (await manager.post(f"{job}/cancel")).json()["status"] == "cancelled"
    again = UUID((await manager.post(f"{path}/simulate")).json()["job_id"])

    told: list[str] = []
    progress = queue.JobContext.progress

    async def stopped_at_the_law(self: queue.JobContext, done: int, total: int, message: str | None = None) -> None:
        told.append(f"{done}/{total} {message}")
        if "law" in (message or "") and len(told) < 6:
            await manager.post(f"/jobs/{again}/cancel")
        await progress(self, done, total, message)

    monkeypatch.setattr(queue.JobContext, "progress", stopped_at_the_law)
    assert await queue.run(again, TASKS) is JobStatus.CANCELLED
    assert [line.split()[0] for line in told] == ["0/4", "1/4", "2/4", "3/4"]
    assert (await viewer.get(f"{path}/plans/1")).json()["summary"] == before, "stopped half way, nothing has changed"
    last = UUID((await manager.post(f"{path}/simulate")).json()["job_id"])
    told.extend(["stopped once is enough"] * 6)
    assert await queue.run(last, TASKS) is JobStatus.SUCCEEDED
    after = (await viewer.get(f"{path}/plans/1")).json()["summary"]
    assert after["totals"]["sends"] < before["totals"]["sends"]


async def test_guidance_is_read_by_marketers_and_written_by_admins(
    manager: Client, admin: Client, viewer: Client
) -> None:
    is_problem(await viewer.get("/settings/guidance"), 403, "forbidden")
    first = await manager.get("/settings/guidance")
    assert first.json()["row"]["version"] == 0
    is_problem(await manager.patch("/settings/guidance", json={"tone": "x"}), 403, "forbidden")
    is_problem(
        await admin.patch("/settings/guidance", json={"max_discount_pct": "200"}), 422, "rule.value", "max_discount_pct"
    )
    is_problem(await admin.patch("/settings/guidance", json={"tone": None}), 422, "invalid")
    headers = {"If-Match": first.headers["etag"]}
    changed = await admin.patch("/settings/guidance", json={"admin_above_discount": None}, headers=headers)
    assert (changed.json()["row"]["version"], changed.json()["row"]["guidance"]["admin_above_discount"]) == (1, None)
    stale = await admin.patch("/settings/guidance", json={"tone": "y"}, headers=headers)
    is_problem(stale, 412, "precondition_failed")
    old = (await manager.get("/settings/guidance", params={"version": 0})).json()
    assert old["row"]["guidance"]["admin_above_discount"] == "1000"
    is_problem(await viewer.post("/settings/autopilot/stop"), 403, "forbidden")
    assert (await manager.post("/settings/autopilot/stop")).json()["stopped"] is True
    is_problem(await manager.post("/settings/autopilot/release"), 403, "forbidden")
    assert (await admin.post("/settings/autopilot/release")).json()["stopped"] is False

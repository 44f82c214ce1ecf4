"""Uploading a file over HTTP."""

from __future__ import annotations

import json
from uuid import UUID

import httpx
import pytest

from liquor_app.core import queue
from liquor_app.core.models import JobStatus
from liquor_app.customers.tasks import TASKS
from liquor_app.customers.uploads import upload_folder
from tests.api.client import Client, is_problem

pytestmark = pytest.mark.integration

CSV = b"E-Mail,Who\nada@example.com,Ada\nnot an address,Bo\n"


async def send(client: Client, content: bytes = CSV, key: str = "", **fields: str) -> httpx.Response:
    files = {"file": ("../../people.csv", content, "text/csv")}
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post("/customers/import", files=files, data=fields, headers=headers)


def waiting() -> int:
    return len(list(upload_folder().glob("*.csv")))


async def test_upload_follow_and_fetch_the_rejects(manager: Client, viewer: Client) -> None:
    answer = await send(manager, policy="overwrite", mapping=json.dumps({"email": "E-Mail", "name": "Who"}))
    assert answer.status_code == 202, answer.text
    job_id, import_id = answer.json()["job_id"], answer.json()["import_id"]
    assert answer.headers["location"] == f"/api/v1/jobs/{job_id}"
    assert (await manager.get(f"/imports/{import_id}")).json()["status"] == "queued"
    is_problem(await manager.get(f"/imports/{import_id}/rejects"), 404, "not_found")
    assert await queue.run(UUID(job_id), TASKS) is JobStatus.SUCCEEDED
    job = (await manager.get(f"/jobs/{job_id}")).json()
    assert (job["status"], job["result"]["created"], job["result"]["rejected"]) == ("succeeded", 1, 1)
    row = (await manager.get("/imports")).json()["items"][0]
    assert (row["file_name"], row["policy"], row["created"], row["rejected"]) == ("people.csv", "overwrite", 1, 1)
    rejects = await manager.get(f"/imports/{import_id}/rejects")
    assert rejects.headers["content-type"].startswith("text/csv")
    assert "not an address" in rejects.text
    assert (await viewer.get("/customers")).json()["items"][0]["name"] == "Ada"
    is_problem(await viewer.get(f"/imports/{import_id}"), 403, "forbidden")


async def test_bad_uploads_leave_no_file_behind(manager: Client, viewer: Client, anybody: Client) -> None:
    before = waiting()
    is_problem(await send(anybody), 401, "unauthenticated")
    is_problem(await send(viewer), 403, "forbidden")
    is_problem(await send(manager, kind="orders"), 422, "invalid", "kind")
    is_problem(await send(manager, policy="merge"), 422, "invalid", "policy")
    is_problem(await send(manager, mapping="{"), 422, "invalid", "mapping")
    is_problem(await send(manager, colour="red"), 422, "invalid", "colour")
    is_problem(await manager.post("/customers/import", data={"kind": "customers"}), 422, "invalid", "file")
    is_problem(await manager.post("/customers/import", json={}), 422, "invalid", "file")
    assert waiting() == before


async def test_a_repeated_upload_with_a_key_is_one_import(manager: Client) -> None:
    before = waiting()
    first, second = await send(manager, key="nightly"), await send(manager, key="nightly")
    assert first.json() == second.json()
    assert waiting() == before + 1
    other = await send(manager, CSV + b"c@d.co,Cy\n", key="nightly")
    is_problem(other, 422, "invalid", "Idempotency-Key")
    assert waiting() == before + 1


async def test_an_upload_beyond_the_cap_is_refused(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from liquor_app.customers import api as customers
    from liquor_app.routes import create_api

    monkeypatch.setitem(customers.LARGE_BODIES, "/api/v1/customers/import", 10_000)
    transport = httpx.ASGITransport(create_api(), raise_app_exceptions=False)
    before = waiting()
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as http:
        small = Client(http, manager.headers)
        is_problem(await send(small, b"email\n" + b"a@b.co\n" * 5000), 413, "content_too_large")
        assert (await send(small)).status_code == 202
    assert waiting() == before + 1


async def test_jobs(manager: Client, viewer: Client) -> None:
    job_id = (await send(manager)).json()["job_id"]
    is_problem(await viewer.post(f"/jobs/{job_id}/cancel"), 403, "forbidden")
    cancelled = await manager.post(f"/jobs/{job_id}/cancel")
    assert cancelled.json()["status"] == "cancelled"
    assert await queue.run(UUID(job_id), TASKS) is None
    is_problem(await viewer.get("/jobs/018f0000-0000-7000-8000-000000000000"), 404, "not_found")

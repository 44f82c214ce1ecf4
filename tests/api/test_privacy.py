"""A person's rights over HTTP: carried away, erased, objecting; for whom, and how often."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from uuid import UUID

import pytest

from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job
from tests.api.client import Client, is_problem
from tests.people import add_customer
from tests.privacy.planted import execute, run_jobs, scalar

pytestmark = pytest.mark.integration


async def person(**columns: Any) -> UUID:
    async with transaction() as session:
        return await add_customer(session, **columns)


async def test_everything_is_carried_away(manager: Client, viewer: Client) -> None:
    customer = await person(name="Ada Lovelace")
    assert (await viewer.post(f"/customers/{customer}/personal-data")).status_code == 403
    assert (await manager.post(f"/customers/{uuid7()}/personal-data")).status_code == 404
    asked = await manager.post(f"/customers/{customer}/personal-data", headers={"Idempotency-Key": "once"})
    again = await manager.post(f"/customers/{customer}/personal-data", headers={"Idempotency-Key": "once"})
    assert (asked.status_code, again.json()) == (202, asked.json())
    await run_jobs(Job.EXPORT_PERSON)
    told = (await manager.get(f"/jobs/{asked.json()['job_id']}/file")).json()
    assert told["name"] == "person.zip"
    file = await manager.get(told["url"])
    held = json.loads(zipfile.ZipFile(io.BytesIO(file.content)).read("person.json"))
    assert held["customers"][0]["name"] == "Ada Lovelace"
    assert (await viewer.get(told["url"])).status_code == 404, "told as none"


async def test_an_erasure_is_meant(admin: Client, manager: Client) -> None:
    customer = await person(name="Ada Lovelace")
    path = f"/customers/{customer}/erasure"
    assert (await manager.post(path, json={"ground": "asked", "confirm": True})).status_code == 403
    assert (await admin.get(path)).status_code == 404
    for body in ({"ground": "asked", "confirm": False}, {"confirm": True}, {"ground": "whim", "confirm": True}):
        assert (await admin.post(path, json=body)).status_code == 422
    asked = await admin.post(path, json={"ground": "asked", "confirm": True})
    assert asked.status_code == 202
    assert (await admin.get(path)).json()["status"] == "asked"
    assert (await admin.get(f"/customers/{customer}")).status_code == 404, "gone at once"
    await run_jobs(Job.ERASE_PERSON)
    done = (await admin.get(path)).json()
    assert (done["status"], done["ground"], done["told"]["customers"]) == ("done", "asked", 1)
    assert (await admin.post(path, json={"ground": "asked", "confirm": True})).status_code == 409
    assert (await manager.get(path)).status_code == 403


async def test_an_objection_is_recorded_once_and_taken_back(manager: Client, viewer: Client) -> None:
    customer = await person()
    path = f"/customers/{customer}/objection"
    assert (await viewer.call("PUT", path, json={"objects": True})).status_code == 403
    assert (await manager.call("PUT", f"/customers/{uuid7()}/objection", json={"objects": True})).status_code == 404
    first = (await manager.call("PUT", path, json={"objects": True})).json()
    assert first["profiling_objected_at"] is not None
    assert (await manager.call("PUT", path, json={"objects": True})).json() == first
    assert (await manager.get(f"/customers/{customer}")).json()["profiling_objected_at"] == first[
        "profiling_objected_at"
    ]
    assert (await manager.call("PUT", path, json={"objects": False})).json() == {"profiling_objected_at": None}
    assert await scalar("SELECT count(*) FROM audit_log WHERE action = 'customer.objection'") == 2


async def test_the_scores_of_who_objects_go_with_the_next_scoring(manager: Client) -> None:
    customer = await person(rfm_segment="At_Risk", churn_probability=0.7)
    await manager.call("PUT", f"/customers/{customer}/objection", json={"objects": True})
    await run_jobs(Job.SCORE_CUSTOMERS)
    row = (await manager.get(f"/customers/{customer}")).json()
    assert (row["rfm_segment"], row["churn_probability"], row["clv_score"]) == (None, None, None)


async def test_an_anonymised_copy_is_asked_for(admin: Client, manager: Client, viewer: Client) -> None:
    for other in (manager, viewer):
        is_problem(await other.post("/anonymised-copies"), 403, "forbidden")
    asked = await admin.post("/anonymised-copies", headers={"Idempotency-Key": "once"})
    again = await admin.post("/anonymised-copies", headers={"Idempotency-Key": "once"})
    assert (asked.status_code, again.json()) == (202, asked.json())
    where = f"/jobs/{asked.json()['job_id']}"
    is_problem(await admin.get(f"{where}/file"), 409, "rule.state")
    await run_jobs(Job.ANONYMISE_BASE)
    told = (await admin.get(f"{where}/file")).json()
    assert told["name"] == "anonymised.zip"
    is_problem(await manager.get(f"{where}/file"), 404, "not_found")
    is_problem(await manager.get(told["url"]), 404, "not_found")
    packed = zipfile.ZipFile(io.BytesIO((await admin.get(told["url"])).content))
    assert sorted(packed.namelist()) == ["customers.csv", "purchase_lines.csv", "purchases.csv", "sends.csv"]
    job = (await admin.get(where)).json()
    assert (job["done"], job["total"]) == (4, 4)
    assert await scalar("SELECT count(*) FROM audit_log WHERE action IN ('base.copy_asked', 'base.anonymised')") == 2


async def test_who_is_no_admin_any_more_gets_no_copy(admin: Client) -> None:
    asked = (await admin.post("/anonymised-copies")).json()["job_id"]
    await execute("UPDATE users SET role = 'manager' WHERE role = 'admin'")
    with pytest.raises(AssertionError, match="needs the role Admin"):
        await run_jobs(Job.ANONYMISE_BASE)
    assert await scalar("SELECT status FROM jobs WHERE id = :id", id=asked) == "failed"
    assert await scalar("SELECT count(*) FROM audit_log WHERE action = 'base.anonymised'") == 0

"""What somebody leaves in the audit log: that they stopped others' work, never whom they looked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.changed_fields import HIDDEN, told_filters
from liquor_app.accounts.list_exports import request_export
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.lists import SUPPRESSIONS
from liquor_app.segments.lists import CUSTOMERS
from tests.api.client import Client, is_problem
from tests.lists.contract import declared

SOUGHT = "jane.private@example.net"


async def logged(action: str) -> list[Any]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT actor_id, entity_id, changes FROM audit_log WHERE action = :action ORDER BY id"),
            {"action": action},
        )
        return list(found.mappings())


@pytest.mark.integration
@pytest.mark.parametrize("sought", [SOUGHT, "212-555-0199", "+1 212 555 0199"])
async def test_whom_an_export_asked_for_is_not_written_down(manager: Client, sought: str) -> None:
    answer = await manager.get("/suppressions/export", params={"address": sought, "reason": "complained"})
    assert answer.status_code == 200, answer.text
    async with transaction() as session:
        await request_export(session, SYSTEM, SUPPRESSIONS, ListQuery(filters={"address": sought}))
    entries = await logged("suppressions.exported")
    assert [one["changes"]["filters"] for one in entries] == [
        {"address": HIDDEN, "reason": "complained"}, {"address": HIDDEN}
    ]  # fmt: skip
    assert sought not in json.dumps([one["changes"] for one in entries])


def test_no_filter_of_any_list_writes_an_address_down() -> None:
    for spec in declared().values():
        filters = {one.name: f"x,{SOUGHT}" for one in spec.filters}
        assert SOUGHT not in json.dumps(told_filters(spec, filters)), spec.name
    assert told_filters(CUSTOMERS, {"segment": "loyal", "state": ""}) == {"segment": "loyal"}


@pytest.mark.integration
async def test_whoever_stops_anothers_job_is_written_down(manager: Client, viewer: Client) -> None:
    async with transaction() as session:
        job = await request_export(session, SYSTEM, CUSTOMERS, ListQuery())
    is_problem(await viewer.post(f"/jobs/{job}/cancel"), 403, "forbidden")
    assert await logged("job.cancel_asked") == []
    for _ in range(3):  # once, however often it is asked
        assert (await manager.post(f"/jobs/{job}/cancel")).json()["status"] == "cancelled"
    (entry,) = await logged("job.cancel_asked")
    assert (entry["entity_id"], entry["changes"]) == (job, {"job": "export_rows"})
    assert entry["actor_id"] is not None

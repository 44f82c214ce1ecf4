"""Kinds of messages pinned and forbidden over HTTP, by role."""

from __future__ import annotations

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.segments.service import create_segment
from tests.api.client import Client, is_problem

pytestmark = pytest.mark.integration


async def test_over_http_by_role(manager: Client, viewer: Client) -> None:
    async with transaction() as session:
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    cell = {"segment": "all", "offer": "Favourite category", "channel": "email"}
    body = {"effect": "forbid", **cell, "reason": "Sold out"}
    is_problem(await viewer.post("/analytics/learning/rules", json=body), 403, "forbidden")
    made = await manager.post("/analytics/learning/rules", json=body)
    assert made.status_code == 201
    (rule,) = (await viewer.get("/analytics/learning/rules")).json()["rules"]
    assert (rule["effect"], rule["offer"], rule["why"], rule["due"]) == ("forbid", cell["offer"], "Sold out", "")
    is_problem(await manager.post("/analytics/learning/rules", json=body), 409, "rule.state", "offer")
    path = f"/analytics/learning/rules/{rule['id']}"
    is_problem(await viewer.delete(path), 403, "forbidden")
    assert (await manager.delete(path)).status_code == 204
    is_problem(await manager.delete(path), 404, "not_found")
    assert (await viewer.get("/analytics/learning/rules")).json() == {"rules": []}

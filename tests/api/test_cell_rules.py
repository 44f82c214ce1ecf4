"""Kinds of messages pinned and forbidden over HTTP, by role."""

from __future__ import annotations

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.offering.cell_rules import RuleEffect
from liquor_app.core.db import transaction
from liquor_app.experiments.rule_cost import rule_cost
from liquor_app.segments.service import create_segment
from tests.api.client import Client, is_problem

pytestmark = pytest.mark.integration


async def test_over_http_by_role(manager: Client, viewer: Client) -> None:
    async with transaction() as session:
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    cell = {"segment": "all", "offer": "Favourite category", "channel": "email"}
    body = {"effect": "forbid", **cell, "reason": "Sold out"}
    is_problem(await viewer.post("/analytics/learning/rules", json=body), 403, "forbidden")
    await _told_beforehand(viewer, {"effect": "forbid", **cell})
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


async def _told_beforehand(viewer: Client, rule: dict[str, str]) -> None:
    """What forbidding is expected to lose is what the page says before anybody does."""
    found = await viewer.get("/analytics/learning/rule-cost", params=rule)
    assert found.status_code == 200
    told = found.json()
    async with transaction() as session:
        kind = {name: value for name, value in rule.items() if name != "effect"}
        page = await rule_cost(session, SYSTEM, effect=RuleEffect(rule["effect"]), **kind)
    assert (told["segment"], told["people"], told["words"]) == ("All", 0, page.words)
    assert float(told["each"]) == pytest.approx(page.each, abs=0.005)
    assert (told["free"], told["instead"], told["basis"]) == (page.free, page.instead, page.basis)
    for wrong, code, field in (
        ({"segment": "nobody"}, "rule.unknown", "segment"),
        ({"offer": "nothing"}, "rule.unknown", "offer"),
        ({"channel": "fax"}, "rule.unknown", "offer"),
        ({"effect": "burn"}, "invalid", "effect"),
    ):
        is_problem(await viewer.get("/analytics/learning/rule-cost", params=rule | wrong), 422, code, field)

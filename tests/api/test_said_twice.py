"""A parameter said twice is refused: the last one counted, and who wrote the first did not know."""

from __future__ import annotations

import pytest

from tests.api.client import is_problem
from tests.security.test_generated import Shop, Spec, shop

__all__ = ["shop"]

pytestmark = pytest.mark.integration


async def test_no_route_takes_a_parameter_twice(shop: Shop) -> None:
    spec = Spec((await shop.client.get("/openapi.json")).json())
    asked = 0
    for method, template, operation in spec.operations():
        mine = {one["name"]: one["schema"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        if method != "GET" or not mine or "/webhooks/" in template:
            continue
        assert not any(schema.get("type") == "array" for schema in mine.values()), template
        name = next((name for name in ("limit", "fields", "effect", "by") if name in mine), next(iter(mine)))
        path = await shop.fill(template)
        answer = await shop.client.get(path, params=[(name, "1"), (name, "1")])
        if answer.status_code == 422 and "twice" not in answer.json()["detail"]:
            continue  # the value itself is refused first
        assert "is said twice" in is_problem(answer, 422, "invalid", name)["detail"], template
        asked += 1
    assert asked > 20


async def test_the_first_effect_is_not_forgotten(shop: Shop) -> None:
    """`effect=pin&effect=forbid` told what forbidding costs."""
    params = [("effect", "pin"), ("effect", "forbid"), ("segment", "all"), ("offer", "x"), ("channel", "email")]
    answer = await shop.client.get("/analytics/learning/rule-cost", params=params)
    assert is_problem(answer, 422, "invalid", "effect")["detail"] == "effect is said twice: say it once"

"""What is refused, and how it is told: a broken shape, a rule, a method that is not there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.api.client import Client, is_problem, whole_api

pytestmark = pytest.mark.integration

NOBODY = "018f0000-0000-7000-8000-000000000000"


@pytest.mark.parametrize("query", ["serach=x", "fields=no_such", "limit=0"])
async def test_whoever_asks_wrongly_is_known_and_counted_first(admin: Client, anybody: Client, query: str) -> None:
    path = f"/segments?{query}"
    is_problem(await anybody.get(path), 401, "unauthenticated")
    answer = await admin.get(path)
    is_problem(answer, 422, "invalid")
    before = answer.headers["ratelimit"]
    assert (await admin.get(path)).headers["ratelimit"] != before


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("OPTIONS", f"/api/v1/segments/{NOBODY}", "DELETE, GET, PATCH"),
        ("DELETE", "/api/v1/segments", "GET, POST"),
        ("PUT", f"/api/v1/drop-folders/{NOBODY}/look", "POST"),
        ("OPTIONS", "/api/v1/customers/import", "POST"),
        ("POST", "/api/v1/users/me", "GET, PATCH"),
    ],
)
async def test_a_405_names_all_there_is(admin: Client, method: str, path: str, allowed: str) -> None:
    answer = await admin.call(method, path)
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("given", [0, 20261102, "0", "-1", "1e3", 1.5, True])
async def test_a_number_is_no_day_and_no_time(admin: Client, given: Any) -> None:
    customer = (await admin.post("/customers", json={"email": "a@example.com"})).json()["id"]
    body = {"date_of_birth": given, "proof": "driving licence, at the counter"}
    is_problem(await admin.post(f"/customers/{customer}/age", json=body), 422, "invalid", "date_of_birth")
    event = {"event_type": "page_view", "email": "a@example.com", "occurred_at": given}
    is_problem(await admin.post("/events", json=event), 422, "invalid", "occurred_at")


async def test_null_is_told_of_the_field_that_has_it(admin: Client) -> None:
    made = await admin.post("/campaigns", json={"name": "Week", "target_segments": ["at_risk"]})
    answer = await admin.patch(f"/campaigns/{made.json()['id']}", json={"name": None})
    is_problem(answer, 422, "invalid", "name")
    shape = whole_api().openapi()["components"]["schemas"]["CampaignPatch"]["properties"]
    assert shape["name"]["type"] == "string"
    assert {"type": "null"} in shape["description"]["anyOf"]


async def test_what_breaks_the_shape_and_a_rule_breaks_the_shape(admin: Client) -> None:
    rule = {"name": "a\0b", "target_segments": ["at_risk"]}
    is_problem(await admin.post("/campaigns", json=rule), 422, "rule.unstorable", "name")
    is_problem(await admin.post("/campaigns", json={**rule, "engine": 5}), 422, "rule.unstorable", "name")
    early = {"name": "Week", "target_segments": ["at_risk"], "start_date": "1850-01-01"}
    is_problem(await admin.post("/campaigns", json=early), 422, "rule.value", "start_date")
    is_problem(await admin.post("/campaigns", json={**early, "engine": "x"}), 422, "invalid")


@pytest.mark.parametrize(
    ("value", "code"), [("51", "rule.value"), (51, "invalid"), ("ten", "invalid"), (0.125, "rule.value")]
)
async def test_a_number_in_a_text_has_its_bounds_by_a_rule(admin: Client, value: Any, code: str) -> None:
    body = {"name": "Week", "target_segments": ["at_risk"], "holdout_pct": value}
    is_problem(await admin.post("/campaigns", json=body), 422, code, "holdout_pct")


@pytest.mark.parametrize("key", ["", "two words", "ключ", "x" * 256])
async def test_an_idempotency_key_is_as_it_is_described(admin: Client, key: str) -> None:
    given: Any = {"Idempotency-Key": key.encode()}
    answer = await admin.post("/segments", json={"name": "A", "rules": {"all": []}}, headers=given)
    is_problem(answer, 422, "invalid", "Idempotency-Key")


async def test_a_campaign_speaks_for_a_brand_and_is_judged_by_what_was_chosen(admin: Client) -> None:
    brand = (await admin.get("/settings/brands")).json()[0]["id"]
    body: dict[str, Any] = {"name": "Week", "target_segments": ["at_risk"]}
    plain = (await admin.post("/campaigns", json=body)).json()
    assert (plain["brand_id"], plain["target_kpis"]) == (brand, ["conversion_rate", "incremental_revenue"])
    chosen = {**body, "brand_id": brand, "target_kpis": ["open_rate", "click_rate", "open_rate"]}
    made = (await admin.post("/campaigns", json=chosen)).json()
    assert (made["brand_id"], made["target_kpis"]) == (brand, ["open_rate", "click_rate"])
    told = (await admin.get(f"/campaigns/{made['id']}/analytics")).json()
    assert told["targets"] == {"open_rate": None, "click_rate": None}
    changed = await admin.patch(f"/campaigns/{made['id']}", json={"target_kpis": ["delivery_rate"], "brand_id": brand})
    assert changed.json()["target_kpis"] == ["delivery_rate"]
    other = {**body, "brand_id": str(UUID(int=7))}
    is_problem(await admin.post("/campaigns", json=other), 422, "rule.unknown", "brand_id")
    nobodys = await admin.patch(f"/campaigns/{made['id']}", json={"brand_id": NOBODY})
    is_problem(nobodys, 422, "rule.unknown", "brand_id")
    is_problem(await admin.post("/campaigns", json={**body, "target_kpis": ["fame"]}), 422, "invalid", "target_kpis.0")
    is_problem(await admin.post("/campaigns", json={**body, "target_kpis": []}), 422, "invalid", "target_kpis")


def test_an_answer_of_some_fields_needs_none_of_them() -> None:
    document = whole_api().openapi()
    shapes = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        operation = operations.get("get", {})
        if any(one["name"] == "fields" for one in operation.get("parameters", ())):
            told = operation["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
            whole, some = (shapes[one["$ref"].rpartition("/")[2]] for one in told)
            if "next_cursor" in some["properties"]:
                whole, some = (
                    shapes[one["properties"]["items"]["items"]["$ref"].rpartition("/")[2]] for one in (whole, some)
                )
            assert "required" in whole, path
            assert "required" not in some, path
            assert some["properties"] == whole["properties"], path

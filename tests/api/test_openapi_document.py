"""The document tells what holds for every route: who may call, and what a refusal looks like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from liquor_app.api.application import DOORS
from liquor_app.api.openapi_document import ANSWERS
from tests.api.client import Client, is_problem, whole_api

pytestmark = pytest.mark.integration

DOCUMENT: dict[str, Any] = whole_api().openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for one in node.values():
            yield from refs(one)
    elif isinstance(node, list):
        for one in node:
            yield from refs(one)


def resolved(ref: str) -> Any:
    found: Any = DOCUMENT
    for part in ref.removeprefix("#/").split("/"):
        found = found[part]
    return found


def names(operation: dict[str, Any]) -> set[str]:
    return {one["name"] for one in operation.get("parameters", ())}


def test_everything_that_is_referred_to_is_there() -> None:
    assert all(resolved(ref) is not None for ref in set(refs(DOCUMENT)))
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)


def test_every_refusal_has_the_shape_of_one() -> None:
    for method, path, operation in operations():
        told = {int(status) for status in operation["responses"]}
        assert {422, 429, 500, 503} <= told, f"{method} {path}"
        for status in told - {200, 201, 202, 204, 303, 406}:
            response = operation["responses"][str(status)]
            response = resolved(response["$ref"]) if "$ref" in response else response
            if "/webhooks/" not in path:
                assert "application/problem+json" in response["content"], f"{method} {path} {status}"
    problem = resolved("#/components/schemas/Problem")
    assert set(problem["required"]) == {"type", "title", "status", "code", "detail"}
    assert {str(one) for one in ANSWERS} == set(DOCUMENT["components"]["responses"])


def test_who_may_call_is_told_of_all_but_the_doors() -> None:
    for method, path, operation in operations():
        assert ("security" in operation) is not path.startswith(DOORS), f"{method} {path}"
    assert set(DOCUMENT["components"]["securitySchemes"]) == {"bearer", "key", "session"}


def test_versions_and_repeats_are_told_where_they_are_taken() -> None:
    for method, path, operation in operations():
        takes = "If-Match" in names(operation)
        assert takes or method not in {"PATCH", "DELETE"}, f"{method} {path}"
        assert takes is ("412" in operation["responses"]), f"{method} {path}"
        if "Idempotency-Key" in names(operation):
            assert method in {"POST", "PUT"}, f"{method} {path}"
    told = {f"{method} {path}" for method, path, operation in operations() if "Idempotency-Key" in names(operation)}
    assert {"POST /api/v1/customers", "PUT /api/v1/customers", "POST /api/v1/customers/bulk"} <= told


async def test_where_it_says_so_a_repeated_call_is_answered_again(manager: Client) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await manager.post("/customers", json={"email": "a@example.com"}, headers=key)
    again = await manager.post("/customers", json={"email": "a@example.com"}, headers=key)
    assert (first.status_code, again.status_code, again.headers["idempotency-replayed"]) == (201, 201, "true")


async def test_refusals_are_of_the_shape_that_is_told(manager: Client, anybody: Client) -> None:
    properties = resolved("#/components/schemas/Problem")["properties"]
    for answer, status, code in (
        (await anybody.get("/customers"), 401, "unauthenticated"),
        (await manager.get("/audit"), 403, "forbidden"),
        (await manager.get("/customers/018f0000-0000-7000-8000-000000000000"), 404, "not_found"),
        (await manager.post("/customers", json={"email": 5, "phone": 7}), 422, "invalid"),
    ):
        body = is_problem(answer, status, code)
        assert set(body) <= set(properties)

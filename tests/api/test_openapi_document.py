"""The document tells what holds for every route: who may call, and what a refusal looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from liquor_app.api.application import DOORS
from liquor_app.api.openapi_document import ANSWERS
from liquor_app.core.ids import uuid7
from liquor_app.rest.kit.body_examples import EXAMPLES
from tests.api.client import Client, is_problem, whole_api

pytestmark = pytest.mark.integration

DOCUMENT: dict[str, Any] = whole_api().openapi()
REFUSED_HERE = {
    "POST /auth/login": "401 unauthenticated",
    "POST /auth/refresh": "401 unauthenticated",
    "POST /auth/register": "403 forbidden",
    "POST /auth/password": "422 rule.value token",
    "POST /auth/passkeys/finish": "401 unauthenticated",
    "POST /users/me/passkeys/begin": "422 rule.value current_password",
    "POST /users/me/passkeys": "422 rule.value credential",
    "POST /users/me/two-steps": "422 rule.value current_password",
    "POST /users/me/two-steps/confirm": "409 rule.state",
    "POST /users/me/two-steps/off": "422 rule.value current_password",
    "POST /customers/bulk": "422 rule.value ids",
    "POST /campaigns/bulk": "422 rule.value ids",
    "POST /campaigns/generate": "422 rule.value target_segments",
    "POST /analytics/learning/rules": "422 rule.unknown offer",
}
"""Examples that this shop refuses: they name secrets, links and things it does not have."""


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


def bodies() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every body of JSON: its operation's verb and path, and what is said of it."""
    for method, path, operation in operations():
        if (said := operation.get("requestBody", {}).get("content", {}).get("application/json")) is not None:
            yield method, path, said


def keeps_to_its_shape(said: dict[str, Any], where: str) -> None:
    """What is said of a body or an answer shows an example, and each is one."""
    shown = [said["example"]] if "example" in said else [one["value"] for one in said.get("examples", {}).values()]
    assert shown, f"{where} shows nothing"
    whole = {**said["schema"], "components": DOCUMENT["components"]}
    checker = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    for one in shown:
        assert [str(error) for error in checker.iter_errors(one)] == [], where


def test_every_answer_is_shown_by_an_example_that_keeps_to_its_shape() -> None:
    seen = 0
    for method, path, operation in operations():
        for status, answer in operation["responses"].items():
            said = answer.get("content", {}).get("application/json") if status.startswith("2") else None
            if said is not None:
                keeps_to_its_shape(said, f"{method} {path} {status}")
                assert said["example"] not in ({}, [], None, ""), f"{method} {path} shows nothing"
                seen += 1
    assert seen > 150


def test_every_form_is_shown_by_an_example_that_keeps_to_its_shape() -> None:
    shown = set()
    for method, path, operation in operations():
        said = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
        if said is not None:
            keeps_to_its_shape(said, f"{method} {path}")
            assert set(said["example"]) == set(said["schema"]["properties"]), path
            shown.add(path)
    assert len(shown) == 3


def test_every_body_is_shown_by_an_example_that_keeps_to_its_shape() -> None:
    for method, path, said in bodies():
        keeps_to_its_shape(said, f"{method} {path}")
    assert {f"{method} {path.removeprefix('/api/v1')}" for method, path, said in bodies() if "example" in said} == set(
        EXAMPLES
    ), "an example of no operation"


async def test_what_is_shown_is_taken(admin: Client, anybody: Client) -> None:
    """Each example is sent: nothing is wrong with it but that the shop has no such thing, or is in another state."""
    told = {}
    for operation, body in EXAMPLES.items():
        method, path = operation.split(" ")
        caller = anybody if path.startswith("/auth/") else admin
        answer = await caller.call(method, re.sub(r"\{\w+\}", str(uuid7()), path), json=body)
        if not answer.is_success and answer.status_code != 404:
            told[operation] = f"{answer.status_code} {answer.json()['code']} {answer.json().get('field', '')}".strip()
    assert told == REFUSED_HERE

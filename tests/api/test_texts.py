"""Text no database keeps: told with the field it stands in, at every route, and never a crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.core.storable_text import unstorable
from liquor_app.screens.customers.detail.manage_state import ActsState
from tests.api.client import Client, is_problem
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration

JSON = {"Content-Type": "application/json"}
BAD = ("\\u0000", "a\\ud800b")


def texts_in(spec: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> Iterator[tuple[str | int, ...]]:
    """Paths to every text a body may hold; of maps and lists one member."""
    if depth > 5:
        return
    if "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    for option in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from texts_in(spec, option, depth + 1)
    if schema.get("type") == "string" or not schema:
        yield ()
    if schema.get("type") == "array":
        yield from ((0, *rest) for rest in texts_in(spec, schema.get("items", {}), depth + 1))
    for name, part in schema.get("properties", {}).items():
        yield from ((name, *rest) for rest in texts_in(spec, part, depth + 1))
    if schema.get("additionalProperties"):
        inner = schema["additionalProperties"]
        yield from (("x", *rest) for rest in texts_in(spec, inner if isinstance(inner, dict) else {}, depth + 1))


def holding(path: tuple[str | int, ...], text: str) -> str:
    """A JSON document with this text at that place, and nothing else."""
    made = f'"{text}"'
    for step in reversed(path):
        made = f"[{made}]" if isinstance(step, int) else f"{{{json.dumps(step)}: {made}}}"
    return made


async def test_every_text_of_every_body(admin: Client) -> None:
    spec = (await admin.get("/openapi.json")).json()
    tried = 0
    for address, operations in spec["paths"].items():
        url = address.replace("{id}", "018f0000-0000-7000-8000-000000000000").replace("{version}", "1")
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            for path in set(texts_in(spec, body["schema"])) if body else ():
                if not path:
                    continue
                bad = BAD[tried % len(BAD)]
                answer = await admin.call(method.upper(), url, content=holding(path, bad), headers=JSON)
                if answer.status_code == 200:  # of many rows each is told for itself
                    (row,) = answer.json()["items"]
                    assert (row["outcome"], row["field"]) == ("refused", ".".join(map(str, path[1:]))), (
                        f"{method} {url}"
                    )
                    continue
                told = is_problem(answer, 422, "rule.unstorable")
                assert told["field"] == ".".join(str(step) for step in path), f"{method} {url}"
                tried += 1
    assert tried > 80


async def test_every_text_of_every_address(admin: Client) -> None:
    spec = (await admin.get("/openapi.json")).json()
    for address, operations in spec["paths"].items():
        url = address.replace("{id}", "018f0000-0000-7000-8000-000000000000").replace("{version}", "1")
        for parameter in operations.get("get", {}).get("parameters", ()):
            if parameter["in"] == "query":
                is_problem(await admin.get(f"{url}?{parameter['name']}=%00"), 422, "rule.unstorable")
        if "{" in address:
            assert (await admin.get(address.replace("{", "%00").replace("}", ""))).status_code == 422


async def test_names_and_the_doors(admin: Client, anybody: Client) -> None:
    is_problem(
        await admin.post("/customers", content='{"a\\ud800": 1}', headers=JSON), 422, "rule.unstorable", "a\\ud800"
    )
    is_problem(
        await admin.post("/events", content='{"properties": {"x": [{"y": "\\u0000"}]}}', headers=JSON),
        422, "rule.unstorable", "properties.x.0.y",
    )  # fmt: skip
    form = {"email": "a\x00@example.com", "password": "x"}
    for door in ("/session/login", "/session/first-admin"):
        answer = await anybody.post(door, data=form, headers={"Origin": "http://shop.test"})
        is_problem(answer, 422, "rule.unstorable", "email")
    for path, name in (("/imports", "kind"), ("/customers/import", "policy")):
        answer = await admin.post(path, data={name: "a\x00"}, files={"file": ("a.csv", b"email\na@b.co\n")})
        is_problem(answer, 422, "rule.unstorable", name)
    for page in ("/p/x", "/a/x", "/k/x"):
        answer = await anybody.http.post(page, data={"born": "\x00", "frequency": "\x00"})
        assert answer.status_code in {400, 404, 422}, page


async def test_a_form_on_a_page(database: str) -> None:
    tab = Tab("/customers/x", Actor(ActorKind.USER, None, "Ada", Role.ADMIN))
    state = await tab.state(ActsState)
    assert "source holds a character" in said(
        await run(ActsState.record, state, {"source": "a\x00", "status": "given"})
    )
    assert "The text holds a character" in said(await run(ActsState.ask, state, "\ud800"))


def test_whole_pairs_and_everything_else_are_text() -> None:
    assert unstorable({"a": ["😀", "é", 1, None, {"b": "x\n\t"}]}) is None
    assert unstorable(["a", {"b": "\udc00"}]) == "1.b"

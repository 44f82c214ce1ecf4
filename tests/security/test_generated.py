"""Generated cases: for every parameter and every field of every route, values nobody would type. None is a 5xx."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.paging import decode_cursor, encode_cursor
from tests.api.client import Client, is_problem
from tests.factories import add_people, add_ready_campaign

pytestmark = pytest.mark.integration

EACH = int(os.environ.get("LIQUOR_EACH", "1"))
"""Values tried for each parameter and field; which ones is drawn from those of its kind, always the same.
`make prove-security` tries four."""
DEPTHS = (150, 700, 3_000)
NOBODY = str(UUID(int=7))


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"all": [value]}
    return value


TEXTS: list[Any] = [
    "", " ", "\x00", "a\x00b", "\ud800", "x" * 20_000, "'; DROP TABLE users; --", "%00", "../../etc/passwd", "{{ x }}",
    "{% for a in (1..999999999) %}{% endfor %}", "LQ0QL", "LQ99999999999999999999QL", "🥃LQ3QL\u200d", "🥃" * 500,
    "\u202e", "NaN", "Infinity", "1e999", "-1", "null", "[]", "<script>", "a@b@c", "+", "mailto:", "http://[::1",
    "\x1b[31m", "\u2028", "٣", "İ" * 100, "ß" * 5_000,
]  # fmt: skip
NUMBERS: list[Any] = [
    -1, 0, 2**31, 2**63, -(2**63) - 1, 10**40, 1e308, -1e308, 0.1, 1e-308, True, "NaN", "Infinity", "-Infinity",
    "1e999", "1" * 400, "0x10", "1_0", "",
]  # fmt: skip
DAYS: list[Any] = [
    "0001-01-01", "9999-12-31", "0000-00-00", "2026-02-30", "-0001-01-01", "10000-01-01", "1900-01-01", "2026-W01-1",
    "", 0, 10**20, -(10**12),
]  # fmt: skip
MOMENTS: list[Any] = [
    "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z",
    "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "1969-12-31T23:59:60Z", "", 0, 1e18, -(10**15), "now",
]  # fmt: skip
IDS: list[Any] = [NOBODY, "0", "not-an-id", "\x00", str(UUID(int=0)), str(UUID(int=2**128 - 1)), "{" + NOBODY + "}"]
WRONG: list[Any] = [
    None,
    [],
    {},
    [[]],
    True,
    5,
    "x",
    nested(200),
    [None] * 2_000,
    {"": ""},
    {"\x00": 1},
    {"a" * 5_000: 1},
]
SORTS = ("name", "-name", "created_at", "-created_at", "-total_spent", "last_purchase_at", "-churn_probability", "x")
CURSORS: list[Any] = [
    "!", "e30", "W10", "WzFd", encode_cursor("x" * 500), encode_cursor("\x00", NOBODY),
    encode_cursor("\ud800", NOBODY), encode_cursor(10**40, NOBODY), encode_cursor(None, None),
    encode_cursor("0001-01-01T00:00:00+14:00", NOBODY), encode_cursor("9999-12-31T23:59:59-14:00", NOBODY),
    encode_cursor("0001-01-01", NOBODY), encode_cursor("2026-01-01T00:00:00", "x"), encode_cursor(1e308, NOBODY),
    encode_cursor("NaN", NOBODY), encode_cursor("Infinity", NOBODY), encode_cursor(-1, NOBODY), encode_cursor({}, []),
    encode_cursor(True, NOBODY), encode_cursor("x", NOBODY), encode_cursor("x", "x", "x"),
    encode_cursor("1e999999", NOBODY), encode_cursor(10**40),
    encode_cursor(NOBODY, "2026-01-01T00:00:00Z"), encode_cursor("sNaN", NOBODY),
]  # fmt: skip


class Spec:
    """The product's own description of its routes."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                yield method.upper(), path, operation

    def shape(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema without references and without "or null"."""
        while "$ref" in schema:
            found: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
            if choice.get("type") != "null":
                return self.shape(choice)
        return schema

    def sample(self, schema: dict[str, Any], depth: int = 0, *, least: bool = False) -> Any:
        """Something the schema would have; with `least` nothing it could do without."""
        shape = self.shape(schema)
        if "default" in schema and schema["default"] is not None:
            return schema["default"]
        if "enum" in shape:
            return shape["enum"][0]
        if "const" in shape:
            return shape["const"]
        match shape.get("type"):
            case "object":
                fields = shape.get("properties", {})
                wanted = fields if depth < 2 and not least else shape.get("required", ())
                return {name: self.sample(fields[name], depth + 1) for name in wanted}
            case "array":
                return [self.sample(shape.get("items", {}), depth + 1)] if depth < 3 else []
            case "integer" | "number":
                return max(1, shape.get("minimum", 1))
            case "boolean":
                return True
        return {"uuid": NOBODY, "date": "2026-11-02", "date-time": "2026-11-02T10:00:00Z", "time": "10:00:00"}.get(
            shape.get("format", ""), "a@example.com"
        )

    def hostile(self, name: str, schema: dict[str, Any]) -> list[Any]:
        """Values of the kind that a field with this schema would break on."""
        shape = self.shape(schema)
        if name in {"cursor"}:
            return CURSORS
        known = {"date": DAYS, "date-time": MOMENTS, "uuid": IDS, "time": [*MOMENTS, "24:00:00", "10:00"]}
        if shape.get("format") in known:
            return [*known[shape["format"]], *WRONG]
        if shape.get("type") in {"integer", "number"} or any(
            part.get("type") in {"integer", "number"} for part in schema.get("anyOf", ())
        ):
            return [*NUMBERS, *WRONG]
        if shape.get("type") == "array":
            return [*WRONG, [nested(50)], TEXTS, NUMBERS]
        if shape.get("type") == "object":
            return [*WRONG, {str(value)[:50]: value for value in TEXTS}]
        return [*TEXTS, *WRONG, *DAYS[:3], *NUMBERS[:6]]


def places(
    value: Any, schema: dict[str, Any], spec: Spec, depth: int = 0
) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Every field of a body, and of what is in it, with its schema."""
    shape = spec.shape(schema)
    if isinstance(value, dict) and depth < 4:
        for name, part in value.items():
            of = shape.get("properties", {}).get(name, {})
            yield [name], of
            yield from (([name, *path], found) for path, found in places(part, of, spec, depth + 1))
    elif isinstance(value, list) and value and depth < 4:
        of = shape.get("items", {})
        yield [0], of
        yield from (([0, *path], found) for path, found in places(value[0], of, spec, depth + 1))


def replaced(body: Any, path: list[Any], value: Any) -> Any:
    if not path:
        return value
    if isinstance(body, dict):
        return {**body, path[0]: replaced(body[path[0]], path[1:], value)}
    return [replaced(body[0], path[1:], value), *body[1:]]


class Shop:
    """A shop with one of each thing, by the path they are listed at."""

    def __init__(self, client: Client) -> None:
        self.client, self.known = client, dict[str, str]()

    async def fill(self, path: str) -> str:
        """The path of one thing that is there, if one is."""
        parts = path.split("/")
        for at, part in enumerate(parts):
            if part.startswith("{"):
                parts[at] = await self._one(part.strip("{}"), "/".join(parts[:at]))
        return "/".join(parts)

    async def _one(self, name: str, listed: str) -> str:
        if listed not in self.known:
            answer = await self.client.get(listed)
            items = answer.json() if answer.status_code == 200 else {}
            rows = items.get("items", []) if isinstance(items, dict) else items
            first = rows[0] if rows and isinstance(rows[0], dict) else {}
            self.known[listed] = str(first.get(name) or first.get("id") or ("1" if name == "version" else NOBODY))
        return self.known[listed]


@pytest.fixture
async def shop(admin: Client, templates: None) -> Shop:
    async with transaction() as session:
        people = await add_people(session, 3)
        ready = await add_ready_campaign(session, people)
        await session.execute(text("UPDATE campaigns SET status = 'awaiting_approval' WHERE id = :id"), {"id": ready})
    shop = Shop(admin)
    # one that may be changed and comes first, so that verbs find work to do
    shop.known["/api/v1/campaigns"] = str(ready)
    buyer = {**GOOD["POST /customers"], "email": "buyer@example.com"}
    for path, body in (
        ("/customers", buyer),
        *((path, GOOD[f"POST {path}"]) for path in ("/purchases", "/suppressions")),
    ):
        answer = await admin.post(path, json=body)
        assert answer.status_code < 300, answer.text
    return shop


def drawn(values: list[Any], place: str, each: int) -> list[Any]:
    """Some of them, others at each place, the same in each run."""
    return values if len(values) <= each else random.Random(place).sample(values, each)


def sendable(value: Any) -> str:
    return "" if value is None else str(value).encode("utf-8", "surrogatepass").decode("utf-8", "replace")


GOOD: dict[str, Any] = {
    "POST /segments": {
        "name": "Whisky lovers", "rules": {"all": [{"field": "total_spent", "op": "gte", "value": 100}]},
    },
    "PUT /customers": {"name": "Ann", "email": "ann@example.com", "tags": ["vip"], "custom": {"grape": "Rye"}},
    "POST /customers": {"name": "Ann", "email": "ann@example.com", "date_of_birth": "1980-05-05", "state": "ME"},
    "POST /campaigns": {"name": "Week", "target_segments": ["at_risk"]},
    "POST /campaigns/generate": {"target_segments": ["at_risk"]},
    "POST /settings/templates": {
        "name": "Letter", "channel": "email", "category": "win_back", "subject_template": "Hello",
        "body_html_template": "<p>Hello {{ customer.first_name }}</p>", "body_text_template": "Hello",
    },
    "POST /suppressions": {"addresses": ["ann@example.com"]},
    "POST /coupon-pools": {"name": "Pool", "discount_pct": 10},
    "POST /coupon-pools/{id}/codes": {"codes": ["KV7Q-2MRT"]},
    "POST /purchases": {
        "order_id": "A-1", "email": "buyer@example.com", "occurred_at": "2026-11-02T10:00:00Z",
        "lines": [{"amount": "12.50", "quantity": 1, "product": "Rye"}],
    },
    "POST /events": {"event_type": "page_view", "email": "buyer@example.com", "occurred_at": "2026-11-02T10:00:00Z"},
    "PATCH /settings/channels": {"channel": "email", "provider": "sandbox"},
    "POST /settings/compliance/rules": {
        "jurisdiction": "ME", "kind": "hours", "channel": "sms", "value": {"start": "09:00", "end": "20:00"},
        "citation": "x", "valid_from": "2026-11-02",
    },
}  # fmt: skip
"""Bodies that are taken, where the description alone makes none: what lies behind the first checks is tried too."""


class Attack:
    """Sends, and notes what broke."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.count, self.broken = shop, 0, list[str]()

    async def send(self, method: str, path: str, about: str, **options: Any) -> None:
        self.count += 1
        answer = await self.shop.client.call(method, path, **options)
        if answer.status_code >= 500 and answer.status_code != 503:
            self.broken.append(f"{about}: {str(options)[:300]}")
        elif answer.status_code >= 400:
            is_problem(answer, answer.status_code, answer.json()["code"])

    def fresh(self, body: dict[str, Any]) -> dict[str, Any]:
        """The same with another name and address, of which there may be one each."""
        own = {"name": f"Thing {self.count}", "order_id": f"A-{self.count}"}
        if "name" in body:
            own["email"] = f"ann{self.count}@example.com"
        return {name: own.get(name, value) for name, value in body.items()}

    async def body(self, method: str, path: str, about: str, body: Any) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.send(method, path, about, content=content, headers={"Content-Type": "application/json"})


async def attack_parameters(attack: Attack, spec: Spec, method: str, template: str, operation: dict[str, Any]) -> None:
    about, path = f"{method} {template}", await attack.shop.fill(template)
    parameters = operation.get("parameters", ())
    query = {item["name"]: item.get("schema", {}) for item in parameters if item["in"] == "query"}
    for name, schema in query.items():
        most = EACH * 6 if name == "cursor" else EACH
        for value in drawn(spec.hostile(name, schema), f"{about}?{name}", most):
            given = {name: sendable(value)}
            if name == "cursor" and "sort" in query:
                given["sort"] = random.Random(f"{about}{value}").choice(SORTS)
            await attack.send(method, path, f"{about}?{name}", params=given)
    for item in parameters:
        if item["in"] == "path":
            for value in drawn([*IDS, *TEXTS[5:], *NUMBERS[2:6]], f"{about}/{item['name']}", EACH):
                there = template.replace("{" + item["name"] + "}", quote(sendable(value), safe="") or "x")
                await attack.send(method, await attack.shop.fill(there), about)


async def attack_body(attack: Attack, spec: Spec, method: str, template: str, operation: dict[str, Any]) -> None:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return
    short = f"{method} {template.removeprefix('/api/v1')}"
    about, path = f"{method} {template}", await attack.shop.fill(template)
    schema = content["application/json"]["schema"]
    if is_many := spec.shape(schema).get("type") == "array":  # of rows, each of which is told for itself
        schema = spec.shape(schema)["items"]

    def of_rows(body: Any) -> Any:
        return [body] if is_many else body

    base = GOOD.get(short) or spec.sample(schema, least=True)
    await attack.body(method, path, about, of_rows(attack.fresh(base)))
    for value in drawn(WRONG, about, EACH):
        await attack.body(method, path, about, value)
        await attack.body(method, path, about, of_rows(value))
    depth = random.Random(about).choice(DEPTHS)
    await attack.body(method, path, f"{about} deep", b'{"a":' * depth + b"1" + b"}" * depth)
    for name, of in spec.shape(schema).get("properties", {}).items():
        part = base.get(name, spec.sample(of))
        for place, inner in [([], of), *places(part, of, spec)]:
            where = f"{about} {'.'.join(map(str, [name, *place]))}"
            for value in drawn(spec.hostile(str([name, *place][-1]), inner), where, EACH):
                changed = {name: replaced(part, place, value)}
                whole = changed if method == "PATCH" and short not in GOOD else {**attack.fresh(base), **changed}
                await attack.body(method, path, where, of_rows(whole))


async def test_no_value_of_anything_breaks_a_route(shop: Shop) -> None:
    spec = Spec((await shop.client.get("/openapi.json")).json())
    attack = Attack(shop)
    for method, template, operation in spec.operations():
        if not template.endswith(("/auth/logout", "/auth/register")):
            await attack_parameters(attack, spec, method, template, operation)
            await attack_body(attack, spec, method, template, operation)
    assert attack.count > 500
    assert not attack.broken, f"{len(attack.broken)} of {attack.count}:\n" + "\n".join(attack.broken[:200])


async def test_what_a_route_does_not_know_is_told(shop: Shop) -> None:
    spec = Spec((await shop.client.get("/openapi.json")).json())
    for method, template, _ in spec.operations():
        if "/webhooks/" in template:
            continue
        path = await shop.fill(template)
        json = {} if method in {"POST", "PATCH"} else None
        answer = await shop.client.call(method, path, params={"serach": "whisky"}, json=json)
        if answer.status_code not in {401, 403}:
            assert answer.status_code == 422, f"{method} {template}: {answer.text[:200]}"


@pytest.mark.parametrize("path", ["/session/login", "/session/logout", "/session/first-admin"])
async def test_so_are_the_browsers_forms(shop: Shop, path: str) -> None:
    form = {"email": "a@example.com", "password": "correct horse battery", "setup_code": "x"}
    answer = await shop.client.post(path, params={"next": "/customers"}, data=form)
    is_problem(answer, 422, "invalid", "next")


async def test_a_verb_is_no_id(shop: Shop) -> None:
    spec = Spec((await shop.client.get("/openapi.json")).json())
    literal: dict[str, set[str]] = {}
    for method, template, _ in spec.operations():
        if "{" not in template:
            literal.setdefault(template, set()).add(method)
    for path, methods in literal.items():
        for method in {"GET", "PATCH", "DELETE", "POST", "PUT"} - methods:
            answer = await shop.client.call(method, path)
            is_problem(answer, 405, "method_not_allowed")
            assert answer.headers["allow"] == ", ".join(sorted(methods)), path


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/customers", {"name": "Ann", "email": "ann@example.com"}, "email"),
        ("/auth/register", {"email": "eve@example.com", "password": "correct horse battery"}, "email"),
        ("/settings/templates", GOOD["POST /settings/templates"], None),
        ("/segments", GOOD["POST /segments"], None),
        ("/suppressions", {"channel": "email", "address": "ann@example.com"}, None),
        ("/coupon-pools", {"name": "Pool", "discount_pct": 10, "is_standing": True}, None),
    ],
)
async def test_of_those_who_are_as_fast_one_is_told(shop: Shop, path: str, body: Any, field: str | None) -> None:
    answers = await asyncio.gather(*(shop.client.post(path, json=body) for _ in range(8)))
    codes = [answer.status_code for answer in answers]
    assert all(code < 500 for code in codes), [answer.text for answer in answers]
    for answer in answers:
        if answer.status_code == 409 and field:
            is_problem(answer, 409, "rule.taken", field)
    if field:
        assert codes.count(201) == 1, codes


KINDS = (str, int, float, UUID, datetime, date, Decimal)


@pytest.mark.parametrize("kinds", list(itertools.product(KINDS, repeat=2)), ids=str)
def test_the_cursor_of_another_list_is_told(kinds: tuple[type, type]) -> None:
    """Whatever is in a cursor comes out as what was asked for, or is told to be malformed."""
    taken = 0
    for cursor in CURSORS:
        with contextlib.suppress(Invalid):
            found = decode_cursor(cursor, *kinds)
            assert all(value is None or isinstance(value, kind) for value, kind in zip(found, kinds, strict=True))
            taken += 1
    assert taken < len(CURSORS)

"""Whoever changes or removes a thing may name the version they read: every PATCH and DELETE takes `If-Match`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.catalog.product_write import write_products
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from tests.api.client import Client, is_problem
from tests.api.test_passkeys import added, our_device
from tests.factories import product
from tests.people import add_customer
from tests.security.test_generated import GOOD, NOBODY, Shop, Spec, shop

__all__ = ["shop"]

pytestmark = pytest.mark.integration

STALE = '"0000"'
VERBS = ("PATCH", "DELETE")


def changing(spec: Spec) -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield from (one for one in spec.operations() if one[0] in VERBS)


async def test_every_one_of_them_has_a_version_that_can_be_read(shop: Shop) -> None:
    spec = Spec((await shop.client.get("/openapi.json")).json())
    readable = {path for method, path, _ in spec.operations() if method == "GET"}
    found = list(changing(spec))
    assert len(found) > 25
    assert [f"{method} {path}" for method, path, _ in found if path not in readable] == []


async def _each_thing(client: Client) -> dict[str, str]:
    """One of each thing that `Shop` does not make, by the path it is listed at."""
    made = {}
    async with transaction() as session:
        await session.execute(
            text("INSERT INTO drop_sources (name, folder, kind) VALUES ('Till', 'till', 'customers')")
        )
        await session.execute(
            text("INSERT INTO imports (kind, file_name, file_key) VALUES ('customers', 'a.csv', 'a.upload')")
        )
        await write_products(session, [product(1, "RYE-1", None)], source="a.csv", at=now())
    cell = {"segment": "at_risk", "offer": "Favourite category", "channel": "email"}
    for path, body in (
        ("/api-keys", {"name": "Till"}),
        ("/users", {"email": "new@example.com"}),
        ("/custom-fields", {"label": "Grape", "kind": "text"}),
        ("/coupon-pools", {"name": "Ten", "discount_pct": 10, "is_standing": False}),
        ("/webhook-endpoints", {"url": "https://hooks.example.com/x", "events": ["customer.created"]}),
        ("/analytics/learning/rules", {"effect": "forbid", **cell, "reason": "Sold out"}),
        ("/saved-views", {"list": "customers", "name": "Mine", "query": {"sort": "name"}}),
        ("/segments", GOOD["POST /segments"]),
        ("/campaigns", GOOD["POST /campaigns"]),
    ):  # fmt: skip
        answer = await client.post(path, json=body)
        if answer.status_code == 201:
            told = answer.json()
            made[f"/api/v1{path}"] = str(told.get("key") if path == "/custom-fields" else told.get("id", ""))
    tested = f"/campaigns/{made['/api/v1/campaigns']}/ab-test"
    given = {"name": "Subjects", "topic": "subject", "channel": "email", "measure": "clicked", "given": ["Still here"]}
    assert (await client.call("PUT", tested, json=given)).status_code == 200
    for path, inner in (("/api-keys", "id"), ("/users", "id"), ("/webhook-endpoints", "id")):
        items = (await client.get(path)).json()["items"]
        made[f"/api/v1{path}"] = str(next(one for one in items if one.get("email") != "admin@example.com")[inner])
    made["/api/v1/users/me/passkeys"] = (await added(client, our_device()))["id"]
    brands = (await client.get("/settings/brands")).json()
    made |= dict.fromkeys(("/api/v1/settings/brands", "/api/v1/settings/sign-up"), brands[0]["id"])
    return {path: value for path, value in made.items() if value}


async def test_a_stale_version_is_refused_by_each(shop: Shop) -> None:
    """Of a thing that is there; nothing of it is changed."""
    spec = Spec((await shop.client.get("/openapi.json")).json())
    shop.known |= await _each_thing(shop.client)
    refused, missing = [], []
    for method, template, operation in changing(spec):
        path = await shop.fill(template)
        read = await shop.client.get(path)
        if read.status_code != 200:
            missing.append(f"{method} {template}")
            continue
        name = f"{method} {template.removeprefix('/api/v1')}"
        tag = read.headers.get("etag")
        assert tag, f"GET {template} tells no version"
        assert (await shop.client.get(path)).headers["etag"] == tag, "reading changes no version"
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        params = {"customer_id": NOBODY} if template.endswith("/interests") else {}
        body = GOOD.get(name) or spec.sample(content["schema"], least=True) if content else None
        how = {"params": params, **({} if body is None else {"json": body})}
        for stale in (STALE, f"W/{tag}", f"{STALE}, W/{tag}"):
            answer = await shop.client.call(method, path, headers={"If-Match": stale}, **how)
            is_problem(answer, 412, "precondition_failed")
        assert (await shop.client.get(path)).headers["etag"] == tag, f"{name} changed something"
        refused.append(name)
    assert not missing, "make one, so that it is tried: see _each_thing"
    assert len(refused) > 25


async def test_the_present_version_is_taken(admin: Client) -> None:
    made = await admin.post("/segments", json=GOOD["POST /segments"])
    path = f"/segments/{made.json()['id']}"
    tag = (await admin.get(path)).headers["etag"]
    renamed = await admin.patch(path, json={"name": "Other"}, headers={"If-Match": f"{STALE}, {tag}"})
    assert renamed.status_code == 200, renamed.text
    is_problem(await admin.delete(path, headers={"If-Match": tag}), 412, "precondition_failed")
    assert (await admin.delete(path, headers={"If-Match": renamed.headers["etag"]})).status_code == 204
    again = await admin.delete(path, headers={"If-Match": "*"})
    is_problem(again, 404, "not_found")


async def test_a_session_has_a_version_too(anybody: Client, admin: Client) -> None:
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO browser_sessions (user_id, token_hash, expires_at)"
                " SELECT id, 'x', now() + interval '1 day' FROM users WHERE role = :role"
            ),
            {"role": Role.ADMIN.value},
        )
    items = (await admin.get("/users/me/sessions")).json()["items"]
    row = next(one for one in items if one["kind"] == "browser")
    path = f"/users/me/sessions/{row['id']}"
    tag = (await admin.get(path)).headers["etag"]
    is_problem(await admin.delete(path, headers={"If-Match": STALE}), 412, "precondition_failed")
    assert (await admin.delete(path, headers={"If-Match": tag})).status_code == 204
    is_problem(await admin.get(path), 404, "not_found")


async def test_of_two_who_read_the_same_one_is_refused(admin: Client) -> None:
    async with transaction() as session:
        customer = await add_customer(session)
    made = await admin.post("/coupon-pools", json={"name": "Ten", "discount_pct": 10, "is_standing": False})
    for path, bodies in (
        (f"/customers/{customer}/labels", [{"tags": [f"t{n}"]} for n in range(6)]),
        (f"/coupon-pools/{made.json()['id']}", [{"name": f"Pool {n}"} for n in range(6)]),
        (f"/customers/{customer}", [{"name": f"Name {n}"} for n in range(6)]),
    ):
        tag = (await admin.get(path)).headers["etag"]
        answers = await asyncio.gather(*(admin.patch(path, json=one, headers={"If-Match": tag}) for one in bodies))
        assert sorted(one.status_code for one in answers) == [200, 412, 412, 412, 412, 412], path


async def test_what_a_thing_was_used_for_makes_no_other_version(admin: Client, anybody: Client) -> None:
    secret = (await admin.post("/api-keys", json={"name": "Till"})).json()["key"]
    (row,) = (await admin.get("/api-keys")).json()["items"]
    path = f"/api-keys/{row['id']}"
    tag = (await admin.get(path)).headers["etag"]
    assert (await Client(anybody.http, {"X-API-Key": secret}).get("/segments")).status_code == 200
    read = await admin.get(path)
    assert (read.json()["used_this_month"], read.headers["etag"]) == (1, tag)

"""`?fields=…`: an answer of what was asked for alone, of every list and every single thing."""

from __future__ import annotations

import pytest

from tests.api.client import Client, is_problem
from tests.security.test_generated import Shop, Spec, shop

__all__ = ["shop"]

pytestmark = pytest.mark.integration


async def test_every_list_and_every_thing_takes_fields(shop: Shop) -> None:
    spec = Spec((await shop.client.get("/openapi.json")).json())
    lists = things = 0
    for method, template, operation in spec.operations():
        if "fields" not in {one["name"] for one in operation.get("parameters", ())}:
            continue
        assert method == "GET"
        path = await shop.fill(template)
        told = is_problem(await shop.client.get(path, params={"fields": "no_such"}), 422, "invalid", "fields")
        names = told["detail"].partition("there are ")[2].split(", ")
        few = names[:2]
        answer = await shop.client.get(path, params={"fields": ",".join(few)})
        whole = await shop.client.get(path)
        assert answer.status_code == whole.status_code
        if answer.status_code != 200:
            continue
        body, all_of_it = answer.json(), whole.json()
        assert "content-encoding" in answer.headers or int(answer.headers["content-length"]) == len(answer.content)
        if "next_cursor" in all_of_it:
            lists += 1
            assert {**body, "items": 0} == {**all_of_it, "items": 0}
            for item, full in zip(body["items"], all_of_it["items"], strict=True):
                assert set(full) == set(names)
                assert item == {name: full[name] for name in few}
        else:
            things += 1
            assert set(all_of_it) == set(names)
            assert body == {name: all_of_it[name] for name in few}
            assert answer.headers.get("etag") == whole.headers.get("etag")
    assert lists > 20
    assert things > 5


async def test_every_list_offers_it(shop: Shop) -> None:
    spec = Spec((await shop.client.get("/openapi.json")).json())
    for method, template, operation in spec.operations():
        if method != "GET" or template.endswith("/export"):
            continue
        shape = operation["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
        offered = "fields" in {one["name"] for one in operation.get("parameters", ())}
        if {"items", "next_cursor"} <= spec.shape(shape).get("properties", {}).keys():
            assert offered, template


async def test_what_is_not_there_is_told_as_ever(viewer: Client) -> None:
    answer = await viewer.get("/customers/018f0000-0000-7000-8000-000000000000?fields=id")
    is_problem(answer, 404, "not_found")
    empty = await viewer.get("/customers?fields=")
    assert empty.json()["items"] == []

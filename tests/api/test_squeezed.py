"""Answers by gzip: for programs, and not for what another site may ask a browser for."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from liquor_app.core.db import transaction
from tests.api.client import Client
from tests.people import add_customer

pytestmark = pytest.mark.integration
PLAIN = {"Accept-Encoding": "identity"}
BY_GZIP = {"Accept-Encoding": "gzip"}


async def people() -> None:
    async with transaction() as session:
        for _ in range(20):
            await add_customer(session)


async def raw(client: Client, path: str, headers: dict[str, str]) -> tuple[Any, bytes]:
    """An answer, and its body as it came over the wire."""
    told = client.headers | headers
    async with client.http.stream("GET", f"/api/v1{path}", headers=told) as answer:
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


@pytest.mark.parametrize("path", ["/customers?limit=50", "/customers/export"])
async def test_a_long_answer_is_the_same_by_gzip(manager: Client, path: str) -> None:
    await people()
    plain, whole = await raw(manager, path, PLAIN)
    answer, body = await raw(manager, path, BY_GZIP)
    assert (answer.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert gzip.decompress(body) == whole
    assert len(body) * 3 < len(whole)
    assert "accept-encoding" in answer.headers["vary"].lower()


async def test_fewer_fields_are_squeezed_too(manager: Client) -> None:
    await people()
    answer, body = await raw(manager, "/customers?limit=50&fields=id,email,name,created_at", BY_GZIP)
    assert len(json.loads(gzip.decompress(body))["items"]) == 20
    assert answer.headers["content-encoding"] == "gzip"


async def test_what_a_cookie_alone_brings_is_not(anybody: Client) -> None:
    """Another site's page can have it asked for with words of its choice, and read its length."""
    found = await anybody.get("/nothing/there", headers=BY_GZIP | {"Cookie": "liquor_session=x"})
    assert "content-encoding" not in found.headers
    answer = await anybody.get("/openapi.json", headers=BY_GZIP | {"Cookie": "liquor_session=x"})
    assert "content-encoding" not in answer.headers
    assert (await anybody.get("/openapi.json", headers=BY_GZIP)).headers["content-encoding"] == "gzip"

"""Open tabs that show somebody who is erased lose what they hold of them, and load anew; Redis is really searched."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any
from uuid import UUID

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import redis
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job
from liquor_app.customers.erasing.models import Ground
from liquor_app.privacy.erase import request_erasure
from tests.api.client import Client
from tests.people import add_customer
from tests.privacy.planted import found_in_redis, run_jobs
from tests.security.conftest import admin, anybody, http, manager, password_hash, viewer, wire
from tests.security.test_streams import opened
from tests.security.wire import Wire

__all__ = ["admin", "anybody", "http", "manager", "password_hash", "viewer", "wire"]
pytestmark = pytest.mark.integration
MARKER = "zora quillmark"


@pytest.mark.parametrize("kind", ["string", "pickle", "hash", "list", "set", "zset", "stream", "key"])
async def test_a_planted_marker_is_found_in_redis(database: str, kind: str) -> None:
    """Long and alike, as states are: a DUMP of it is compressed, and showed none of it."""
    client, key, long = redis.client(), "liquor:planted", f"{'row of the page ' * 40}Zora Quillmark {'more ' * 40}"
    plant: dict[str, Any] = {
        "string": lambda: client.set(key, long),
        "pickle": lambda: client.set(key, pickle.dumps([{"name": "Zora Quillmark", "rows": [long] * 3}])),
        "hash": lambda: client.hset(key, "of", long),
        "list": lambda: client.rpush(key, "x", long),
        "set": lambda: client.sadd(key, "x", long),
        "zset": lambda: client.zadd(key, {long: 1}),
        "stream": lambda: client.xadd(key, {"of": long}),
        "key": lambda: client.set(f"{key}:Zora Quillmark", "x"),
    }
    await plant[kind]()
    try:
        assert await found_in_redis(MARKER) != []
    finally:
        await client.delete(key, f"{key}:Zora Quillmark")
    assert await found_in_redis(MARKER) == []


async def erase(customer: UUID) -> None:
    async with transaction() as session:
        await request_erasure(session, SYSTEM, customer, ground=Ground.ASKED, confirmed=True)
    await run_jobs(Job.ERASE_PERSON)


async def test_tabs_that_show_them_lose_it_and_load_anew(wire: Wire, anybody: Client) -> None:
    async with transaction() as session:
        shown = await add_customer(session, name="Zora Quillmark", email="zora@example.com")
        other = await add_customer(session, name="Nell Neighbour", email="nell@example.com")
    theirs, _, _ = await opened(wire, f"/customers/{shown}")
    elsewhere, _, _ = await opened(wire, f"/customers/{other}", Role.ADMIN)
    await theirs.until("Zora Quillmark")
    await elsewhere.until("Nell Neighbour")
    async with asyncio.timeout(10):  # the states of both pages are where they are looked for
        while not (  # noqa: ASYNC110
            await found_in_redis(MARKER) and await found_in_redis("nell neighbour")
        ):
            await asyncio.sleep(0.1)
    heard, since = len(theirs.heard), len(elsewhere.heard)
    await erase(shown)
    await theirs.until("location.reload", since=heard)
    assert await found_in_redis(MARKER, "zora@example.com") == []
    assert "location.reload" not in elsewhere.text(since)
    assert await found_in_redis("nell neighbour") != [], "others keep theirs"

"""Every operation does what the OpenAPI document says of it: whatever has the shape that is told is taken or refused by
a rule that is named, whatever has not is refused, and each answer is one that is told."""

from __future__ import annotations

import asyncio
import copy
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from zlib import crc32

import httpx
import pytest
from sqlalchemy import text

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.platform.child_process import free_port
from tests.api import faulty_api
from tests.api.client import whole_api
from tests.api.openapi_run import CHECKS, RULES, Depth, Told, run
from tests.conftest import Engines
from tests.security.test_generated import Shop, shop

__all__ = ["shop"]
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("openapi run")]
QUICK = Depth(examples=1, paths=2, coverage=False)
BOUNDS = Depth(examples=0, paths=0, coverage=True)
WHOLE = Depth(examples=20, paths=60, coverage=True)
SHARE = 24
"""Of so many operations one has every bound of its fields tried with each landing; with `make schemathesis` all."""


class Served(NamedTuple):
    """The product's API under a real web server, the headers of its admin, and that admin's key."""

    base_url: str
    headers: dict[str, str]
    spared: frozenset[str]

    async def run(self, depth: Depth, only: Callable[[str], bool] | None = None, document: Any = None) -> Told:
        return await asyncio.to_thread(
            run, self.base_url, document or whole_api().openapi(), self.headers, depth, spared=self.spared, only=only
        )


@asynccontextmanager
async def serving(factory: str) -> AsyncIterator[Served]:
    async with transaction() as session:
        secret = await create_api_key(session, SYSTEM, name="run", role=Role.ADMIN, per_minute=60_000)
        keys = await session.execute(text("SELECT id FROM api_keys"))
        spared = frozenset(str(one) for one in keys.scalars())
    port = free_port()
    argv = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(port)]
    argv += ["--log-level", "critical", "--workers-kill-timeout", "1s", factory]
    process = subprocess.Popen(argv, cwd=PROJECT_ROOT, env=dict(os.environ), stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    try:
        async with httpx.AsyncClient() as client:
            for _ in range(600):
                try:
                    await client.get(f"http://127.0.0.1:{port}/api/v1/health/live")
                    break
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
        yield Served(f"http://127.0.0.1:{port}", {"X-API-Key": secret}, spared)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
async def served(shop: Shop, engines: Engines) -> AsyncIterator[Served]:
    async with serving("tests.api.client:whole_api") as served:
        yield served


def nothing_found(told: Told) -> None:
    assert told.findings == {}, "\n".join(told.lines())
    assert told.errors == []


async def test_calls_drawn_of_every_operation(served: Served) -> None:
    told = await served.run(QUICK)
    nothing_found(told)
    assert told.calls["fuzzing"] > 250
    assert told.calls["stateful"] > 5
    assert told.statuses[200] > 40
    assert told.statuses[401] > 100  # who is nobody, tried at what was answered
    bounds = await served.run(BOUNDS, lambda label: crc32(label.encode()) % SHARE == 0)
    nothing_found(bounds)
    assert bounds.calls["coverage"] > 200


@pytest.mark.proof
async def test_all_of_it(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    told = await served.run(WHOLE)
    with capsys.disabled():
        print("", *told.lines(), sep="\n")
    nothing_found(told)
    async with httpx.AsyncClient(headers=served.headers) as client:  # nothing was tried in vain
        assert (await client.get(f"{served.base_url}/api/v1/api-keys")).status_code == 200


def _without_422(operation: dict[str, Any]) -> None:
    del operation["responses"]["422"]


def _as_text(operation: dict[str, Any]) -> None:
    content = operation["responses"]["200"]["content"]
    content["text/plain"] = content.pop("application/json")


def _other_shape(operation: dict[str, Any]) -> None:
    operation["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "array"}


def _limit(most: int) -> Callable[[dict[str, Any]], None]:
    def change(operation: dict[str, Any]) -> None:
        next(one for one in operation["parameters"] if one["name"] == "limit")["schema"]["maximum"] = most

    return change


def _secured(operation: dict[str, Any]) -> None:
    operation["security"] = [{"key": []}]


def _without_rules(operation: dict[str, Any]) -> None:
    operation["x-rules"] = []


WRONG: list[tuple[str, str, Callable[[dict[str, Any]], None]]] = [
    ("status_code_conformance", "GET /api/v1/segments", _without_422),
    ("content_type_conformance", "GET /api/v1/segments", _as_text),
    ("response_schema_conformance", "GET /api/v1/segments", _other_shape),
    ("negative_data_rejection", "GET /api/v1/segments", _limit(50)),
    ("positive_data_acceptance", "GET /api/v1/segments", _limit(5_000)),
    ("ignored_auth", "GET /api/v1/health/live", _secured),
    (RULES, "GET /api/v1/segments", _without_rules),
]


OF_POOLS = {f"POST {faulty_api.KEEPS[:-1]}", f"GET {faulty_api.KEEPS}{{id}}", f"DELETE {faulty_api.KEEPS}{{id}}"}
FAULTY: list[tuple[str, Depth, Callable[[str], bool]]] = [
    ("not_a_server_error", BOUNDS, lambda label: label == f"GET {faulty_api.BREAKS}"),
    ("unsupported_method", BOUNDS, lambda label: label == f"GET {faulty_api.TAKES_ALL}"),
    ("allow_header_conformance", BOUNDS, lambda label: label == f"GET {faulty_api.BOASTS}"),
    ("use_after_free", Depth(examples=1, paths=80, coverage=False), lambda label: label in OF_POOLS),
]


@pytest.mark.proof
async def test_what_is_done_wrongly_is_found(shop: Shop, engines: Engines) -> None:
    """Planted: the API does something else than its document says."""
    async with serving("tests.api.faulty_api:faulty_api") as served:
        for check, depth, only in FAULTY:
            told = await served.run(depth, only)
            assert told.by_check()[check] > 0, "\n".join([check, *told.lines()])


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert {check for check, *_ in (*WRONG, *FAULTY)} == {*CHECKS, RULES}


@pytest.mark.proof
async def test_what_is_told_wrongly_is_found(served: Served) -> None:
    """Planted: the document says something else of an operation than it does."""
    for check, label, change in WRONG:
        document = copy.deepcopy(whole_api().openapi())
        method, _, path = label.partition(" ")
        change(document["paths"][path][method.lower()])
        told = await served.run(BOUNDS, lambda one, label=label: one == label, document)
        assert told.by_check()[check] > 0, "\n".join([check, *told.lines()])

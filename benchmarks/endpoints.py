"""The ten endpoints that pages and programs ask most, at the size of the sample, by sixteen clients at once: ours
beside an older clone's, turn by turn, each a whole product of its own; with a key that may ask as often as any key may,
so that what is measured is not how the limit answers.

    python -m benchmarks endpoints --set before=/path/to/an/older/clone
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks._clone import engines_folder, roots
from liquor_app.accounts.key_usage import MOST_PER_MINUTE, MOST_PER_MONTH
from liquor_app.core.platform.child_process import free_port
from tests.e2e.conftest import EMAIL, PASSWORD, start, wait_until_ready
from tests.processes import end

ENDPOINTS = {
    "customers": "/customers?limit=50&sort=-clv_score",
    "customers searched": "/customers?limit=50&search=smith",
    "customer": "/customers/{customer}",
    "history": "/customers/{customer}/history?limit=50",
    "segments": "/segments",
    "campaigns": "/campaigns?limit=50",
    "campaign": "/campaigns/{campaign}",
    "actions": "/actions?campaign_id={campaign}&limit=50",
    "sends": "/sends?limit=50",
    "dashboard": "/analytics/dashboard",
}


@dataclass(frozen=True, slots=True)
class _Shop:
    http: httpx.AsyncClient
    names: dict[str, str]

    async def seconds(self, path: str) -> float:
        began = time.perf_counter()
        answer = await self.http.get(path.format(**self.names))
        took = time.perf_counter() - began
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:200])
        return took


async def run(clients: int = 16, each: int = 20, rounds: int = 2, before: str = "") -> AsyncIterator[dict[str, Any]]:
    """A line an endpoint: p50 and p95 in milliseconds, of each side.

    Args:
        each: requests of a client, an endpoint and a round.
        before: the root of an older clone, absolute (its `.venv` may be ours); left out without one.
    """
    folder = engines_folder("liquor-endpoints-")
    processes, shops = [], {}
    try:
        for name, root in roots(before).items():
            port = free_port()
            process, log = start(folder / name, port, root=root)
            processes.append(process)
            await asyncio.to_thread(wait_until_ready, process, f"http://127.0.0.1:{port}", log)
            shops[name] = await _opened(f"http://127.0.0.1:{port}/api/v1", clients)
        for what, path in ENDPOINTS.items():
            took: dict[str, list[float]] = {name: [] for name in shops}
            for turn in range(rounds + 1):
                for name in sorted(shops, reverse=bool(turn % 2)):
                    found = await asyncio.gather(*(_asks(shops[name], path, each) for _ in range(clients)))
                    if turn:  # the first warms up
                        took[name] += [one for some in found for one in some]
            yield {
                "bench": "endpoints", "endpoint": what, "clients": clients, "requests": clients * each * rounds,
                **{name: _figures(seconds) for name, seconds in took.items()},
            }  # fmt: skip
        for shop in shops.values():
            await shop.http.aclose()
    finally:
        for process in processes:
            end(process)
        shutil.rmtree(folder, ignore_errors=True)


async def _opened(url: str, clients: int) -> _Shop:
    http = httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(max_connections=clients))
    answer = await http.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
    asked = {"name": "endpoints", "role": "admin", "per_minute": MOST_PER_MINUTE, "per_month": MOST_PER_MONTH}
    key = (await http.post("/api-keys", json=asked)).raise_for_status().json()
    del http.headers["Authorization"]
    http.headers["X-API-Key"] = key["key"]
    first = {}
    for name, path in (("customer", "/customers?limit=1"), ("campaign", "/campaigns?limit=1")):
        first[name] = (await http.get(path)).raise_for_status().json()["items"][0]["id"]
    return _Shop(http, first)


async def _asks(shop: _Shop, path: str, times: int) -> list[float]:
    return [await shop.seconds(path) for _ in range(times)]


def _figures(seconds: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(seconds, n=20, method="inclusive")
    return {"p50_ms": round(1000 * statistics.median(seconds), 1), "p95_ms": round(1000 * cut[-1], 1)}

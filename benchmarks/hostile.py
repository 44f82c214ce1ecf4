"""Signing in while nothing happens, and under every attack at once, side by side in one run."""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
from collections.abc import AsyncIterator
from typing import Any

from benchmarks._clone import engines_folder
from liquor_app.core.platform.child_process import free_port
from tests.e2e.conftest import EMAIL, PASSWORD, start, wait_until_ready
from tests.processes import end
from tests.security.siege import Regular, prepare, read_ledger, under, week_is_over

GOAL_RATIO, GOAL_SECONDS = 5.0, 1.0


async def run(sign_ins: int = 40) -> AsyncIterator[dict[str, Any]]:
    """Sign-in of somebody known, idle and besieged: seconds until the page stands open (p50, p95), the ratio, what
    attackers were answered, whether a campaign that ran meanwhile is whole.

    Args:
        sign_ins: measured in each of the two halves.
    """
    folder = engines_folder("liquor-hostile-")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process, log = start(folder / "shop", port, LIQUOR_TRUSTED_PROXIES="127.0.0.1")
    try:
        await asyncio.to_thread(wait_until_ready, process, url, log)
        siege, campaign = await prepare(url, EMAIL, PASSWORD)
        regular = Regular(siege, EMAIL, PASSWORD)
        await regular.sign_in()
        idle = await _paced(regular, sign_ins)
        yield {"benchmark": "hostile", "phase": "idle", **_figures(idle)}
        async with under(siege):
            await asyncio.sleep(5)
            besieged = await _paced(regular, sign_ins)
        yield {"benchmark": "hostile", "phase": "besieged", **_figures(besieged)}
        await regular.aclose()
        await week_is_over(url, siege.admin, campaign)
        database = json.loads((folder / "shop" / "runtime.json").read_text())["database_url"]
        ledger = read_ledger(database, campaign)
        ratio = _p95(besieged) / _p95(idle)
        yield {
            "benchmark": "hostile",
            "phase": "compared",
            "p95_ratio": round(ratio, 2),
            "goal_ratio": GOAL_RATIO,
            "p95_s": round(_p95(besieged), 3),
            "goal_s": GOAL_SECONDS,
            "met": ratio <= GOAL_RATIO and _p95(besieged) < GOAL_SECONDS,
            "answers": {name: dict(sorted(seen.items())) for name, seen in siege.answers.items()},
            "faults": {name: dict(seen) for name, seen in siege.worst().items()},
            "ledger": {"planned": ledger.planned, "ended": ledger.ended, "whole": ledger.is_whole},
        }
    finally:
        end(process)
        shutil.rmtree(folder, ignore_errors=True)


async def _paced(regular: Regular, sign_ins: int) -> list[float]:
    """Seconds of each, a second apart: nobody signs in more often than the limits let a person."""
    seconds = []
    for _ in range(sign_ins):
        seconds.append(await regular.sign_in())
        await asyncio.sleep(1)
    return seconds


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def _figures(seconds: list[float]) -> dict[str, float]:
    return {
        "sign_ins": len(seconds),
        "p50_s": round(statistics.median(seconds), 3),
        "p95_s": round(_p95(seconds), 3),
        "worst_s": round(max(seconds), 3),
    }

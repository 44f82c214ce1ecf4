"""How long messages still reach a provider after somebody has pressed "Stop all sending", in the middle of several
campaigns and two workers; and that resuming sends the rest, each once. Counted where it matters: by the provider.

`last_after_s` is from the commit of the stop to the last call the provider saw; 0 means none came after it.
`stop_took_s` is from the press to that commit. `quiet_s` is how long the workers went on trying meanwhile.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from benchmarks.dispatch import configure, fill, processes
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.config import PROJECT_ROOT, get_settings
from liquor_app.core.db import transaction
from liquor_app.core.platform.child_process import Child, free_port
from liquor_app.sending.stop_all import resume_all_sending, stop_all_sending
from tests.factories import open_shop

CASES = (("single", "mailgun"), ("batch", "mailgun"), ("batch", "postmark"))


async def run(sends: int = 20_000, share: int = 25, workers: int = 2) -> AsyncIterator[dict[str, object]]:
    """A line for each way of sending; the stop comes when `share` percent have reached the provider."""
    async with transaction() as session:
        await open_shop(session)
    for mode, provider in CASES:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        log = get_settings().data_dir / "sink.log"
        sink = Child("sink", [sys.executable, "-m", "benchmarks._sink", str(port), "count"], log, cwd=PROJECT_ROOT)
        sink.start()
        try:
            await configure(provider, url)
            await fill(sends)
            told = await _case(mode, provider, url, sends=sends, share=share, workers=workers)
            yield {"bench": "stop", "mode": mode, "provider": provider, "sends": sends, "workers": workers, **told}
        finally:
            sink.stop(2)


async def _case(mode: str, provider: str, url: str, *, sends: int, share: int, workers: int) -> dict[str, Any]:
    arguments = ("ours", mode, provider, url, str(sends), "{}")
    pump = asyncio.create_task(processes(workers, *arguments))
    async with httpx.AsyncClient() as client:

        async def told() -> dict[str, Any]:
            return dict((await client.get(url + "/")).json())

        for _ in range(3_000):
            if (await told())["messages"] >= sends * share // 100:
                break
            await asyncio.sleep(0.02)
        pressed = time.time()
        async with transaction() as session:
            stopped = await stop_all_sending(session, SYSTEM)
        stopped_at = time.time()
        await pump
        held = await told()
        quiet = time.time() - stopped_at
        async with transaction() as session:
            await resume_all_sending(session, SYSTEM)
        await processes(workers, *arguments)
        done = await told()
    assert held["messages"] < sends, "the stop came when all was over"
    assert (done["messages"], done["most_of_one"]) == (sends, 1), done
    return {
        "campaigns": len(stopped.campaigns),
        "before_it_held": held["messages"],
        "stop_took_s": round(stopped_at - pressed, 3),
        "last_after_s": round(max(0.0, held["last"] - stopped_at), 3),
        "quiet_s": round(quiet, 1),
        "after_resuming": done["messages"],
        "most_of_one": done["most_of_one"],
    }
